import { latencyMetrics } from '../../config/latency-metrics.ts';
import type { ApproverRole } from '../../model/config/approval.ts';
import type { StrategySpec } from '../../model/config/strategy.ts';
import { focusOf, type Guided, type Reviewer, reviewerRoles } from '../../model/guidance.ts';
import type { Revision } from '../../model/revision.ts';
import type { Step } from '../../model/step.ts';
import type { JudgeSettings } from '../../model/verdict.ts';
import { type ReadWishes, readWishes, type Wishes } from '../../model/wishes.ts';
import { applyPace, withPersonGate } from '../../strategies/guided-pace.ts';
import type { Place } from '../place.ts';

export type Guide = {
  /** The strategy with its watches as they were wished for. */
  spec: StrategySpec;
  /** Steps, limits and what is said of both, once the strategy has made its steps. */
  finish(made: { steps: Step[]; judge: JudgeSettings }): { steps: Step[]; judge: JudgeSettings; guided?: Guided };
};

export type GuideRequest = {
  place: Place;
  wishes: Wishes;
  /** Roles that an enrolled approver may fill. */
  enrolledRoles: readonly ApproverRole[];
  stable: Revision | null;
};

/** Times in which the triggers look back: a shorter watch would not see what they are about. */
const leastStepMs = 5 * 60_000;
/** Least time in which objectives are seen to be met after everybody has the release. */
const leastLastMs = 15 * 60_000;

/** How the wishes change the plan of a strategy; without wishes nothing is changed, and nothing is said. Pure. */
export function guidePlan(spec: StrategySpec, request: GuideRequest): Guide {
  const { place, wishes } = request;
  if (wishes.guidance === null && wishes.answers === null) return { spec, finish: (made) => made };
  const read = readWishes(wishes);
  const asked = read.foci.map(({ focus }) => focusOf(focus));
  const paced = applyPace(spec, {
    longer: asked.some(({ pace }) => pace === 'longer'),
    shorter: asked.some(({ pace }) => pace === 'shorter'),
    budgetMs: read.budgetMs,
    floors: floorsOf(place),
    instances: place.spec.target.instances,
  });
  return {
    spec: paced.spec,
    finish: ({ steps, judge }) => {
      const gated = read.personGate ? gate(steps) : { steps, changes: [] };
      const proven = asked.some(({ provesLatency }) => provesLatency)
        ? proveLatency(request, { steps, judge })
        : { judge, changes: [] };
      return {
        steps: gated.steps,
        judge: proven.judge,
        guided: {
          foci: read.foci,
          checks: read.checks,
          reviewers: reviewersOf(read, request),
          changes: [...paced.changes, ...proven.changes, ...gated.changes],
          reports: asked.map(({ title, report }) => `${title}: ${report}`),
          answers: read.answers,
        },
      };
    },
  };
}

function floorsOf({ spec, judge }: Place): { stepMs: number; lastMs: number } {
  // An event follows its opportunity by up to `lag`; a watch must be longer than that to see any.
  const lags = spec.business.map(({ lag }) => 2 * lag);
  const stepMs = Math.max(leastStepMs, judge.hardRules.restartsWindowMs, ...lags);
  return { stepMs, lastMs: Math.max(leastLastMs, stepMs) };
}

function gate(steps: readonly Step[]): { steps: Step[]; changes: string[] } {
  const { steps: gated, added } = withPersonGate(steps);
  return {
    steps: gated,
    changes: [
      added
        ? 'a person lets the run go on before all users get the release (first time)'
        : 'a person lets the run go on before all users get the release, as the strategy has it already',
    ],
  };
}

function proveLatency(
  { place, stable }: GuideRequest,
  { steps, judge }: { steps: readonly Step[]; judge: JudgeSettings },
): { judge: JudgeSettings; changes: string[] } {
  if (stable === null)
    return { judge, changes: ['latency cannot be proven on a first deploy: nothing serves yet, and nobody asks'] };
  const compared = steps.every((step) => step.kind !== 'bake' || step.weightPercent < 100);
  const metrics = latencyMetrics(place.spec, { compared });
  if (metrics.length === 0)
    return {
      judge,
      changes: ['LATENCY CANNOT BE PROVEN HERE; the check latency-judged stops and says what is missing'],
    };
  return {
    judge: { ...judge, mustPass: [...new Set([...judge.mustPass, ...metrics])] },
    changes: [`the weight rises only when ${metrics.join(', ')} is proven too`],
  };
}

function reviewersOf({ foci }: ReadWishes, request: GuideRequest): Guided['reviewers'] {
  const asked = foci.map(({ focus }) => focusOf(focus));
  const names = [...new Set(asked.flatMap(({ reviewers }) => reviewers))];
  return names.map((reviewer) => ({
    reviewer,
    role: reviewerRoles[reviewer],
    ...standingOf(reviewer, request),
    because: asked.filter(({ reviewers }) => reviewers.includes(reviewer)).map(({ title }) => title),
  }));
}

/** Only a signature tells who approved; and nobody can be waited for who is not enrolled. */
function standingOf(
  reviewer: Reviewer,
  { place, enrolledRoles }: GuideRequest,
): { who: string | null; required: boolean; reason: string } {
  const role = reviewerRoles[reviewer];
  const who = place.approval.approvers[role] ?? null;
  if (place.approval.how !== 'signature')
    return {
      who,
      required: false,
      reason: `named only: approval by ${place.approval.how} cannot tell who approves; approval.how: signature can`,
    };
  return enrolledRoles.includes(role)
    ? { who, required: true, reason: 'an approver of this role must sign' }
    : {
        who,
        required: false,
        reason: `named, nobody enrolled for this role: seatrial approvers add <name> --roles ${role}`,
      };
}
