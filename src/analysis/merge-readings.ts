import type { LatencyReading } from '../model/judged-window.ts';
import { sameEdges } from './latency-edges.ts';

/**
 * One reading of two. Pure. Where the edges differ (an exporter was configured anew) the earlier one is dropped, since
 * counts of different buckets cannot be added.
 *
 * Example: [[3, 1]] and [[2, 4], [3, 1]] over equal edges → [[2, 4], [3, 2]].
 */
export function mergeReadings(earlier: LatencyReading | null, later: LatencyReading): LatencyReading {
  if (earlier === null || !sameEdges(earlier.edgesMs, later.edgesMs)) return later;
  const counts = new Map(earlier.counts);
  for (const [bucket, count] of later.counts) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  return {
    edgesMs: later.edgesMs,
    counts: [...counts].sort(([a], [b]) => a - b),
    open: earlier.open + later.open,
  };
}
