import type { Stratum, Window } from '../model/metric-source.ts';
import { cellMs, noRequests, type TrafficCell } from '../model/traffic.ts';

export type Series = { revisionId: string; stratum: Stratum };
/** Sums over a window. `histogram` counts requests that have ended and were not warming, per latency bucket. */
export type CellTotals = Record<(typeof summed)[number], number> & {
  histogram: ReadonlyMap<number, number>;
};

const summed = [
  'arrivals',
  'ended',
  'failed',
  'failedUnits',
  'newUnits',
  'completed',
  'mismatched',
  'warming',
] as const;

export type CellStore = {
  /**
   * Takes the cell in place of an earlier one with the same revision, stratum and time. One that is older than the store
   * keeps is dropped, and so is one that takes back what is known: a producer that has restarted counts from zero.
   */
  put(cell: TrafficCell): void;
  get(series: Series, atMs: number): TrafficCell | null;
  sum(series: Series, window: Window): CellTotals;
  /** Nothing before this instant is kept: windows that begin earlier are not known. */
  readonly keptFromMs: number;
  /** Moves `keptFromMs` so that `keepMs` before `newestMs` remain; it never goes back. */
  forget(newestMs: number): void;
  readonly size: number;
};

/** Arrival cells of the last `keepMs`, per revision and stratum. The caller decides which revisions it puts in. */
export function createCellStore(keepMs: number, beginMs: number): CellStore {
  const series = new Map<string, Map<number, TrafficCell>>();
  let keptFromMs = beginMs;
  return {
    put: (cell) => {
      if (cell.atMs < keptFromMs) return;
      const key = keyOf(cell);
      const cells = series.get(key) ?? new Map<number, TrafficCell>();
      const known = cells.get(cell.atMs);
      if (known === undefined || summed.every((name) => cell[name] >= known[name])) cells.set(cell.atMs, cell);
      series.set(key, cells);
    },
    get: (of, atMs) => series.get(keyOf(of))?.get(atMs) ?? null,
    sum: (of, window) => sumCells(series.get(keyOf(of)), window),
    get keptFromMs() {
      return keptFromMs;
    },
    forget: (newestMs) => {
      const fromMs = Math.floor((newestMs - keepMs) / cellMs) * cellMs;
      if (fromMs <= keptFromMs) return;
      keptFromMs = fromMs;
      for (const [key, cells] of series) {
        for (const atMs of cells.keys()) if (atMs < keptFromMs) cells.delete(atMs);
        if (cells.size === 0) series.delete(key);
      }
    },
    get size() {
      return [...series.values()].reduce((sum, cells) => sum + cells.size, 0);
    },
  };
}

function keyOf(series: Series): string {
  return `${series.stratum} ${series.revisionId}`;
}

function sumCells(cells: ReadonlyMap<number, TrafficCell> | undefined, window: Window): CellTotals {
  const totals = { ...noRequests, histogram: new Map<number, number>() };
  if (cells === undefined) return totals;
  for (let atMs = window.fromMs; atMs < window.toMs; atMs += cellMs) {
    const cell = cells.get(atMs);
    if (cell === undefined) continue;
    for (const name of summed) totals[name] += cell[name];
    for (const [bucket, count] of cell.latency)
      totals.histogram.set(bucket, (totals.histogram.get(bucket) ?? 0) + count);
  }
  return totals;
}
