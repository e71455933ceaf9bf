import { addReading, commonEdgesMs, sameEdges } from '../analysis/latency-edges.ts';
import { quantileOfCounts } from '../analysis/latency-quantile.ts';
import type { LatencySummary } from '../model/latency-summary.ts';
import type { LatencyReading, Stratum, Window } from '../model/metric-source.ts';

export type LatencyTally = {
  /** Takes in what is known of one second, each second once. */
  add(span: Window, canary: LatencyReading | null, baseline: LatencyReading | null): void;
  /** Null while nothing was taken in. */
  summary(): LatencySummary | null;
};

/** More bars than a person can tell apart say nothing. */
const mostBuckets = 60;

type Sum = { edgesMs: readonly number[]; canary: Float64Array; baseline: Float64Array };

/** Adds up the latencies of a run second by second, for the picture of both arms in its report. */
export function createLatencyTally(stratum: Stratum): LatencyTally {
  let sum: Sum | null = null;
  let span: Window | null = null;
  return {
    add: (second, canary, baseline) => {
      if (canary === null && baseline === null) return;
      span = span === null ? second : { fromMs: Math.min(span.fromMs, second.fromMs), toMs: second.toMs };
      for (const [arm, reading] of [['canary', canary] as const, ['baseline', baseline] as const]) {
        if (reading === null) continue;
        sum = onEdges(sum, reading.edgesMs);
        addReading(sum[arm], reading, { edgesMs: sum.edgesMs, open: 'leftOut' });
      }
    },
    summary: () => {
      if (sum === null || span === null) return null;
      const { fromMs, toMs } = span;
      return { stratum, fromMs: Math.round(fromMs), toMs: Math.round(toMs), ...shorten(sum) };
    },
  };
}

/** The sum on the edges that it has in common with the next reading. */
function onEdges(sum: Sum | null, edgesMs: readonly number[]): Sum {
  if (sum === null)
    return {
      edgesMs,
      canary: new Float64Array(edgesMs.length + 1),
      baseline: new Float64Array(edgesMs.length + 1),
    };
  if (sameEdges(sum.edgesMs, edgesMs)) return sum;
  const common = commonEdgesMs(sum.edgesMs, edgesMs);
  return {
    edgesMs: common,
    canary: regroup(sum.canary, sum.edgesMs, common),
    baseline: regroup(sum.baseline, sum.edgesMs, common),
  };
}

/** Leaves out what is empty on both sides and puts so many neighbours together that few buckets are left. */
function shorten(sum: Sum): Pick<LatencySummary, 'edgesMs' | 'canary' | 'baseline'> {
  const filled = [...sum.canary].map((count, bucket) => count + (sum.baseline[bucket] ?? 0) > 0);
  const first = Math.max(0, filled.indexOf(true) - 1);
  const last = Math.max(first, filled.lastIndexOf(true));
  const within = sum.edgesMs.slice(first, last + 1);
  const group = Math.ceil(within.length / mostBuckets);
  const edgesMs = within.filter((_, index) => index % group === 0 || index === within.length - 1);
  const arm = (counts: Float64Array): LatencySummary['canary'] => ({
    counts: [...regroup(counts, sum.edgesMs, edgesMs)],
    p50Ms: quantileOfCounts(counts, sum.edgesMs, 0.5),
    p95Ms: quantileOfCounts(counts, sum.edgesMs, 0.95),
    p99Ms: quantileOfCounts(counts, sum.edgesMs, 0.99),
  });
  return { edgesMs: [...edgesMs], canary: arm(sum.canary), baseline: arm(sum.baseline) };
}

/** Dense counts on fewer edges, all of which they have. */
function regroup(counts: Float64Array, from: readonly number[], to: readonly number[]): Float64Array {
  const result = new Float64Array(to.length + 1);
  const sparse = [...counts].flatMap((count, bucket) => (count === 0 ? [] : [[bucket, count] as const]));
  addReading(result, { edgesMs: from, counts: sparse, open: 0 }, { edgesMs: to, open: 'leftOut' });
  return result;
}
