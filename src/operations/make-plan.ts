import { configHash, policyHash } from '../config/config-hash.ts';
import { planAuthority } from '../config/plan-authority.ts';
import { planJudge } from '../config/plan-judge.ts';
import { planIdOf } from '../journal/plan-store.ts';
import type { Clock } from '../model/clock.ts';
import type { ApproverRole } from '../model/config/approval.ts';
import { type StrategySpec, strategySchema } from '../model/config/strategy.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Guided } from '../model/guidance.ts';
import { isOneWayMigration } from '../model/one-way.ts';
import type { Plan, PlanContent } from '../model/plan.ts';
import type { Answers } from '../model/plan-question.ts';
import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import type { Target, TargetState } from '../model/target.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { findStrategy } from '../strategies/list.ts';
import { planWayBack } from '../strategies/plan-way-back.ts';
import { accountName } from '../system/account-name.ts';
import { capabilitiesOf, lackNotes } from './capabilities.ts';
import { assertMetricsCompile } from './configured-sources.ts';
import { deadManHoldMs } from './dead-man-port.ts';
import { guidePlan } from './guided/guide-plan.ts';
import { type Place, stableOf } from './place.ts';
import { trustNotes } from './trust-notes.ts';

export type PlanRequest = {
  place: Place;
  revision: Revision;
  state: TargetState;
  /** Another strategy than the configured one, by kind. */
  strategy: string | undefined;
  /** What was asked for in words; of a way back only the reason. */
  guidance: string | null;
  /** The six questions' answers; null or absent when they were not asked. */
  answers?: Answers | null;
  /** Roles that an enrolled approver may fill; asked only where reviewers are named. */
  enrolledRoles?: readonly ApproverRole[];
  /** Runs of this revision that were begun here before. */
  attempt: number;
  requester: string;
  clock: Clock;
};

/** The plan for bringing a revision to users, made from what is configured and what the target says now. Throws STRATEGY_UNSUPPORTED. */
export function makePlan(request: PlanRequest): Plan {
  const { place, revision, state } = request;
  const stable = stableOf(state);
  if (stable?.id === revision.id)
    throw new DeployError('ALREADY_STABLE', { version: revision.version, environment: place.name });
  assertMetricsCompile(place, { baseline: stable, canary: revision }, request.clock);
  const { spec, finish } = guidePlan(chooseStrategy(place, request.strategy, stable), {
    place,
    wishes: { guidance: request.guidance, answers: request.answers ?? null },
    enrolledRoles: request.enrolledRoles ?? [],
    stable,
  });
  const { instances, drain } = place.spec.target;
  const capabilities = capabilitiesOf(place, state);
  const strategy = findStrategy(spec.kind);
  const result = strategy?.plan({
    spec,
    capabilities,
    revision,
    stable,
    instances,
    drainMs: drain,
  });
  if (result === undefined || !result.ok) {
    throw new DeployError('STRATEGY_UNSUPPORTED', {
      strategy: spec.kind,
      reasons: result?.reasons.join('; ') ?? 'it is not known',
      remedy: result?.remedy ?? '',
    });
  }
  const wayBack = planWayBack({
    candidate: revision,
    stable,
    instances,
    drainMs: drain,
    capabilities,
    replacesInstances: spec.kind === 'rolling',
  });
  const { judge, notes } = planJudge({ environment: place.name, spec: place.spec, stable, steps: result.steps });
  const guided = finish({ steps: result.steps, judge });
  return completePlan(request, {
    kind: 'rollout',
    strategy: spec.kind,
    stable,
    wayBack,
    ...guided,
    notes: [
      ...firstDeployNotes(stable),
      ...notes,
      ...lackNotes(capabilities, stable),
      ...(spec.kind !== place.spec.strategy.kind && request.strategy !== undefined
        ? [`strategy ${spec.kind} was asked for; the config has ${place.spec.strategy.kind}`]
        : []),
    ],
  });
}

type Parts = {
  kind: PlanContent['kind'];
  strategy: string;
  stable: Revision | null;
  steps: Step[];
  wayBack: Step[];
  judge: JudgeSettings;
  guided?: Guided;
  notes: string[];
};

/** Adds what every plan holds beside its steps, and its id. */
export function completePlan(
  { place, revision, state, guidance, attempt, requester, clock }: PlanRequest,
  parts: Parts,
): Plan {
  const { project, spec, name, approval, target } = place;
  const { notes, ...rest } = parts;
  const content: PlanContent = {
    schema: 1,
    projectId: project.projectId,
    service: project.config.service,
    environment: name,
    ...rest,
    revision,
    targetIdentity: target.identity,
    targetToken: state.token,
    instances: spec.target.instances,
    attempt,
    weights: Object.fromEntries(state.revisions.map((placed) => [placed.revision.id, placed.weightPercent])),
    migration: spec.migration,
    configHash: configHash(spec),
    policyHash: policyHash(name, spec, project.enrolled),
    guidance,
    deadMan: deadManOf(target, parts.stable, spec.migration),
    authority: planAuthority(spec),
  };
  const now = clock.now();
  const how = parts.kind === 'rollout' ? approval.how : 'none';
  return {
    planId: planIdOf(content),
    content,
    createdAtMs: now,
    expiresAtMs: now + approval.expiresMs,
    requester,
    account: accountName(),
    approval: how,
    notes: [
      ...notes,
      ...trustNotes(project.trust),
      ...migrationNotes(place),
      ...Object.entries(approval.approvers).map(([role, person]) => `${role}: ${person}`),
      ...(parts.kind === 'rollout' ? [approval.note] : ['a way back never needs approval']),
    ],
  };
}

function chooseStrategy(place: Place, asked: string | undefined, stable: Revision | null): StrategySpec {
  const configured = place.spec.strategy;
  if (asked === undefined) return stable === null ? directLike(configured) : configured;
  if (asked === configured.kind) return configured;
  if (asked === 'direct') return directLike(configured);
  const parsed = strategySchema.safeParse({ kind: asked });
  if (!parsed.success)
    throw new DeployError('STRATEGY_UNSUPPORTED', {
      strategy: asked,
      reasons: 'there is no such strategy',
      remedy: 'There is: direct, canary, blue-green, rolling.',
    });
  return parsed.data;
}

/** Direct, with the times that are configured for the last observation of another strategy. */
function directLike(configured: StrategySpec): StrategySpec {
  const { maxBake } = configured;
  switch (configured.kind) {
    case 'direct':
      return configured;
    case 'canary':
      return { kind: 'direct', bake: configured.steps.at(-1)?.bake ?? 0, maxBake };
    case 'blue-green':
      return { kind: 'direct', bake: configured.bake, maxBake };
    case 'rolling':
      return { kind: 'direct', bake: configured.finalBake, maxBake };
  }
}

function firstDeployNotes(stable: Revision | null): string[] {
  return stable === null
    ? [
        'nothing serves here yet: the strategy is direct, there is no baseline to compare with, and the way back is "down"',
      ]
    : [];
}

function migrationNotes(place: Place): string[] {
  const { migration } = place.spec;
  if (!isOneWayMigration(migration)) return [];
  return [
    `migration ${migration}: once users are on the candidate it cannot be rolled back by itself; on harm the run freezes and a person decides`,
  ];
}

/** What holds when nobody is left to act; said in the plan, so that a person approves it knowingly. */
function deadManOf(target: Target, stable: Revision | null, migration: PlanContent['migration']): string {
  const frozen = isOneWayMigration(migration);
  const back = stable === null ? 'takes the candidate down' : `returns users to ${stable.version}`;
  const watchdog = frozen
    ? 'the watchdog freezes the run as it is and a person decides'
    : `the watchdog ${back} within seconds`;
  return [
    `if the supervisor dies, ${watchdog}`,
    ...(target.deadMan === undefined ? [] : [`if that dies too, ${whenWatchdogDies(back, frozen)}`]),
    `if this machine dies, ${whenMachineDies(target.kind)}`,
    frozen
      ? 'it stays frozen until a person decides'
      : target.deadMan === undefined
        ? `the next \`seatrial status\` there ${back}`
        : `then the local host ${back}`,
  ].join('; ');
}

function whenWatchdogDies(back: string, frozen: boolean): string {
  const guard = 'its guard restarts it';
  if (frozen) return `the local host leaves users where they are (${guard})`;
  return `the local host ${back} within seconds, ${deadManHoldMs / 1000} s if both hang (${guard})`;
}

function whenMachineDies(targetKind: string): string {
  switch (targetKind) {
    case 'process':
      return 'so does the service, until `seatrial host up`';
    case 'haproxy':
      return 'so do its instances, until `seatrial host up`';
    default:
      return 'users stay where they are, a part of them on the candidate too, and nobody watches';
  }
}
