import type { GateDecision } from '../../model/gate-decision.ts';
import type { History } from '../../model/history.ts';
import { quoteUntrusted } from '../format.ts';
import type { NearDuplicate } from './near-duplicates.ts';
import type { Note } from './note.ts';

/** Instances that are listed for one pitfall. */
const instancesShown = 5;

/** The runs in which a pitfall was met, newest first, with what people wrote about them, and notes of no run. Pure. */
export function renderInstances(seen: readonly History[], notes: readonly Note[]): string[] {
  const shown = seen
    .slice(0, instancesShown)
    .flatMap((entry) => [
      `- ${describeRun(entry)}`,
      ...notes.filter((note) => note.runId === entry.runId).map(describeCause),
    ]);
  const general = notes.filter((note) => note.runId === null).map(describeGeneralNote);
  const more = seen.length > instancesShown ? [`- and ${seen.length - instancesShown} earlier`] : [];
  const lines = [...shown, ...more, ...general];
  return lines.length === 0 ? ['- none'] : lines;
}

export function describeRun(entry: History): string {
  const why = entry.trigger === null ? '' : ` (${entry.trigger})`;
  // Made by seatrial, and yet a file that anybody can edit.
  return quoteUntrusted(
    `${entry.endedAt.slice(0, 10)} ${entry.version} to ${entry.environment} by ${entry.strategy}: ${entry.outcome}${why}, run ${entry.runId}`,
    300,
  );
}

export function describeCause(note: Note): string {
  return `  > ${note.kind}: ${quoteText(note)} (${quoteUntrusted(note.by, 60)})`;
}

export function describeGeneralNote(note: Note): string {
  return `- note ${quoteUntrusted(note.id, 80)}:\n  > ${quoteText(note)} (${quoteUntrusted(note.by, 60)})`;
}

/** A note that belongs to no pitfall of the catalogue. */
export function describeNote(note: Note): string {
  const run = note.runId === null ? '' : `, run ${quoteUntrusted(note.runId, 40)}`;
  return `- ${note.kind} \`${quoteUntrusted(note.id, 80)}\`${run}, by ${quoteUntrusted(note.by, 60)}:\n  > ${quoteText(note)}`;
}

export function describeNearDuplicate({ like, similarity }: NearDuplicate): string {
  return `  nearly the same as \`${quoteUntrusted(like, 80)}\` (${Math.round(similarity * 100)} % alike)`;
}

/** What a person decided about the gate of a pitfall. */
export function describeDecision(decision: GateDecision, faded: boolean): string {
  const who = `${quoteUntrusted(decision.by, 80)} on ${decision.at.slice(0, 10)}`;
  if (decision.action === 'dismissed') return `**Gate dismissed**: \`${quoteUntrusted(decision.check, 64)}\` by ${who}`;
  const where = quoteUntrusted(decision.environments.join(', '), 200);
  const runs = quoteUntrusted(decision.runs.slice(0, 3).join(', '), 200);
  const fading = faded ? '; not met for 180 days, so a person may lift it: `seatrial learnings dismiss`' : '';
  return `**Gate**: \`${quoteUntrusted(decision.check, 64)}\` must pass (${where}), accepted by ${who} after runs ${runs}${fading}`;
}

function quoteText(note: Note): string {
  return quoteUntrusted(note.text, 500);
}
