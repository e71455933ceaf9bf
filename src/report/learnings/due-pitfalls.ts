import { asSentence, plural } from '../format.ts';
import { assessPitfalls, type GateStanding, type StandingInput } from './pitfall-standing.ts';

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
  gate: GateStanding;
};

/** The pitfalls that a new run should think of: seen in the window, most frequent first, then most recent. Pure. */
export function duePitfalls(input: StandingInput): DuePitfall[] {
  return assessPitfalls(input)
    .flatMap(({ pitfall, seen, runs, gate }) => {
      const newest = seen[0];
      if (newest === undefined) return [];
      const { id, title, impact, prevention } = pitfall;
      return [{ id, title, impact, prevention, seen: seen.length, runs, lastSeen: newest.endedAt, gate }];
    })
    .sort((a, b) => b.seen - a.seen || Date.parse(b.lastSeen) - Date.parse(a.lastSeen) || (a.id < b.id ? -1 : 1));
}

/** What pre-flight prints: one line for each, at most `limit`; empty when nothing was seen. Pure. */
export function renderDuePitfalls(due: readonly DuePitfall[], limit = 3): string {
  const lines = due.slice(0, limit).map((one) => {
    const gate = renderGate(one);
    return `- ${one.title} (${one.seen} of the last ${plural(one.runs, 'run')}, last ${one.lastSeen.slice(0, 10)}): ${asSentence(one.prevention[0] ?? one.impact)}${gate === '' ? '' : ` ${gate}`}`;
  });
  if (due.length > limit) lines.push(`- and ${due.length - limit} more: see .seatrial/learnings.md`);
  return lines.length === 0 ? '' : ['Seen lately in this project:', ...lines].join('\n');
}

function renderGate({ id, gate }: DuePitfall): string {
  switch (gate.state) {
    case 'proposed':
      return `Proposed gate: \`${gate.check}\`; a person accepts it: seatrial learnings accept ${id}`;
    case 'accepted':
      return `It is a gate now: \`${gate.decision.check}\`.`;
    default:
      return '';
  }
}
