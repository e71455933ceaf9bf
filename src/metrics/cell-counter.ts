import { cellMs, latencyBucketOf, noRequests, type TrafficCell } from '../model/traffic.ts';
import type { CellStore, Series } from './cell-store.ts';

export type Ending = {
  /** Unix ms, on the clock of the arrival. */
  atMs: number;
  failed: boolean;
  /** An answer came, be it good or bad. */
  completed: boolean;
  mismatched: boolean;
};

/**
 * Counts a request in the cell in which it arrived; call what is returned when it has ended: only the first call counts.
 * Each is taken for a client of its own, as probes sent at set times are, so every failure is a unit.
 */
export function countArrival(store: CellStore, series: Series, arrivedMs: number): (ending: Ending) => void {
  const atMs = Math.floor(arrivedMs / cellMs) * cellMs;
  const arrived = cellOf(store, series, atMs);
  store.put({ ...arrived, arrivals: arrived.arrivals + 1 });
  let open = true;
  return (ending) => {
    if (!open) return;
    open = false;
    const ageMs = Math.max(0, ending.atMs - arrivedMs);
    const cell = cellOf(store, series, atMs);
    store.put({
      ...cell,
      ended: cell.ended + 1,
      failed: cell.failed + (ending.failed ? 1 : 0),
      failedUnits: cell.failedUnits + (ending.failed ? 1 : 0),
      completed: cell.completed + (ending.completed ? 1 : 0),
      mismatched: cell.mismatched + (ending.mismatched ? 1 : 0),
      latency: addToHistogram(cell.latency, latencyBucketOf(ageMs)),
    });
  };
}

function cellOf(store: CellStore, series: Series, atMs: number): TrafficCell {
  return (
    store.get(series, atMs) ?? {
      ...series,
      atMs,
      ...noRequests,
      latency: [],
    }
  );
}

function addToHistogram(latency: TrafficCell['latency'], bucket: number): TrafficCell['latency'] {
  const known = latency.some(([index]) => index === bucket);
  return known
    ? latency.map(([index, count]) => [index, index === bucket ? count + 1 : count])
    : [...latency, [bucket, 1]];
}
