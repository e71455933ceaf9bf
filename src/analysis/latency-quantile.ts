import type { LatencyReading } from '../model/metric-source.ts';

/**
 * Latency in ms below which the share `quantile` (0–1) of the ended requests of a reading lies: the upper edge of the
 * bucket that holds the ⌈quantile·n⌉-th smallest. Null when it is empty. Pure.
 *
 * Nearest-rank quantile. Limits: too high by at most its bucket (2.05 % for the built-in source), never too low; in the
 * open last bucket the last edge is given, which is too low.
 *
 * Example: 99 requests in the bucket up to 10 ms and one in that up to 50 ms: p99 = 10 ms, p99.9 = 50 ms.
 */
export function quantileOfReading(reading: LatencyReading, quantile: number): number | null {
  const total = reading.counts.reduce((sum, [, count]) => sum + count, 0);
  if (!(total > 0)) return null;
  const rank = rankOf(quantile, total);
  let below = 0;
  for (const [bucket, count] of [...reading.counts].sort(([a], [b]) => a - b)) {
    below += count;
    if (below >= rank) return reading.edgesMs[bucket] ?? reading.edgesMs.at(-1) ?? null;
  }
  return null;
}

/** The same for dense counts, one a bucket; null in the open last bucket, where nothing is known but "above". Pure. */
export function quantileOfCounts(counts: Float64Array, edgesMs: readonly number[], quantile: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) return null;
  const rank = rankOf(quantile, total);
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    below += counts[bucket]!;
    if (below >= rank) return edgesMs[bucket] ?? null;
  }
  return null;
}

function rankOf(quantile: number, total: number): number {
  return Math.max(1, Math.ceil(quantile * total - 1e-9));
}
