import type { History } from '../../model/history.ts';
import { asSentence, plural } from '../format.ts';
import type { Catalogue, Pitfall } from './catalogue.ts';
import { selectWindow } from './history-window.ts';

export type DuePitfall = {
  id: string;
  title: string;
  impact: string;
  prevention: string[];
  /** Runs of the window in which it was seen, and runs in it. */
  seen: number;
  runs: number;
  /** ISO 8601. */
  lastSeen: string;
  /** Pre-flight check that it proposes to require; null below three times or when it has none. */
  proposedGate: string | null;
};

/** The pitfalls that a new run should think of: seen in the window, most frequent first, then most recent. Pure. */
export function duePitfalls(catalogue: Catalogue, history: readonly History[]): DuePitfall[] {
  const { current } = selectWindow(history);
  return catalogue.pitfalls
    .flatMap((pitfall) => describeDue(pitfall, current))
    .sort((a, b) => b.seen - a.seen || Date.parse(b.lastSeen) - Date.parse(a.lastSeen) || (a.id < b.id ? -1 : 1));
}

/** What pre-flight prints: one line for each, at most `limit`; empty when nothing was seen. Pure. */
export function renderDuePitfalls(due: readonly DuePitfall[], limit = 3): string {
  const lines = due.slice(0, limit).map((one) => {
    const gate = one.proposedGate === null ? '' : ` Proposed gate: gates.require: [${one.proposedGate}].`;
    return `- ${one.title} (${one.seen} of the last ${plural(one.runs, 'run')}, last ${one.lastSeen.slice(0, 10)}): ${asSentence(one.prevention[0] ?? one.impact)}${gate}`;
  });
  if (due.length > limit) lines.push(`- and ${due.length - limit} more: see .seatrial/learnings.md`);
  return lines.length === 0 ? '' : ['Seen lately in this project:', ...lines].join('\n');
}

function describeDue(pitfall: Pitfall, current: readonly History[]): DuePitfall[] {
  const seen = current.filter((entry) => entry.pitfalls.includes(pitfall.id));
  const newest = seen[0];
  if (newest === undefined) return [];
  return [
    {
      id: pitfall.id,
      title: pitfall.title,
      impact: pitfall.impact,
      prevention: pitfall.prevention,
      seen: seen.length,
      runs: current.length,
      lastSeen: newest.endedAt,
      proposedGate: seen.length >= 3 ? (pitfall.gate ?? null) : null,
    },
  ];
}
