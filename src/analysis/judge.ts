import { DeployError } from '../model/deploy-error.ts';
import type { EventCounts, EventWindow, JudgedWindow } from '../model/judged-window.ts';
import type { ArmCounts, Comparison, JudgeSettings, Verdict } from '../model/verdict.ts';
import { addCounts } from './add-counts.ts';
import { noBadRatioSafety } from './bad-ratio-evidence.ts';
import { assessComparison } from './comparison-verdict.ts';
import { noSafetyEvidence } from './error-rate-evidence.ts';
import { assessErrorRate } from './error-rate-verdict.ts';
import {
  begunCounts,
  type ComparisonState,
  comparisonOf,
  emptyJudge,
  type JudgeSnapshot,
  noCounts,
  noPair,
} from './judge-state.ts';
import { beginLatencyBake } from './latency-evidence.ts';
import type { ArmPair } from './null-projection.ts';
import { assessObjective, baselineBreaches, metricOfObjective, type Objective } from './objective-verdict.ts';
import {
  assessOverdispersion,
  type DispersionHistory,
  noDispersionHistory,
  type Overdispersion,
} from './overdispersion.ts';
import { latenciesPending } from './peek-evidence.ts';
import { countsOfBatch } from './pending-batch.ts';
import { assessSplit } from './split-verdict.ts';
import { takeEvents } from './take-events.ts';
import { type CountedWindow, takeObjectiveWindow } from './take-objective-window.ts';
import { takeWindow } from './take-window.ts';

export { type JudgeSnapshot, judgeSnapshotSchema } from './judge-state.ts';

/** Requests of one arrival window that an objective calls bad (`failures`). */
export type ObjectiveWindow = CountedWindow & { name: Objective['name'] };

export type JudgePlan = {
  /** Bakes of the plan, at least 1. */
  bakes: number;
  /** Counts of the stable revision from before the run. */
  prior?: ArmCounts;
  /** False when no step gives users to both arms (direct, blue-green); default true. */
  hasConcurrentBaseline?: boolean;
  /** False when every bake keeps users on the baseline (a hold-back); default true. */
  hasUnaccompaniedBake?: boolean;
  /** How the baseline's failures were scattered before the run, for a source that cannot tell clients apart. */
  dispersion?: DispersionHistory;
};

/** Turns counts into verdicts. Pure but for what it remembers; the same calls give the same answers. */
export interface Judge {
  /** Safety must be proven anew by requests that arrive from `fromMs` (Unix ms) on; the tests for harm go on and restart. */
  beginBake(stepId: string, fromMs: number, weightPercent: number): void;
  /**
   * A window, in order of arrival, and again with newer counts until it is settled. One whose counts are final is ignored.
   * Throws INTERNAL on impossible counts.
   */
  observe(window: JudgedWindow): void;
  /** Requests that an objective of the settings calls bad; each window once, when it is settled. */
  addSlo(window: ObjectiveWindow): void;
  /** Counted events of a comparison; each window once, known completely. */
  addEvents(window: EventWindow): void;
  /** The error rate first, then each comparison, each objective (`slo:<name>`), and the split of the router. */
  assess(nowMs: number): Verdict[];
  /** Metrics of objectives that the baseline breaks too, so that going back would not help. */
  baselineBreaches(): ReadonlySet<string>;
  /** Everything that was observed in the run, with the failures known so far. */
  totals(): ArmPair;
  /** How the failures of the baseline scatter, as far as seen in this run. */
  overdispersion(): Overdispersion;
  /** Everything it remembers; parse with `judgeSnapshotSchema` when it comes back from a file. */
  snapshot(): JudgeSnapshot;
}

/** A judge for one run of a plan. */
export function createJudge(settings: JudgeSettings, plan: JudgePlan): Judge {
  const { bakes, prior = noCounts, hasConcurrentBaseline = true, hasUnaccompaniedBake = true } = plan;
  assertCounts(prior);
  const { dispersion = noDispersionHistory } = plan;
  const about = { bakes: Math.max(1, bakes), prior, hasConcurrentBaseline, hasUnaccompaniedBake, dispersion };
  return restoreJudge(settings, emptyJudge(about, settings));
}

/** A judge that goes on where another one, with the same settings, has stopped. */
export function restoreJudge(settings: JudgeSettings, snapshot: JudgeSnapshot): Judge {
  let state = snapshot;
  return {
    beginBake: (stepId, fromMs, weightPercent) => {
      state = withBake(state, settings, { stepId, fromMs, weightPercent });
    },
    observe: (window) => {
      assertWindow(window);
      for (const arm of [window.canary, window.baseline]) assertCounts(arm);
      state = takeWindow(state, settings, window);
    },
    addSlo: (window) => {
      assertWindow(window);
      for (const arm of [window.canary, window.baseline]) assertCounts(arm);
      state = withObjectiveWindow(state, settings, window);
    },
    addEvents: (window) => {
      assertWindow(window);
      for (const arm of [window.canary, window.baseline]) assertEvents(arm);
      state = takeEvents(state, settings, window);
    },
    assess: (nowMs) => [
      assessErrorRate(state, settings, nowMs),
      ...settings.comparisons.map((comparison) => assessComparison(state, settings, { comparison, nowMs })),
      ...settings.slos.map((objective) =>
        assessObjective(state, settings, { objective, evidence: objectiveOf(state, objective.name), nowMs }),
      ),
      assessSplit(state, settings),
    ],
    baselineBreaches: () => breachesOf(state, settings),
    totals: () => totalsOf(state),
    overdispersion: () => assessOverdispersion(state.dispersion),
    snapshot: () => structuredClone(state),
  };
}

function withBake(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  bake: NonNullable<JudgeSnapshot['bake']>,
): JudgeSnapshot {
  const begunObjective = { bake: noPair, restartFromMs: bake.fromMs, safe: [...noBadRatioSafety] };
  return {
    ...state,
    bake,
    restartFromMs: bake.fromMs,
    inBake: noPair,
    errorRate: { ...state.errorRate, safe: [...noSafetyEvidence], referenceSafe: [...noBadRatioSafety] },
    comparisons: Object.fromEntries(
      settings.comparisons.map((comparison) => [comparison.metric, withComparisonBake(state, comparison, bake.fromMs)]),
    ),
    objectives: mapValues(state.objectives, (objective) => ({ ...objective, ...begunObjective })),
  };
}

function withComparisonBake(state: JudgeSnapshot, comparison: Comparison, fromMs: number): ComparisonState {
  const known = comparisonOf(state, comparison.metric);
  if (known.kind === 'counts') return { ...known, ...begunCounts(comparison.kind), restartFromMs: fromMs };
  if (comparison.kind !== 'latency') return known;
  const ending = { pending: latenciesPending(state), test: comparison };
  return { ...known, evidence: beginLatencyBake(known.evidence, ending) };
}

function withObjectiveWindow(state: JudgeSnapshot, settings: JudgeSettings, window: ObjectiveWindow): JudgeSnapshot {
  const objective = objectiveOf(state, window.name);
  const allowedRatio = settings.slos.find((one) => one.name === window.name)?.badRatio;
  if (allowedRatio === undefined || window.fromMs < (objective.takenUntilMs ?? Number.NEGATIVE_INFINITY)) return state;
  const taken = takeObjectiveWindow(state, settings, { window, objective, allowedRatio });
  return { ...state, objectives: { ...state.objectives, [window.name]: taken } };
}

function breachesOf(state: JudgeSnapshot, settings: JudgeSettings): ReadonlySet<string> {
  const breached = settings.slos.filter((objective) => baselineBreaches(objectiveOf(state, objective.name), settings));
  return new Set(breached.map((objective) => metricOfObjective(objective.name)));
}

function objectiveOf(state: JudgeSnapshot, name: string): JudgeSnapshot['objectives'][string] {
  const objective = state.objectives[name];
  if (objective === undefined) throw new DeployError('INTERNAL', { reason: `the judge has no objective "${name}"` });
  return objective;
}

function totalsOf(state: JudgeSnapshot): ArmPair {
  const sum = (arm: 'canary' | 'baseline'): ArmCounts =>
    state.pending.reduce((total, batch) => addCounts(total, countsOfBatch(batch)[arm]), state.run[arm]);
  return { baseline: sum('baseline'), canary: sum('canary') };
}

function mapValues<T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function assertWindow(window: { fromMs: number; toMs: number }): void {
  if (!(Number.isFinite(window.fromMs) && window.toMs > window.fromMs))
    throw new DeployError('INTERNAL', { reason: `the window ${window.fromMs}–${window.toMs} is not a time span` });
}

function assertEvents({ events, opportunities }: EventCounts): void {
  if (!(Number.isFinite(events) && Number.isFinite(opportunities) && events >= 0 && opportunities >= 0))
    throw new DeployError('INTERNAL', {
      reason: `${events} events of ${opportunities} opportunities cannot be judged`,
    });
}

type CheckedCounts = ArmCounts & { open?: number; failedUnits?: number | null; newUnits?: number | null };

/** Counts that cannot be must not become evidence of anything. */
function assertCounts({ requests, failures, open = 0, failedUnits = null, newUnits = null }: CheckedCounts): void {
  if (!(Number.isSafeInteger(requests) && Number.isSafeInteger(failures) && Number.isSafeInteger(open)))
    throw new DeployError('INTERNAL', { reason: `${failures} failures of ${requests} requests cannot be judged` });
  const units = [failedUnits ?? 0, newUnits ?? 0].every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!(units && failures >= (failedUnits ?? 0) && open >= 0 && requests >= failures + open))
    throw new DeployError('INTERNAL', { reason: `${failures} failures of ${requests} requests cannot be judged` });
}
