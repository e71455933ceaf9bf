import type { ArmPoint } from './peer-rule.ts';

type Span = { arm: ArmPoint['arm']; fromMs: number; toMs: number };
type Latency = { edgesMs: readonly number[]; counts: Map<number, number> };

/** What a rule sees of the points when it asks for one arm and one span of time, as a query to a metrics server would. */
export type PointWindows = {
  /** Start of the first point. */
  startMs: number;
  /** Length of one point: the least distance between two times. */
  lengthMs: number;
  /** Requests and failures of the points that ended in (fromMs, toMs]. */
  countsOf(span: Span): { requests: number; failures: number };
  /** Latency in ms below which the share `quantile` of the same requests ended; null where latencies are not known. */
  quantileOf(span: Span, quantile: number): number | null;
};

/** Length of a point when all points begin at the same time. */
const loneLengthMs = 1000;

/** Points (ascending in time) to be asked by arm and time; null without any. Pure. */
export function windowPoints(points: readonly ArmPoint[]): PointWindows | null {
  const first = points[0];
  if (first === undefined) return null;
  const lengthMs = leastDistance(points);
  const arms = { baseline: sumUp(points, 'baseline'), canary: sumUp(points, 'canary') };
  const rangeOf = ({ arm, fromMs, toMs }: Span): [number, number] => {
    const { times } = arms[arm];
    return [firstAbove(times, fromMs - lengthMs), firstAbove(times, toMs - lengthMs)];
  };
  return {
    startMs: first.tMs,
    lengthMs,
    countsOf: (span) => {
      const [from, to] = rangeOf(span);
      const { requests, failures } = arms[span.arm];
      return {
        requests: requests[to]! - requests[from]!,
        failures: failures[to]! - failures[from]!,
      };
    },
    quantileOf: (span, quantile) => {
      const [from, to] = rangeOf(span);
      const merged = mergeLatency(arms[span.arm].points.slice(from, to));
      return merged === null ? null : interpolatedQuantile(merged, quantile);
    },
  };
}

/** Why a rule that looks at windows of `windowMs` cannot be asked about these points; null when it can. Pure. */
export function tooCoarse(windows: PointWindows, windowMs: number): string | null {
  if (windows.lengthMs <= windowMs) return null;
  return `the data have one point every ${windows.lengthMs} ms, the rule looks at windows of ${windowMs} ms`;
}

function leastDistance(points: readonly ArmPoint[]): number {
  let least = Number.POSITIVE_INFINITY;
  let lastMs = Number.NaN;
  for (const { tMs } of points) {
    if (tMs - lastMs > 0 && tMs - lastMs < least) least = tMs - lastMs;
    lastMs = tMs;
  }
  return Number.isFinite(least) ? least : loneLengthMs;
}

type ArmSums = { points: ArmPoint[]; times: Float64Array; requests: Float64Array; failures: Float64Array };

/** Running totals: entry i is the sum of the points before i. */
function sumUp(points: readonly ArmPoint[], arm: ArmPoint['arm']): ArmSums {
  const own = points.filter((point) => point.arm === arm);
  const requests = new Float64Array(own.length + 1);
  const failures = new Float64Array(own.length + 1);
  own.forEach((point, index) => {
    requests[index + 1] = requests[index]! + point.requests;
    failures[index + 1] = failures[index]! + point.failures;
  });
  return { points: own, times: Float64Array.from(own, ({ tMs }) => tMs), requests, failures };
}

/** Index of the first time above `limitMs`, by bisection. */
function firstAbove(times: Float64Array, limitMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! > limitMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

function mergeLatency(points: readonly ArmPoint[]): Latency | null {
  const first = points.find((point) => point.latency !== null)?.latency;
  if (first == null) return null;
  const { edgesMs } = first;
  const counts = new Map<number, number>();
  for (const { latency } of points) {
    if (latency === null) continue;
    for (const [bucket, count] of latency.counts) {
      const index = latency.edgesMs === edgesMs ? bucket : bucketOf(latency.edgesMs[bucket], edgesMs);
      counts.set(index, (counts.get(index) ?? 0) + count);
    }
  }
  return { edgesMs, counts };
}

function bucketOf(upperMs: number | undefined, edgesMs: readonly number[]): number {
  if (upperMs === undefined) return edgesMs.length;
  const index = edgesMs.findIndex((edge) => edge >= upperMs);
  return index === -1 ? edgesMs.length : index;
}

/**
 * The quantile as Prometheus' `histogram_quantile` gives it: linear within the bucket that holds it, the lower edge of the
 * open last one. Reference: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
function interpolatedQuantile({ edgesMs, counts }: Latency, quantile: number): number | null {
  const sorted = [...counts].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return null;
  const rank = quantile * total;
  let below = 0;
  for (const [bucket, count] of sorted) {
    if (count > 0 && below + count >= rank) {
      const lower = bucket === 0 ? 0 : (edgesMs[bucket - 1] ?? 0);
      const upper = edgesMs[bucket] ?? lower;
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return edgesMs.at(-1) ?? null;
}
