import { preflightChecks } from '../checks/preflight/list.ts';
import { runChecks } from '../checks/run-checks.ts';
import type { CheckResult } from '../model/check.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { RunRecord } from '../model/run-record.ts';
import type { CardInput } from '../report/cards/card-input.ts';
import { renderDeploymentPlanCard } from '../report/cards/deployment-plan-card.ts';
import { renderGateCriteriaCard } from '../report/cards/gate-criteria-card.ts';
import { renderPreDeploymentChecklist } from '../report/cards/pre-deployment-checklist.ts';
import { renderRollbackPlanCard } from '../report/cards/rollback-plan-card.ts';
import { renderSloCard } from '../report/cards/slo-card.ts';
import { renderSmokeChecklist } from '../report/cards/smoke-checklist.ts';
import { renderUseCaseTestCard } from '../report/cards/use-case-test-card.ts';
import { gatherPreflight } from './gather-preflight.ts';
import { makePlan } from './make-plan.ts';
import { openPlace, type Place } from './place.ts';
import { openTrustedProject, type TrustedProject } from './project.ts';
import { findRun } from './project-memory.ts';
import { resolveRevision } from './resolve-revision.ts';
import { countAttempts } from './start-request.ts';

const cards = {
  'deployment-plan': renderDeploymentPlanCard,
  'rollback-plan': renderRollbackPlanCard,
  'slo-card': renderSloCard,
  'smoke-checklist': renderSmokeChecklist,
  'use-case-test': renderUseCaseTestCard,
  'gate-criteria': renderGateCriteriaCard,
  'pre-deployment-checklist': renderPreDeploymentChecklist,
} as const;
export type CardKind = keyof typeof cards;
export const cardKinds = [
  'deployment-plan',
  'rollback-plan',
  'slo-card',
  'smoke-checklist',
  'use-case-test',
  'gate-criteria',
  'pre-deployment-checklist',
] as const satisfies readonly CardKind[];

export type CardRequest = {
  kind: CardKind;
  environment: string | undefined;
  /** Of a plan that is made for the card and not kept; without it the card is of a run. */
  version: string | undefined;
  runId: string | undefined;
};

/** One card in Markdown, from the configuration and from a version or a run. */
export async function makeCard(request: CardRequest, context: OperationContext): Promise<string> {
  const { kind, version, environment } = request;
  const project = await openTrustedProject(context);
  const record = version === undefined ? await findRecord(project, request) : null;
  const place = openPlace(project, record?.plan.content.environment ?? environment);
  const head = { project: project.config.service, environment: place.name, spec: place.spec };
  if (version === undefined)
    return cards[kind]({ ...head, plan: record?.plan ?? null, checks: record?.preflight?.checks ?? null, record });
  const plan = await previewPlan(place, version, context);
  const checks = await askChecks(place, version, { kind, context });
  return cards[kind]({ ...head, plan, checks, record: null });
}

/** The run that was named, or the newest one; a project without runs still has cards. */
async function findRecord(project: TrustedProject, { runId, environment }: CardRequest): Promise<RunRecord | null> {
  return findRun(project, runId, environment).catch((thrown: unknown) => {
    if (thrown instanceof DeployError && thrown.code === 'RUN_NONE') return null;
    throw thrown;
  });
}

async function previewPlan(
  place: Place,
  version: string,
  { clock, signal, caller }: OperationContext,
): Promise<CardInput['plan']> {
  const revision = await resolveRevision(place, version);
  return makePlan({
    place,
    revision,
    state: await place.target.inspect(signal),
    strategy: undefined,
    guidance: null,
    attempt: await countAttempts(place.project, place.name, revision.id),
    requester: caller.name,
    clock,
  });
}

/** Cards that tick boxes ask the questions of pre-flight, which takes its time; the others do not. */
async function askChecks(
  place: Place,
  version: string,
  { kind, context: { clock, signal } }: { kind: CardKind; context: OperationContext },
): Promise<CheckResult[] | null> {
  const ticking: readonly CardKind[] = ['rollback-plan', 'gate-criteria', 'pre-deployment-checklist'];
  if (!ticking.includes(kind)) return null;
  const preflight = await gatherPreflight({ place, version, strategyKind: undefined, clock, signal, ownRunId: null });
  return runChecks(preflightChecks(place.spec), preflight, { signal });
}
