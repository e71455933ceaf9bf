import type { PeerRule, PeerVerdict } from './peer-rule.ts';
import { type PointWindows, tooCoarse, windowPoints } from './point-windows.ts';

export type FlaggerSettings = {
  id: string;
  title: string;
  /** Where these settings are documented. */
  source: string;
  /** `analysis.interval` */
  intervalMs: number;
  /** `analysis.threshold`: failed checks at which it rolls back. */
  threshold: number;
  /** `analysis.maxWeight` and `stepWeight`, percent. */
  maxWeight: number;
  stepWeight: number;
  /** `request-success-rate`: `thresholdRange.min` in percent, over `interval`. */
  successPercentMin: number;
  successWindowMs: number;
  /** `request-duration`: `thresholdRange.max` in ms for the 99th percentile, over `interval`. */
  durationMaxMs: number;
  durationWindowMs: number;
};

/**
 * Flagger's canary analysis, an implementation of our own from its documented behaviour.
 *
 * Once per `interval` it looks at the canary alone. A check that is not met raises a counter that is never lowered during
 * the analysis; a query without values (no traffic) is a check not met. The counter is looked at before the next check is
 * made, so `threshold` failed checks roll back one interval after the last of them. Each check that is met raises the
 * weight by `stepWeight`; met at `maxWeight`, it promotes: `interval * (maxWeight / stepWeight)` at the least.
 *
 * References: https://docs.flagger.app/usage/how-it-works (canary analysis),
 * https://docs.flagger.app/usage/deployment-strategies (order of the stages, both formulas),
 * https://docs.flagger.app/usage/metrics (built-in checks, p99 in ms),
 * https://github.com/fluxcd/flagger/blob/main/pkg/controller/scheduler.go (counter compared before the analysis).
 * Assumed: the canary gets its first weight at the first point; the trace's weights stand for Flagger's own.
 * Not rebuilt: webhooks, custom metrics, the deadline for pods that never get ready.
 */
export function createFlaggerRule(settings: FlaggerSettings): PeerRule {
  const { id, title, source } = settings;
  return {
    id,
    title,
    settings: `interval ${settings.intervalMs / 1000} s, threshold ${settings.threshold}, maxWeight ${settings.maxWeight}, stepWeight ${settings.stepWeight}, request-success-rate min ${settings.successPercentMin}, request-duration max ${settings.durationMaxMs} (${source})`,
    judge: (points, untilMs) => {
      const windows = windowPoints(points);
      if (windows === null) return { verdict: 'inconclusive', atMs: null, reason: 'no data' };
      const coarse = tooCoarse(windows, Math.min(settings.successWindowMs, settings.durationWindowMs));
      if (coarse !== null) return { verdict: 'inconclusive', atMs: null, reason: coarse };
      return runAnalysis(windows, settings, untilMs);
    },
  };
}

const documented = { intervalMs: 60_000, successPercentMin: 99, successWindowMs: 60_000, durationMaxMs: 500 };

export const flaggerReadme = createFlaggerRule({
  ...documented,
  id: 'flagger',
  title: "Flagger, example of its README and of 'How it works'",
  source: 'https://docs.flagger.app/usage/how-it-works',
  threshold: 10,
  maxWeight: 50,
  stepWeight: 5,
  durationWindowMs: 60_000,
});

export const flaggerTutorial = createFlaggerRule({
  ...documented,
  id: 'flagger-5',
  title: 'Flagger, example of its Istio tutorial',
  source: 'https://docs.flagger.app/tutorials/istio-progressive-delivery',
  threshold: 5,
  maxWeight: 50,
  stepWeight: 10,
  durationWindowMs: 30_000,
});

function runAnalysis(windows: PointWindows, settings: FlaggerSettings, untilMs: number): PeerVerdict {
  const { intervalMs, threshold } = settings;
  const checksToPass = Math.ceil(settings.maxWeight / settings.stepWeight);
  let [failed, met, last] = [0, 0, ''];
  for (let nowMs = windows.startMs + intervalMs; nowMs <= untilMs; nowMs += intervalMs) {
    if (failed >= threshold)
      return { verdict: 'fail', atMs: nowMs, reason: `${failed} failed checks, the last: ${last}` };
    const failure = failedCheck(windows, settings, nowMs);
    if (failure === null) met += 1;
    else [failed, last] = [failed + 1, failure];
    if (met === checksToPass)
      return { verdict: 'pass', atMs: nowMs, reason: `${met} checks met, ${failed} failed of ${threshold} allowed` };
  }
  const reason = `${met} of ${checksToPass} checks met, ${failed} failed, the limit is ${threshold}`;
  return { verdict: 'inconclusive', atMs: null, reason };
}

function failedCheck(windows: PointWindows, settings: FlaggerSettings, nowMs: number): string | null {
  const span = { arm: 'canary', toMs: nowMs } as const;
  const { requests, failures } = windows.countsOf({ ...span, fromMs: nowMs - settings.successWindowMs });
  if (requests === 0) return 'no values found, the canary is not receiving traffic';
  const percent = (100 * (requests - failures)) / requests;
  if (percent < settings.successPercentMin)
    return `success rate ${percent.toFixed(2)} % < ${settings.successPercentMin} %`;
  const durationMs = windows.quantileOf({ ...span, fromMs: nowMs - settings.durationWindowMs }, 0.99);
  if (durationMs === null || durationMs <= settings.durationMaxMs) return null;
  return `request duration ${Math.round(durationMs)} ms > ${settings.durationMaxMs} ms`;
}
