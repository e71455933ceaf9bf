import type { PeerRule, PeerVerdict } from './peer-rule.ts';
import { type PointWindows, tooCoarse, windowPoints } from './point-windows.ts';

export type ArgoSettings = {
  id: string;
  title: string;
  /** Where these settings are documented. */
  source: string;
  /** `interval` between measurements. */
  intervalMs: number;
  /** `failureLimit`: failed measurements that are allowed. */
  failureLimit: number;
  /** `consecutiveErrorLimit`: measurements in a row that may bring no result. */
  consecutiveErrorLimit: number;
  /** `successCondition: result[0] >= …`, ratio of answers without a 5xx. */
  successRatioMin: number;
  /** What one measurement covers. */
  windowMs: number;
  /** Length of the rollout's steps; background analysis ends with them. */
  durationMs: number;
};

/**
 * Background analysis of Argo Rollouts, an implementation of our own from its documented behaviour.
 *
 * Every `interval` it measures the canary's success ratio. A measurement that does not meet the success condition has
 * failed (0/0 = NaN does not meet it either), and more failed measurements than `failureLimit` in all, not in a row, abort.
 * A query without a result is an error; more than `consecutiveErrorLimit` in a row abort too. Without `count` the analysis
 * goes on until the rollout's steps are over, which is a success.
 *
 * References: https://argo-rollouts.readthedocs.io/en/stable/features/analysis/ (background analysis, failure limit, NaN),
 * https://github.com/argoproj/argo-rollouts/blob/master/analysis/analysis.go (`failed > failureLimit`).
 * Assumed, each in its favour: the query asks for the canary alone; the first measurement is taken when one window of its
 * data is there (taken at the very start it brings nothing); `irate(…[5m])` reads the last two scrapes, one minute apart as
 * is Prometheus' default.
 * Not rebuilt: inconclusive limits, dry runs, the pause at each step.
 */
export function createArgoRule(settings: ArgoSettings): PeerRule {
  const { id, title, source } = settings;
  return {
    id,
    title,
    settings: `interval ${settings.intervalMs / 1000} s, failureLimit ${settings.failureLimit}, successCondition result[0] >= ${settings.successRatioMin} (${source})`,
    judge: (points, untilMs) => {
      const windows = windowPoints(points);
      if (windows === null) return { verdict: 'inconclusive', atMs: null, reason: 'no data' };
      const coarse = tooCoarse(windows, settings.windowMs);
      if (coarse !== null) return { verdict: 'inconclusive', atMs: null, reason: coarse };
      return runMeasurements(windows, settings, untilMs);
    },
  };
}

const documented = {
  source: 'https://argo-rollouts.readthedocs.io/en/stable/features/analysis/',
  consecutiveErrorLimit: 4,
  successRatioMin: 0.95,
  windowMs: 60_000,
  /** Four pauses of ten minutes, as the documented rollout has. */
  durationMs: 2_400_000,
};

export const argoExample = createArgoRule({
  ...documented,
  id: 'argo',
  title: 'Argo Rollouts, background analysis as documented',
  intervalMs: 300_000,
  failureLimit: 3,
});

export const argoStrict = createArgoRule({
  ...documented,
  id: 'argo-0',
  title: 'Argo Rollouts, the same with the default failureLimit 0 and a measurement a minute',
  intervalMs: 60_000,
  failureLimit: 0,
});

function runMeasurements(windows: PointWindows, settings: ArgoSettings, untilMs: number): PeerVerdict {
  const { startMs } = windows;
  const endMs = startMs + settings.durationMs;
  let [failed, errorsInRow, measured] = [0, 0, 0];
  for (let nowMs = startMs + settings.windowMs; nowMs <= Math.min(untilMs, endMs); nowMs += settings.intervalMs) {
    const outcome = measure(windows, settings, nowMs);
    measured += 1;
    errorsInRow = outcome === 'error' ? errorsInRow + 1 : 0;
    if (outcome === 'failed') failed += 1;
    if (failed > settings.failureLimit)
      return { verdict: 'fail', atMs: nowMs, reason: `failed (${failed}) > failureLimit (${settings.failureLimit})` };
    if (errorsInRow > settings.consecutiveErrorLimit)
      return { verdict: 'fail', atMs: nowMs, reason: `${errorsInRow} measurements in a row without a result` };
  }
  const reason = `${failed} of ${measured} measurements failed, ${settings.failureLimit} are allowed`;
  return untilMs >= endMs
    ? { verdict: 'pass', atMs: endMs, reason }
    : {
        verdict: 'inconclusive',
        atMs: null,
        reason: `${reason}; its steps take ${settings.durationMs / 60_000} minutes`,
      };
}

function measure(windows: PointWindows, settings: ArgoSettings, nowMs: number): 'successful' | 'failed' | 'error' {
  const span = { arm: 'canary', toMs: nowMs } as const;
  const { requests, failures } = windows.countsOf({ ...span, fromMs: nowMs - settings.windowMs });
  if (requests > 0) return (requests - failures) / requests >= settings.successRatioMin ? 'successful' : 'failed';
  // A series that is there and stands still divides 0 by 0; one that has never been there gives no result at all.
  return windows.countsOf({ ...span, fromMs: Number.NEGATIVE_INFINITY }).requests > 0 ? 'failed' : 'error';
}
