import { estimateShift } from './mann-whitney.ts';
import type { PeerRule, PeerVerdict } from './peer-rule.ts';
import { type PointWindows, tooCoarse, windowPoints } from './point-windows.ts';

export type KayentaSettings = {
  id: string;
  title: string;
  /** Where these settings are documented. */
  source: string;
  /** `lifetime` of the analysis and `interval` between its judgments. */
  lifetimeMs: number;
  intervalMs: number;
  /** `step`: one value of a time series per this long. */
  stepMs: number;
  /** Scores 0–100: below `marginal` any judgment fails, the last must reach `pass`. */
  pass: number;
  marginal: number;
  /** Values of a series that a judgment needs. */
  leastPoints: number;
  confidence: number;
  /** The shift counts when the interval lies beyond this share of its own estimate. */
  tolerance: number;
};

/**
 * Spinnaker's automated canary analysis (Kayenta with its NetflixACAJudge), an implementation of our own from its
 * documented behaviour.
 *
 * Every `interval` the series of both arms since the start are compared, metric by metric: equal data pass; a metric is
 * High when the whole interval of the Mann–Whitney shift lies above `tolerance` times the Hodges–Lehmann estimate and the
 * mean is not lower; a metric without data in an arm does not count. Score = 100 · passed / judged. A score below
 * `marginal` fails at once, the last must reach `pass`.
 *
 * References: https://spinnaker.io/docs/guides/user/canary/judge (steps of the judgment, 98 %, score),
 * https://spinnaker.io/docs/guides/user/canary/best-practices (three hours, 60 minutes, at least 50 values, 75 and 95),
 * https://github.com/spinnaker/kayenta/tree/master/kayenta-judge (tolerance 0.25, confidence 0.98).
 * Assumed: one group with the failure ratio and, where known, p99 of each minute, both to be judged in the direction
 * `increase`; no outlier removal (its default); a growing window.
 */
export function createKayentaRule(settings: KayentaSettings): PeerRule {
  const { id, title, source } = settings;
  return {
    id,
    title,
    settings: `lifetime ${settings.lifetimeMs / 60_000} min, interval ${settings.intervalMs / 60_000} min, step ${settings.stepMs / 1000} s, Mann-Whitney at ${settings.confidence * 100} %, pass ${settings.pass}, marginal ${settings.marginal} (${source})`,
    judge: (points, untilMs) => {
      const windows = windowPoints(points);
      if (windows === null) return { verdict: 'inconclusive', atMs: null, reason: 'no data' };
      const coarse = tooCoarse(windows, settings.stepMs);
      if (coarse !== null) return { verdict: 'inconclusive', atMs: null, reason: coarse };
      return runJudgments(windows, settings, untilMs);
    },
  };
}

export const kayentaExample = createKayentaRule({
  id: 'kayenta',
  title: 'Kayenta, starting point of the best practices',
  source: 'https://spinnaker.io/docs/guides/user/canary/best-practices',
  lifetimeMs: 10_800_000,
  intervalMs: 3_600_000,
  stepMs: 60_000,
  pass: 95,
  marginal: 75,
  leastPoints: 50,
  confidence: 0.98,
  tolerance: 0.25,
});

type Series = { name: string; canary: number[]; baseline: number[] };

function runJudgments(windows: PointWindows, settings: KayentaSettings, untilMs: number): PeerVerdict {
  const endMs = windows.startMs + settings.lifetimeMs;
  let score = Number.NaN;
  for (
    let nowMs = windows.startMs + settings.intervalMs;
    nowMs <= Math.min(untilMs, endMs);
    nowMs += settings.intervalMs
  ) {
    const series = readSeries(windows, settings, nowMs);
    const labels = series.flatMap((one) => classify(one, settings) ?? []);
    if (labels.length === 0) continue;
    score = (100 * labels.filter((label) => label.endsWith('Pass')).length) / labels.length;
    const reason = `score ${Math.round(score)} after ${(nowMs - windows.startMs) / 60_000} min (${labels.join(', ')})`;
    if (score < settings.marginal) return { verdict: 'fail', atMs: nowMs, reason };
    if (nowMs >= endMs) return { verdict: score >= settings.pass ? 'pass' : 'fail', atMs: nowMs, reason };
  }
  const reason = Number.isNaN(score)
    ? `its first judgment comes after ${settings.intervalMs / 60_000} min and needs ${settings.leastPoints} values of each arm`
    : `score ${Math.round(score)} so far, its last judgment comes after ${settings.lifetimeMs / 60_000} min`;
  return { verdict: 'inconclusive', atMs: null, reason };
}

function readSeries(windows: PointWindows, settings: KayentaSettings, untilMs: number): Series[] {
  const errors: Series = { name: 'failure ratio', canary: [], baseline: [] };
  const latency: Series = { name: 'p99', canary: [], baseline: [] };
  for (let toMs = windows.startMs + settings.stepMs; toMs <= untilMs; toMs += settings.stepMs) {
    for (const arm of ['canary', 'baseline'] as const) {
      const span = { arm, fromMs: toMs - settings.stepMs, toMs };
      const { requests, failures } = windows.countsOf(span);
      if (requests > 0) errors[arm].push(failures / requests);
      const p99 = windows.quantileOf(span, 0.99);
      if (p99 !== null) latency[arm].push(p99);
    }
  }
  return [errors, latency];
}

/** Null when there is too little of it. */
function classify(series: Series, settings: KayentaSettings): string | null {
  const { name, canary, baseline } = series;
  if (Math.min(canary.length, baseline.length) < settings.leastPoints) return null;
  if (sameValues(canary, baseline)) return `${name}: Pass`;
  const { estimate, low } = estimateShift(canary, baseline, settings.confidence);
  const grown = mean(canary) >= mean(baseline);
  return low > settings.tolerance * Math.abs(estimate) && grown ? `${name}: High` : `${name}: Pass`;
}

function sameValues(canary: readonly number[], baseline: readonly number[]): boolean {
  const [left, right] = [[...canary].sort((a, b) => a - b), [...baseline].sort((a, b) => a - b)];
  if (left[0] === left.at(-1) && right[0] === right.at(-1) && left[0] === right[0]) return true;
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
