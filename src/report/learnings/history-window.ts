import type { History } from '../../model/history.ts';

export const windowRuns = 50;
export const windowMs = 180 * 86_400_000;

export type HistoryWindow = {
  /** Newest first. */
  current: History[];
  /** The window before it, for comparison. */
  previous: History[];
  /** End of the newest run, ISO 8601; null when there is none. */
  asOf: string | null;
};

/** The last 50 runs of at most 180 days, and the 50 before, whatever order they come in. Rehearsals are no deploys. Pure. */
export function selectWindow(history: readonly History[]): HistoryWindow {
  const sorted = sortNewestFirst(history).filter((entry) => entry.kind !== 'rehearsal');
  const newest = sorted[0];
  if (newest === undefined) return { current: [], previous: [], asOf: null };
  const current = takeWithin(sorted, newest.endedAt);
  const rest = sorted.slice(current.length);
  const next = rest[0];
  return { current, previous: next === undefined ? [] : takeWithin(rest, next.endedAt), asOf: newest.endedAt };
}

/** By end, then run id, so that any order of files gives the same. */
export function sortNewestFirst(history: readonly History[]): History[] {
  const unique = new Map(history.map((entry) => [entry.runId, entry]));
  return [...unique.values()].sort(
    (a, b) => Date.parse(b.endedAt) - Date.parse(a.endedAt) || (a.runId < b.runId ? 1 : -1),
  );
}

function takeWithin(sorted: readonly History[], end: string): History[] {
  const oldestMs = Date.parse(end) - windowMs;
  return sorted.slice(0, windowRuns).filter((entry) => Date.parse(entry.endedAt) >= oldestMs);
}
