import { DeployError } from '../model/deploy-error.ts';
import type { ArmCounts, JudgeSettings, Verdict } from '../model/verdict.ts';
import { noBadRatioSafety } from './bad-ratio-evidence.ts';
import { noSafetyEvidence } from './error-rate-evidence.ts';
import { assessErrorRate } from './error-rate-verdict.ts';
import { emptyJudge, type JudgeSnapshot, noCounts, noPair } from './judge-state.ts';
import { assessObjective, baselineBreaches, metricOfObjective, type Objective } from './objective-verdict.ts';
import { type CountedWindow, takeObjectiveWindow, takeWindow } from './take-window.ts';

export { type JudgeSnapshot, judgeSnapshotSchema } from './judge-state.ts';

/** What the requests of one arrival window look like after one second (`fast`) or when none can be open any more (`full`). */
export type Batch = CountedWindow & { age: 'fast' | 'full' };

/** Requests of one arrival window that an objective calls bad (`failures`). */
export type ObjectiveWindow = CountedWindow & { name: Objective['name'] };

export type JudgePlan = {
  /** Bakes of the plan, at least 1. */
  bakes: number;
  /** Counts of the stable revision from before the run. */
  prior?: ArmCounts;
  /** False when no step gives users to both arms (direct, blue-green); default true. */
  hasConcurrentBaseline?: boolean;
};

/** Turns counts into verdicts. Pure but for what it remembers; the same calls give the same answers. */
export interface Judge {
  /** Safety must be proven anew by requests that arrive from `fromMs` (Unix ms) on; the tests for harm go on and restart. */
  beginBake(stepId: string, fromMs: number): void;
  /** Each window once per age, in order of arrival. A window that was already taken in is ignored. Throws INTERNAL on impossible counts. */
  addBatch(batch: Batch): void;
  /** The same for an objective of the settings, judged at whatever age the caller keeps to for both arms. */
  addSlo(window: ObjectiveWindow): void;
  /** The error rate first, then each objective (`slo:<name>`). */
  assess(nowMs: number): Verdict[];
  /** Metrics of objectives that the baseline breaks too, so that going back would not help. */
  baselineBreaches(): ReadonlySet<string>;
  /** End (Unix ms) of the last window taken in at an age; null before the first. */
  takenUntilMs(age: 'fast' | 'full'): number | null;
  /** Everything it remembers; parse with `judgeSnapshotSchema` when it comes back from a file. */
  snapshot(): JudgeSnapshot;
}

/** A judge for one run of a plan. */
export function createJudge(settings: JudgeSettings, plan: JudgePlan): Judge {
  const { bakes, prior = noCounts, hasConcurrentBaseline = true } = plan;
  const objectives = settings.slos.map((objective) => objective.name);
  assertCounts(prior);
  return restoreJudge(settings, emptyJudge({ bakes: Math.max(1, bakes), prior, hasConcurrentBaseline, objectives }));
}

/** A judge that goes on where another one, with the same settings, has stopped. */
export function restoreJudge(settings: JudgeSettings, snapshot: JudgeSnapshot): Judge {
  let state = snapshot;
  return {
    beginBake: (stepId, fromMs) => {
      state = withBake(state, stepId, fromMs);
    },
    addBatch: (batch) => {
      assertWindow(batch);
      if (batch.fromMs >= (state.ages[batch.age].takenUntilMs ?? Number.NEGATIVE_INFINITY))
        state = takeWindow(state, settings, batch);
    },
    addSlo: (window) => {
      assertWindow(window);
      state = withObjectiveWindow(state, settings, window);
    },
    assess: (nowMs) => [
      assessErrorRate(state, settings, nowMs),
      ...settings.slos.map((objective) =>
        assessObjective(state, settings, { objective, evidence: objectiveOf(state, objective.name), nowMs }),
      ),
    ],
    baselineBreaches: () => breachesOf(state, settings),
    takenUntilMs: (age) => state.ages[age].takenUntilMs,
    snapshot: () => structuredClone(state),
  };
}

function withBake(state: JudgeSnapshot, stepId: string, fromMs: number): JudgeSnapshot {
  const begun = { bake: noPair, restartFromMs: fromMs };
  const begunAge = { ...begun, safe: [...noSafetyEvidence], referenceSafe: [...noBadRatioSafety] };
  const begunObjective = { ...begun, safe: [...noBadRatioSafety] };
  return {
    ...state,
    bake: { stepId, fromMs },
    ages: { fast: { ...state.ages.fast, ...begunAge }, full: { ...state.ages.full, ...begunAge } },
    objectives: Object.fromEntries(
      Object.entries(state.objectives).map(([name, objective]) => [name, { ...objective, ...begunObjective }]),
    ),
  };
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

function assertWindow(window: CountedWindow): void {
  if (!(Number.isFinite(window.fromMs) && window.toMs > window.fromMs))
    throw new DeployError('INTERNAL', { reason: `the window ${window.fromMs}–${window.toMs} is not a time span` });
  assertCounts(window.canary);
  assertCounts(window.baseline);
}

/** Counts that cannot be must not become evidence of anything. */
function assertCounts({ requests, failures }: ArmCounts): void {
  if (!(Number.isSafeInteger(requests) && Number.isSafeInteger(failures) && failures >= 0 && requests >= failures))
    throw new DeployError('INTERNAL', { reason: `${failures} failures of ${requests} requests cannot be judged` });
}
