import { addDispersionWindow, type DispersionHistory, noDispersionHistory } from '../../analysis/overdispersion.ts';
import type { JudgedWindow, LatencyReading, WindowCounts } from '../../model/judged-window.ts';
import { logLatencyEdgesMs } from '../../model/traffic.ts';
import type { ArmCounts } from '../../model/verdict.ts';
import { type ArmRows, type Observations, unpackBucket } from './observations.ts';

/** Recorded traffic as the judge takes it. */
export type ObservedWindows = {
  /** Windows from the canary's first request on, ascending; may be gone through several times. */
  windows: Iterable<JudgedWindow>;
  /** Length of a window in ms, and whether several times of the data had to be pooled into one. */
  windowMs: number;
  pooled: boolean;
  /** What the baseline served before the canary began. */
  prior: ArmCounts;
  /** How its failures were scattered then. */
  dispersion: DispersionHistory;
  /** Some of the canary's requests have a baseline beside them; some have none. */
  hasConcurrentBaseline: boolean;
  hasUnaccompaniedCanary: boolean;
  /** The canary's part of the requests while both had some, 0–100. */
  weightPercent: number;
};

/** Length of a window when all rows have the same time. */
const loneWindowMs = 1000;
/** So many are judged within a minute or so, and a day of seconds still fits. */
const mostWindows = 100_000;

/** Windows as short as the data have them, but at least `leastMs`. Pure. */
export function observedWindows(observations: Observations, leastMs = 0): ObservedWindows {
  const { baseline, canary } = observations;
  const fromMs = canary.tMs.at(0);
  const { windowMs, pooled } = chooseWindow(observations, fromMs, leastMs);
  const priorRows = rowsBefore(baseline, fromMs);
  const between = { fromMs: Math.max(baseline.tMs.at(0), fromMs), toMs: lastTime(baseline) };
  const windows = { [Symbol.iterator]: () => eachWindow(observations, { fromMs, windowMs, priorRows, between }) };
  return {
    windows,
    windowMs,
    pooled,
    prior: sumOf(baseline, 0, priorRows),
    dispersion: dispersionOf(baseline, priorRows, windowMs),
    hasConcurrentBaseline: priorRows < baseline.tMs.length,
    hasUnaccompaniedCanary: fromMs < between.fromMs || lastTime(canary) > between.toMs,
    weightPercent: weightOf(observations, priorRows),
  };
}

function chooseWindow(
  { baseline, canary }: Observations,
  fromMs: number,
  leastMs: number,
): { windowMs: number; pooled: boolean } {
  const distanceMs = Math.min(leastDistance(canary), leastDistance(baseline), distanceBetween(canary, baseline));
  const windowMs = Math.max(leastMs, Number.isFinite(distanceMs) ? distanceMs : loneWindowMs);
  if (canary.distinctTimes + baseline.distinctTimes <= mostWindows) return { windowMs, pooled: false };
  const spanMs = Math.max(lastTime(canary), lastTime(baseline)) - fromMs;
  const pooledMs = Math.ceil(spanMs / mostWindows);
  return pooledMs > windowMs ? { windowMs: pooledMs, pooled: true } : { windowMs, pooled: false };
}

function leastDistance({ tMs }: ArmRows): number {
  let least = Number.POSITIVE_INFINITY;
  for (let row = 1; row < tMs.length; row++) {
    const distance = tMs.at(row) - tMs.at(row - 1);
    if (distance > 0 && distance < least) least = distance;
  }
  return least;
}

/** Least distance above 0 between a time of one arm and one of the other. */
function distanceBetween(left: ArmRows, right: ArmRows): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0, j = 0; i < left.tMs.length && j < right.tMs.length; ) {
    const distance = left.tMs.at(i) - right.tMs.at(j);
    if (distance !== 0 && Math.abs(distance) < least) least = Math.abs(distance);
    if (distance <= 0) i += 1;
    else j += 1;
  }
  return least;
}

function rowsBefore({ tMs }: ArmRows, timeMs: number): number {
  let rows = 0;
  while (rows < tMs.length && tMs.at(rows) < timeMs) rows += 1;
  return rows;
}

function lastTime({ tMs }: ArmRows): number {
  return tMs.at(tMs.length - 1);
}

function weightOf({ baseline, canary }: Observations, priorRows: number): number {
  const [canaryRequests, baselineRequests] = [
    sumOf(canary, 0, canary.tMs.length).requests,
    sumOf(baseline, priorRows, baseline.tMs.length).requests,
  ];
  const total = canaryRequests + baselineRequests;
  return total === 0 ? 50 : (100 * canaryRequests) / total;
}

function sumOf(rows: ArmRows, from: number, to: number): ArmCounts {
  let [requests, failures] = [0, 0];
  for (let row = from; row < to; row++) {
    requests += rows.requests.at(row);
    failures += rows.failures.at(row);
  }
  return { requests, failures };
}

function dispersionOf(rows: ArmRows, priorRows: number, windowMs: number): DispersionHistory {
  let history = noDispersionHistory;
  const slotOf = (row: number): number => Math.floor((rows.tMs.at(row) - rows.tMs.at(0)) / windowMs);
  for (let from = 0, to = 0; from < priorRows; from = to) {
    while (to < priorRows && slotOf(to) === slotOf(from)) to += 1;
    history = addDispersionWindow(history, sumOf(rows, from, to));
  }
  return history;
}

type Frame = {
  fromMs: number;
  windowMs: number;
  priorRows: number;
  /** First and last time at which the baseline was there beside the canary. */
  between: { fromMs: number; toMs: number };
};

function* eachWindow(observations: Observations, frame: Frame): Generator<JudgedWindow> {
  const { baseline, canary, latency } = observations;
  const edges = edgesOf(observations);
  let [canaryRow, baselineRow, index] = [0, frame.priorRows, -1];
  while (canaryRow < canary.tMs.length || baselineRow < baseline.tMs.length) {
    const nextMs = Math.min(timeAt(canary, canaryRow), timeAt(baseline, baselineRow));
    // Rounding must neither repeat a window nor leave the row out for which it was made.
    index = Math.max(index + 1, Math.floor((nextMs - frame.fromMs) / frame.windowMs));
    const fromMs = frame.fromMs + index * frame.windowMs;
    const toMs = frame.fromMs + (index + 1) * frame.windowMs;
    const isInside = (tMs: number): boolean => tMs < toMs || tMs === nextMs;
    const canaryEnd = rowsWhile(canary, canaryRow, isInside);
    const baselineEnd = rowsWhile(baseline, baselineRow, isInside);
    yield {
      fromMs,
      toMs,
      settled: true,
      concurrent: toMs > frame.between.fromMs && fromMs <= frame.between.toMs,
      canary: countsOf(canary, canaryRow, canaryEnd),
      baseline: countsOf(baseline, baselineRow, baselineEnd),
      latency:
        latency === null
          ? null
          : {
              canary: readingOf(canary, { from: canaryRow, to: canaryEnd, edges }),
              baseline: readingOf(baseline, { from: baselineRow, to: baselineEnd, edges }),
            },
    };
    [canaryRow, baselineRow] = [canaryEnd, baselineEnd];
  }
}

function timeAt({ tMs }: ArmRows, row: number): number {
  return row < tMs.length ? tMs.at(row) : Number.POSITIVE_INFINITY;
}

function rowsWhile({ tMs }: ArmRows, from: number, isInside: (tMs: number) => boolean): number {
  let row = from;
  while (row < tMs.length && isInside(tMs.at(row))) row += 1;
  return row;
}

function countsOf(rows: ArmRows, from: number, to: number): WindowCounts {
  let units: number | null = 0;
  for (let row = from; row < to && units !== null; row++) {
    const failedUnits = rows.failedUnits.at(row);
    units = Number.isNaN(failedUnits) ? null : units + failedUnits;
  }
  return { ...sumOf(rows, from, to), open: 0, failedUnits: units, newUnits: null };
}

/** Edges ascending, and for each number that the rows have the bucket that it means. */
type Edges = { edgesMs: readonly number[]; bucketOf: (stored: number) => number };

function edgesOf({ latency, edgesMs }: Observations): Edges {
  if (latency !== 'buckets') return { edgesMs: logLatencyEdgesMs, bucketOf: (bucket) => bucket };
  const sorted = edgesMs.filter(Number.isFinite).sort((a, b) => a - b);
  const places = new Map(sorted.map((edgeMs, index) => [edgeMs, index]));
  const buckets = edgesMs.map((edgeMs) => places.get(edgeMs) ?? sorted.length);
  return { edgesMs: sorted, bucketOf: (stored) => buckets[stored] ?? sorted.length };
}

function readingOf(rows: ArmRows, about: { from: number; to: number; edges: Edges }): LatencyReading {
  const { from, to, edges } = about;
  const counts = new Map<number, number>();
  const end = to === 0 ? 0 : rows.latencyEnd.at(to - 1);
  for (let entry = from === 0 ? 0 : rows.latencyEnd.at(from - 1); entry < end; entry++) {
    const stored = unpackBucket(rows.latency.at(entry));
    const bucket = edges.bucketOf(stored.bucket);
    counts.set(bucket, (counts.get(bucket) ?? 0) + stored.count);
  }
  return { edgesMs: edges.edgesMs, counts: [...counts].sort(([a], [b]) => a - b), open: 0 };
}

/** Upper edge in ms of the bucket below which the share `quantile` of an arm's requests until `untilMs` ended; null: unknown. Pure. */
export function observedQuantile(
  observations: Observations,
  arm: 'baseline' | 'canary',
  { untilMs, quantile }: { untilMs: number; quantile: number },
): number | null {
  const rows = observations[arm];
  if (observations.latency === null) return null;
  const to = rowsWhile(rows, 0, (tMs) => tMs < untilMs);
  const { edgesMs, counts } = readingOf(rows, { from: 0, to, edges: edgesOf(observations) });
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  let below = 0;
  for (const [bucket, count] of counts) {
    below += count;
    if (below >= quantile * total) return edgesMs[bucket] ?? edgesMs.at(-1) ?? null;
  }
  return null;
}
