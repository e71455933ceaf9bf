import type { LatencyReading } from '../model/metric-source.ts';

/** Counts of (lowerMs, upperMs], by any edges, in any order; the uppermost may be open (Infinity). */
export type BucketCounts = ReadonlyArray<{ lowerMs: number; upperMs: number; count: number }>;

/**
 * Buckets of several instances or windows as one reading. Where their edges differ only those are kept that no bucket
 * lies across: nothing is interpolated, so the reading is coarser and never wrong. Pure.
 */
export function mergeBuckets(all: ReadonlyArray<BucketCounts>): LatencyReading | null {
  const buckets = all.flat();
  if (buckets.length === 0) return null;
  const edges = [...new Set(buckets.flatMap(({ lowerMs, upperMs }) => [lowerMs, upperMs]))]
    .filter((edge) => edge > 0 && Number.isFinite(edge))
    .sort((left, right) => left - right);
  const straddled = new Set<number>();
  for (const { lowerMs, upperMs } of buckets) {
    for (let at = firstAbove(edges, lowerMs); at < edges.length; at++) {
      const edge = edges[at] ?? Number.POSITIVE_INFINITY;
      if (edge >= upperMs) break;
      straddled.add(edge);
    }
  }
  const kept = edges.filter((edge) => !straddled.has(edge));
  const counts = new Map<number, number>();
  for (const { upperMs, count } of buckets) {
    if (count === 0) continue;
    const at = firstAbove(kept, upperMs, true);
    counts.set(at, (counts.get(at) ?? 0) + count);
  }
  return { edgesMs: kept, counts: [...counts].sort((left, right) => left[0] - right[0]), open: 0 };
}

/** Index of the first edge above the value, or at it too; the number of edges when there is none. */
function firstAbove(edges: readonly number[], value: number, orAt = false): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const edge = edges[middle] ?? Number.POSITIVE_INFINITY;
    if (edge > value || (orAt && edge === value)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Cumulative counts by upper edge (`le` in ms, Infinity for the last) as buckets; null when they contradict each other or
 * the last is missing. Pure.
 */
export function bucketsOfCumulative(cumulative: ReadonlyMap<number, number>): BucketCounts | null {
  const sorted = [...cumulative].sort((left, right) => left[0] - right[0]);
  if (sorted.at(-1)?.[0] !== Number.POSITIVE_INFINITY) return null;
  const buckets: Array<BucketCounts[number]> = [];
  let [lowerMs, below] = [0, 0];
  for (const [upperMs, total] of sorted) {
    if (total < below) return null;
    buckets.push({ lowerMs, upperMs, count: total - below });
    [lowerMs, below] = [upperMs, total];
  }
  return buckets;
}

/** Requests that were certainly slower than the limit: those in buckets that lie wholly above it. Pure. */
export function countSlower(reading: LatencyReading, aboveMs: number): { samples: number; failures: number } {
  let [samples, failures] = [0, 0];
  for (const [bucket, count] of reading.counts) {
    const lowerMs = bucket === 0 ? 0 : (reading.edgesMs[bucket - 1] ?? 0);
    samples += count;
    if (lowerMs >= aboveMs * (1 - 1e-9)) failures += count;
  }
  return { samples, failures };
}
