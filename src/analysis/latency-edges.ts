import type { LatencyReading } from '../model/metric-source.ts';
import { logLatencyEdgesMs } from '../model/traffic.ts';

/** Edges are powers of the growth in floating point; nearer than this they are the same. */
const sameEdge = 1e-9;

/** For bucket (lo, hi] of the baseline, per bucket: which edge of the canary stands for ratio·x. */
export type EdgeMap = {
  /** Index of the first edge ≥ ratio·hi; the number of edges where there is none. */
  above: Int32Array;
  /** Index of the last edge ≤ ratio·lo; −1 where there is none. */
  below: Int32Array;
};

/** Maps every bucket (edges + 1 of them) for a ratio > 1. Pure; remembered per list of edges, since it is asked for at every look. */
export function mapEdges(edgesMs: readonly number[], ratio: number): EdgeMap {
  const known = remembered.get(edgesMs) ?? new Map<number, EdgeMap>();
  remembered.set(edgesMs, known);
  const map = known.get(ratio) ?? createEdgeMap(edgesMs, ratio);
  known.set(ratio, map);
  return map;
}

const remembered = new WeakMap<readonly number[], Map<number, EdgeMap>>();

function createEdgeMap(edgesMs: readonly number[], ratio: number): EdgeMap {
  const count = edgesMs.length;
  const above = new Int32Array(count + 1).fill(count);
  const below = new Int32Array(count + 1).fill(-1);
  let [first, next] = [0, 0];
  for (let bucket = 0; bucket < count; bucket++) {
    const scaledMs = ratio * (edgesMs[bucket] ?? 0);
    while (first < count && (edgesMs[first] ?? 0) < scaledMs * (1 - sameEdge)) first++;
    while (next < count && (edgesMs[next] ?? 0) <= scaledMs * (1 + sameEdge)) next++;
    above[bucket] = first;
    below[bucket + 1] = next - 1;
  }
  return { above, below };
}

/** Edges that two histograms have in common, ascending; the very same list where they do not differ. Pure. */
export function commonEdgesMs(one: readonly number[], other: readonly number[]): readonly number[] {
  if (sameEdges(one, other)) return one;
  const others = new Set(other);
  return one.filter((edge) => others.has(edge));
}

export function sameEdges(one: readonly number[], other: readonly number[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((edge, index) => edge === other[index]);
}

/** Name of edges for a state that is stored often: `log` stands for the 683 of the built-in source. Pure. */
export function nameEdges(edgesMs: readonly number[]): 'log' | number[] {
  return sameEdges(edgesMs, logLatencyEdgesMs) ? 'log' : [...edgesMs];
}

export function edgesOf(named: 'log' | readonly number[]): readonly number[] {
  return named === 'log' ? logLatencyEdgesMs : named;
}

/** Where open requests are put: above every edge, or in the bucket just above the greatest edge ≤ their age, or nowhere. */
export type OpenRequests = 'aboveAll' | 'leftOut' | { ageMs: number };

/**
 * Adds a reading to dense counts over `edgesMs` (one number a bucket, edges + 1 of them). The reading's edges must contain
 * `edgesMs`; buckets between two of them are put together. Changes `counts`.
 */
export function addReading(
  counts: Float64Array,
  reading: LatencyReading,
  how: { edgesMs: readonly number[]; open: OpenRequests },
): void {
  const { edgesMs, open } = how;
  const same = sameEdges(reading.edgesMs, edgesMs);
  for (const [bucket, count] of reading.counts) {
    const upperMs = reading.edgesMs[bucket] ?? Number.POSITIVE_INFINITY;
    const target = same ? Math.min(bucket, edgesMs.length) : firstAtLeast(edgesMs, upperMs);
    counts[target] = counts[target]! + count;
  }
  if (reading.open === 0 || open === 'leftOut') return;
  const target = open === 'aboveAll' ? edgesMs.length : bucketAtAge(edgesMs, open.ageMs);
  counts[target] = counts[target]! + reading.open;
}

/** Bucket whose lower edge is the greatest edge ≤ age: a request that is older will end above that edge. Pure. */
export function bucketAtAge(edgesMs: readonly number[], ageMs: number): number {
  return firstWhere(edgesMs, (edge) => edge > ageMs);
}

function firstAtLeast(edgesMs: readonly number[], ms: number): number {
  return firstWhere(edgesMs, (edge) => edge >= ms);
}

function firstWhere(edgesMs: readonly number[], holds: (edgeMs: number) => boolean): number {
  let [low, high] = [0, edgesMs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(edgesMs[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}
