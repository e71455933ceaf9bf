import type { PeerRule, PeerVerdict } from './peer-rule.ts';
import { type PointWindows, tooCoarse, windowPoints } from './point-windows.ts';

export type ThresholdSettings = {
  id: string;
  title: string;
  windowMs: number;
  /** Windows that must be seen before the rule is through. */
  windows: number;
  /** The canary's error ratio may be this much above the baseline's (0.02 = two percentage points). */
  errorMargin: number;
  /** The canary's p99 may be this many times the baseline's. */
  latencyRatio: number;
};

/**
 * Limits taken literally: in every window each figure of the canary is held against that of the baseline, and one figure
 * over its limit in one window rolls back. This is how alert rules and most pipelines read "no more than 2 points above".
 *
 * Settings: limits of the usual configuration of this product (`triggers`), one-minute windows, three bakes of ten minutes.
 * Assumed: a window in which an arm has no request is passed over.
 */
export function createThresholdRule(settings: ThresholdSettings): PeerRule {
  const { id, title, windowMs, errorMargin, latencyRatio } = settings;
  const points = Number((errorMargin * 100).toPrecision(6));
  const percent = Number(((latencyRatio - 1) * 100).toPrecision(6));
  return {
    id,
    title,
    settings: `error rate > baseline + ${points} points or p99 > baseline + ${percent} %, each in any one window of ${windowMs / 1000} s; through after ${settings.windows} windows`,
    judge: (given, untilMs) => {
      const windows = windowPoints(given);
      if (windows === null) return undecided('no data');
      const coarse = tooCoarse(windows, windowMs);
      return coarse === null ? judgeWindows(windows, settings, untilMs) : undecided(coarse);
    },
  };
}

export const thresholds = createThresholdRule({
  id: 'thresholds',
  title: 'Fixed thresholds, read literally',
  windowMs: 60_000,
  windows: 30,
  errorMargin: 0.02,
  latencyRatio: 1.2,
});

function judgeWindows(windows: PointWindows, settings: ThresholdSettings, untilMs: number): PeerVerdict {
  let compared = 0;
  for (let toMs = windows.startMs + settings.windowMs; toMs <= untilMs; toMs += settings.windowMs) {
    const broken = brokenLimit(windows, settings, toMs);
    if (broken === 'empty') continue;
    compared += 1;
    if (broken !== null) return { verdict: 'fail', atMs: toMs, reason: broken };
    if (compared === settings.windows)
      return { verdict: 'pass', atMs: toMs, reason: `no figure was over its limit in ${compared} windows` };
  }
  return undecided(`nothing was over its limit in ${compared} of ${settings.windows} windows`);
}

function brokenLimit(windows: PointWindows, settings: ThresholdSettings, toMs: number): string | 'empty' | null {
  const span = { fromMs: toMs - settings.windowMs, toMs };
  const canary = windows.countsOf({ ...span, arm: 'canary' });
  const baseline = windows.countsOf({ ...span, arm: 'baseline' });
  if (canary.requests === 0 || baseline.requests === 0) return 'empty';
  const [ratio, usual] = [canary.failures / canary.requests, baseline.failures / baseline.requests];
  if (ratio - usual > settings.errorMargin)
    return `error rate ${renderPercent(ratio)} against ${renderPercent(usual)} in one window`;
  const p99 = windows.quantileOf({ ...span, arm: 'canary' }, 0.99);
  const usualP99 = windows.quantileOf({ ...span, arm: 'baseline' }, 0.99);
  if (p99 === null || usualP99 === null || p99 <= usualP99 * settings.latencyRatio) return null;
  return `p99 ${Math.round(p99)} ms against ${Math.round(usualP99)} ms in one window`;
}

function renderPercent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}

function undecided(reason: string): PeerVerdict {
  return { verdict: 'inconclusive', atMs: null, reason };
}
