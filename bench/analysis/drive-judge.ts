import { z } from 'zod';
import { createJudge, type Judge } from '../../src/analysis/judge.ts';
import { addDispersionWindow, type DispersionHistory, noDispersionHistory } from '../../src/analysis/overdispersion.ts';
import type { JudgedCell } from './judged-cell.ts';
import { createTrace, type TraceWindow, viewAt } from './trace.ts';

export type JudgedRun = Pick<JudgedCell, 'scenario' | 'settings' | 'watch' | 'historyMs' | 'readEveryMs'> & {
  seed: number;
};

/** What came of one run, until the verdict or the end. */
export const judgedOutcomeSchema = z.strictObject({
  failedMetric: z.string().nullable(),
  /** Ms from the start to the verdict; null without one. */
  failedMs: z.number().nullable(),
  /** Of both arms, of the canary, and of the canary those that failed; arrivals from `onsetMs` on. */
  requests: z.number(),
  canaryRequests: z.number(),
  canaryFailures: z.number(),
  /** Ms until the error rate was first called safe; null: never. */
  passedMs: z.number().nullable(),
  /** The split check called the router wrong at some time. */
  splitAlarm: z.boolean(),
});
export type JudgedOutcome = z.infer<typeof judgedOutcomeSchema>;

/** Of the stable revision, counted before the run. */
const historyRequests = 2000;

/**
 * Feeds a judge as the monitor of a run does: every window when it is over, with what is known by then, and again until it is
 * settled; a bake begins at every change of weight. Verdicts are read after windows in which the canary failed, as evidence of
 * errors hardly rises in others, and every `readEveryMs`.
 */
export function driveJudge(run: JudgedRun): JudgedOutcome {
  const { scenario, settings, seed } = run;
  const prior = { requests: historyRequests, failures: Math.round(historyRequests * scenario.historyRatio) };
  const judge = createJudge(settings, { bakes: scenario.weights.length, prior, dispersion: historyOf(run) });
  const trace = createTrace(scenario, seed);
  const outcome: JudgedOutcome = {
    failedMetric: null,
    failedMs: null,
    requests: 0,
    canaryRequests: 0,
    canaryFailures: 0,
    passedMs: null,
    splitAlarm: false,
  };
  let unsettled: TraceWindow[] = [];
  let weightIndex = -1;
  let readMs = 0;
  for (let window = trace.next(); window !== null; window = trace.next()) {
    if (window.weightIndex !== weightIndex) {
      weightIndex = window.weightIndex;
      judge.beginBake(`bake-${weightIndex}`, window.fromMs, window.weightPercent);
    }
    unsettled.push(window);
    unsettled = unsettled.filter((open) => !observe(judge, open, window.toMs));
    if (window.events !== null) judge.addEvents(window.events);
    if (window.fromMs >= scenario.onsetMs) count(outcome, window);
    if (window.canary.failures === 0 && window.toMs - readMs < run.readEveryMs) continue;
    readMs = window.toMs;
    read(judge, run, { outcome, nowMs: readMs });
    if (outcome.failedMs !== null) break;
  }
  return outcome;
}

/** True when the window has settled. */
function observe(judge: Judge, window: TraceWindow, nowMs: number): boolean {
  const view = viewAt(window, nowMs);
  judge.observe(view);
  return view.settled;
}

function count(outcome: JudgedOutcome, { canary, baseline }: TraceWindow): void {
  outcome.requests += canary.requests + baseline.requests;
  outcome.canaryRequests += canary.requests;
  outcome.canaryFailures += canary.failures;
}

function read(judge: Judge, run: JudgedRun, about: { outcome: JudgedOutcome; nowMs: number }): void {
  const { outcome, nowMs } = about;
  for (const { metric, outcome: found } of judge.assess(nowMs)) {
    if (metric === 'errorRate' && found === 'pass') outcome.passedMs ??= nowMs;
    if (metric === 'split' && found === 'fail') outcome.splitAlarm = true;
    if (found !== 'fail' || outcome.failedMs !== null || !run.watch.includes(metric)) continue;
    outcome.failedMetric = metric;
    outcome.failedMs = nowMs;
  }
}

/** Of the baseline alone, as it is measured before the run. */
function historyOf({ scenario, historyMs, seed }: JudgedRun): DispersionHistory {
  if (historyMs === null) return noDispersionHistory;
  const trace = createTrace(
    { ...scenario, weights: [{ fromMs: 0, percent: 0 }], limitMs: historyMs },
    seed + 500_000_000,
  );
  let history = noDispersionHistory;
  for (let window = trace.next(); window !== null; window = trace.next())
    history = addDispersionWindow(history, window.baseline);
  return history;
}
