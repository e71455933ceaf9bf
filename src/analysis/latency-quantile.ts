import { latencyBuckets, latencyBucketUpperMs } from '../model/traffic.ts';

/**
 * Latency in ms below which the share `quantile` (0–1) of the requests of a sparse log-bucket histogram lies: the upper
 * edge of the bucket that holds the ⌈quantile·n⌉-th smallest. Null when it is empty. Pure.
 *
 * Nearest-rank quantile. Limits: at most 2.05 % too high, never too low; in the open last bucket its lower edge is given.
 *
 * Example: 99 requests in the bucket up to 10 ms and one in that up to 50 ms: p99 = 10 ms, p99.9 = 50 ms.
 */
export function quantileOfHistogram(
  histogram: ReadonlyArray<readonly [number, number]>,
  quantile: number,
): number | null {
  const total = histogram.reduce((sum, [, count]) => sum + count, 0);
  if (!(total > 0)) return null;
  const rank = Math.max(1, Math.ceil(quantile * total - 1e-9));
  let below = 0;
  for (const [bucket, count] of [...histogram].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= rank) return latencyBucketUpperMs(Math.min(bucket, latencyBuckets.count - 2));
  }
  return null;
}
