import type { History } from '../../model/history.ts';

const dayMs = 86_400_000;

/** How far back is counted: at most so many runs, none of them older than this before the newest. */
export type WindowSize = { runs: number; withinMs: number };

export const usualWindow: WindowSize = { runs: 50, withinMs: 180 * dayMs };

export type HistoryWindow = {
  /** Newest first. */
  current: History[];
  /** The window before it, for comparison. */
  previous: History[];
  /** End of the newest run, ISO 8601; null when there is none. */
  asOf: string | null;
  size: WindowSize;
};

/** The last runs and as many before them. Rehearsals are no deploys. Pure. */
export function windowOf(newestFirst: readonly History[], size: WindowSize): HistoryWindow {
  const sorted = newestFirst.filter((entry) => entry.kind !== 'rehearsal');
  const newest = sorted[0];
  if (newest === undefined) return { current: [], previous: [], asOf: null, size };
  const current = takeWithin(sorted, newest.endedAt, size);
  const rest = sorted.slice(current.length);
  const next = rest[0];
  return {
    current,
    previous: next === undefined ? [] : takeWithin(rest, next.endedAt, size),
    asOf: newest.endedAt,
    size,
  };
}

/** By end, then run id, so that any order of files gives the same. */
export function sortNewestFirst(history: readonly History[]): History[] {
  const unique = new Map(history.map((entry) => [entry.runId, { entry, endMs: Date.parse(entry.endedAt) }]));
  return [...unique.values()]
    .sort((a, b) => b.endMs - a.endMs || (a.entry.runId < b.entry.runId ? 1 : -1))
    .map(({ entry }) => entry);
}

function takeWithin(sorted: readonly History[], end: string, { runs, withinMs }: WindowSize): History[] {
  const oldestMs = Date.parse(end) - withinMs;
  return sorted.slice(0, runs).filter((entry) => Date.parse(entry.endedAt) >= oldestMs);
}
