import type { LatencyReading, Measurement, MetricQuery, Stratum, Window } from '../model/metric-source.ts';
import { cellMs, latencyBucketOf, latencyBucketUpperMs, logLatencyEdgesMs } from '../model/traffic.ts';
import type { CellStore, CellTotals } from './cell-store.ts';

export type CellReading = {
  store: CellStore;
  /** Name of the source in measurements. */
  source: string;
  /** Arrivals before this instant (Unix ms of the producer) are completely known; null while nothing was heard. */
  knownUntilMs: number | null;
  /** A request open for this long counts as failed. */
  requestTimeoutMs: number;
  /** Why newer windows are not known just now. */
  whyNotKnown: string;
  /** Strata whose requests are split by assignment, so that `newUnits` means something. */
  assigned: readonly Stratum[];
  /** Why requests of the window are not all known, however long one waits; null where they are. */
  lostWithin?(window: Window): string | null;
};

type Asked = { window: Window; revisionId: string | null };
type Counts = { failures: number; samples: number; open: number; failedUnits: number | null; newUnits: number | null };

/**
 * One figure from arrival cells. `measured` as soon as every arrival of the window is known, with what is still open told
 * apart; `no_data` when nothing arrived; `error` otherwise. Pure.
 */
export function measureCells(reading: CellReading, asked: Asked & { query: MetricQuery }): Measurement {
  const { query, window, revisionId } = asked;
  const place = { window, source: reading.source };
  if (query.kind === 'events')
    return { status: 'error', ...place, reason: `${reading.source} counts no event named ${query.name}` };
  const problem = problemWithQuery(query) ?? problemWithWindow(reading, window);
  if (problem !== null) return { status: 'error', ...place, reason: problem };
  if (revisionId === null) return { status: 'no_data', ...place, reason: 'there is no revision in this arm' };
  const totals = closeOverdue(reading, window, { revisionId, stratum: query.stratum });
  const counts = countsFor(query, totals, reading.assigned.includes(query.stratum));
  // Units that were drawn for a revision and taken by another, which had an instance ready, are something to tell.
  if (counts.samples === 0 && (counts.newUnits ?? 0) === 0)
    return {
      status: 'no_data',
      ...place,
      reason: totals.arrivals === 0 ? 'no request arrived' : 'no request has ended',
    };
  const value = counts.samples === 0 ? 0 : counts.failures / counts.samples;
  return { status: 'measured', ...place, value, ...counts };
}

/** Latencies of an arm; null where the window is not known, empty when the arm has no revision. Pure. */
export function readLatency(reading: CellReading, asked: Asked & { stratum: Stratum }): LatencyReading | null {
  const { window, revisionId, stratum } = asked;
  if (problemWithWindow(reading, window) !== null) return null;
  if (revisionId === null) return { edgesMs: logLatencyEdgesMs, counts: [], open: 0 };
  const totals = closeOverdue(reading, window, { revisionId, stratum });
  const counts = [...totals.histogram].sort(([left], [right]) => left - right);
  return { edgesMs: logLatencyEdgesMs, counts, open: openForLatency(totals) };
}

function problemWithQuery(query: MetricQuery): string | null {
  return query.kind === 'slower_than' && !(query.aboveMs > 0) ? 'the latency limit must be above 0 ms' : null;
}

/** Why the window cannot be answered for, or null. */
function problemWithWindow(reading: CellReading, window: Window): string | null {
  const { fromMs, toMs } = window;
  if (fromMs % cellMs !== 0 || toMs % cellMs !== 0 || !(toMs > fromMs))
    return `the window must be whole cells of ${cellMs} ms`;
  if (reading.knownUntilMs === null || toMs > reading.knownUntilMs) return reading.whyNotKnown;
  if (fromMs < reading.store.keptFromMs) return 'the window lies before what this source knows';
  return reading.lostWithin?.(window) ?? null;
}

/**
 * Sums, in which a request that has been open for longer than the time-out has failed at the time-out. Producers end their
 * requests themselves by then, so what is left belongs to one that has died and took its users' requests with it.
 */
function closeOverdue(
  reading: CellReading,
  window: Window,
  series: { revisionId: string; stratum: Stratum },
): CellTotals {
  const { knownUntilMs, requestTimeoutMs, store } = reading;
  const lastOverdueMs = Math.floor(((knownUntilMs ?? 0) - requestTimeoutMs) / cellMs) * cellMs;
  const closedUntilMs = Math.min(window.toMs, lastOverdueMs);
  const totals = store.sum(series, window);
  if (totals.ended === totals.arrivals || closedUntilMs <= window.fromMs) return totals;
  const closed = store.sum(series, { fromMs: window.fromMs, toMs: closedUntilMs });
  const overdue = closed.arrivals - closed.ended;
  if (overdue === 0) return totals;
  const histogram = new Map(totals.histogram);
  const timedOut = openForLatency(closed);
  if (timedOut > 0) {
    const bucket = latencyBucketOf(requestTimeoutMs);
    histogram.set(bucket, (histogram.get(bucket) ?? 0) + timedOut);
  }
  return {
    ...totals,
    ended: totals.ended + overdue,
    failed: totals.failed + overdue,
    failedUnits: totals.failedUnits + overdue,
    histogram,
  };
}

/** Every request that was not warming gets into a bucket when it ends, so those that are missing there are open. */
function openForLatency(totals: CellTotals): number {
  const inBuckets = [...totals.histogram.values()].reduce((sum, count) => sum + count, 0);
  return totals.arrivals - totals.warming - inBuckets;
}

function countsFor(query: Exclude<MetricQuery, { kind: 'events' }>, totals: CellTotals, assigned: boolean): Counts {
  const apart = { open: 0, failedUnits: null, newUnits: null };
  switch (query.kind) {
    case 'requests':
      return {
        failures: totals.failed,
        samples: totals.arrivals,
        open: totals.arrivals - totals.ended,
        failedUnits: totals.failedUnits,
        newUnits: assigned ? totals.newUnits : null,
      };
    case 'slower_than':
      return { ...apart, ...countSlower(totals.histogram, query.aboveMs) };
    case 'wrong_revision':
      return { ...apart, failures: totals.mismatched, samples: Math.max(totals.completed, totals.mismatched) };
  }
}

/**
 * Only buckets that lie wholly above the limit count as slow, so that no request is called slow that was not: the limit
 * is in effect up to one bucket (2.05 %) higher than written, and never lower.
 */
function countSlower(histogram: ReadonlyMap<number, number>, aboveMs: number): { failures: number; samples: number } {
  let failures = 0;
  let samples = 0;
  for (const [bucket, count] of histogram) {
    const lowerEdgeMs = bucket === 0 ? 0 : latencyBucketUpperMs(bucket - 1);
    samples += count;
    if (lowerEdgeMs >= aboveMs * (1 - 1e-9)) failures += count;
  }
  return { failures, samples };
}
