import type { Measurement, MetricQuery, Window } from '../model/metric-source.ts';
import { cellMs, fastAgeMs, latencyBucketUpperMs } from '../model/traffic.ts';
import type { CellStore, CellTotals, Stratum } from './cell-store.ts';

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
};

/**
 * One figure from arrival cells. `measured` only when every arrival of the window is known and, for `errors`, old enough
 * to be judged; `no_data` when that is so and nothing arrived; `error` otherwise. Pure.
 */
export function measureCells(
  reading: CellReading,
  asked: { query: MetricQuery; window: Window; revisionId: string | null },
): Measurement {
  const { query, window, revisionId } = asked;
  const place = { window, source: reading.source };
  const problem = problemWith(reading, query, window);
  if (problem !== null) return { status: 'error', ...place, reason: problem };
  if (revisionId === null) return { status: 'no_data', ...place, reason: 'there is no revision in this arm' };
  const totals = reading.store.sum({ revisionId, stratum: query.stratum }, window);
  const { failures, samples } = countsFor(query, totals, reading.requestTimeoutMs);
  if (samples === 0)
    return {
      status: 'no_data',
      ...place,
      reason: totals.arrivals === 0 ? 'no request arrived' : 'no request was completed',
    };
  return { status: 'measured', ...place, value: failures / samples, failures, samples };
}

/** Why the window cannot be answered for, or null. */
function problemWith(reading: CellReading, query: MetricQuery, window: Window): string | null {
  const { fromMs, toMs } = window;
  if (fromMs % cellMs !== 0 || toMs % cellMs !== 0 || !(toMs > fromMs))
    return `the window must be whole cells of ${cellMs} ms`;
  if (query.kind === 'errors' && query.ageMs !== fastAgeMs && query.ageMs < reading.requestTimeoutMs) {
    return `requests are judged at an age of ${fastAgeMs} ms or from ${reading.requestTimeoutMs} ms on, not at ${query.ageMs} ms`;
  }
  if (query.kind === 'slower_than' && !(query.aboveMs > 0)) return 'the latency limit must be above 0 ms';
  if (reading.knownUntilMs === null) return reading.whyNotKnown;
  const neededMs = query.kind === 'errors' ? toMs + query.ageMs : toMs;
  if (neededMs > reading.knownUntilMs) return reading.whyNotKnown;
  return fromMs < reading.store.keptFromMs ? 'the window lies before what this source knows' : null;
}

function countsFor(
  query: MetricQuery,
  totals: CellTotals,
  requestTimeoutMs: number,
): { failures: number; samples: number } {
  switch (query.kind) {
    case 'errors':
      return {
        failures: query.ageMs >= requestTimeoutMs ? totals.failed : totals.failedFast,
        samples: totals.arrivals,
      };
    case 'slower_than':
      return countSlower(totals.histogram, query.aboveMs);
    case 'wrong_revision':
      return { failures: totals.mismatched, samples: Math.max(totals.completed, totals.mismatched) };
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

/** Sparse latency histogram of an arm, by bucket; empty when the arm has no revision. Pure. */
export function readHistogram(
  store: CellStore,
  series: { revisionId: string | null; stratum: Stratum },
  window: Window,
): Array<readonly [number, number]> {
  const { revisionId, stratum } = series;
  if (revisionId === null) return [];
  return [...store.sum({ revisionId, stratum }, window).histogram].sort((left, right) => left[0] - right[0]);
}
