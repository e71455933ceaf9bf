import type { LatencyReading } from '../model/metric-source.ts';
import { binomialInterval } from './binomial-interval.ts';

/**
 * Interval (lowMs, highMs] for a quantile (0–1) of one arm's latencies that holds at all times at once with chance
 * 1 − alpha, so it may be read after every request. highMs is Infinity where no edge is known to be above the quantile.
 * [0, Infinity] without data. For the report: it describes, the comparison of the arms decides. Pure.
 *
 * {x : 1 − quantile lies in the sequential binomial interval of the share slower than x}. At the true quantile x* in a
 * bucket (lo, hi] the requests above hi are at most, those above lo at least as many as those that a coin of
 * 1 − quantile makes slow, so a bucket is left out only when the whole of it is.
 * Reference: Howard & Ramdas, "Sequential estimation of quantiles" (2022), theorem 1; mixture: `binomialInterval`.
 * Limits: independent requests, one distribution; no narrower than its buckets.
 *
 * Example: 1,000 requests, one in each bucket of 1 ms, p99, alpha 0.05: 975 to 1,000 ms.
 */
export function quantileInterval(reading: LatencyReading, quantile: number, alpha: number): [number, number] {
  const { edgesMs } = reading;
  const requests = reading.counts.reduce((sum, [, count]) => sum + count, 0);
  const tail = 1 - quantile;
  const edges = edgesMs.length;
  const slower = slowerThanEdge(reading);
  // The more are slower than an edge, the lower the edge: so both ends are found by halving.
  const tooLow = (edge: number): boolean => tail < binomialInterval({ requests, failures: slower[edge]! }, alpha)[0];
  const notTooHigh = (edge: number): boolean =>
    tail <= binomialInterval({ requests, failures: slower[edge]! }, alpha)[1];
  const low = firstWhere(edges, (edge) => !tooLow(edge));
  const high = firstWhere(edges, (edge) => !notTooHigh(edge));
  // Bucket `low` is the first that may hold the quantile; bucket `high + 1` begins where it cannot be any more.
  return [low === 0 ? 0 : (edgesMs[low - 1] ?? 0), edgesMs[high] ?? Number.POSITIVE_INFINITY];
}

/** Requests above each edge. */
function slowerThanEdge({ edgesMs, counts }: LatencyReading): Float64Array {
  const slower = new Float64Array(edgesMs.length);
  for (const [bucket, count] of counts) {
    for (let edge = 0; edge < Math.min(bucket, slower.length); edge++) slower[edge] = slower[edge]! + count;
  }
  return slower;
}

/** First index for which a property holds that then holds for all later ones; `count` when there is none. */
function firstWhere(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
