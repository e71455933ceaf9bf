import type { RevisionTotals } from '../../model/target.ts';
import { type EngineView, slotOf } from './engine-view.ts';
import type { ProxyStat } from './parse-server-stat.ts';
import type { Slot } from './split-value.ts';

/** Totals of a revision out of a reading of its slot; null while it has none, or has just come into another. */
export type TellTotals = (
  view: Pick<EngineView, 'worker' | 'keys'>,
  revisionId: string,
  backend: ProxyStat,
) => RevisionTotals | null;

type Counters = {
  ended: number;
  serverErrors: number;
  serverAborts: number;
  /** Ended without an answer, as two readings in a row say. */
  silent: number;
};

type Memory = { slot: Slot; counted: Counters; silentNow: number; told: RevisionTotals };

/**
 * Reads the counters of a slot as totals of the revision that it holds, remembering what it told before. Requests count when
 * they end, also those that HAProxy answers itself and those that end without an answer. The counters are read while other
 * threads count, so that a request may seem to have ended without an answer for a moment: it counts when two readings in a
 * row say so, and no total ever falls.
 */
export function createTotalsMemory(): TellTotals {
  const memory = new Map<string, Memory>();
  return (view, revisionId, backend) => {
    const slot = slotOf(view, revisionId);
    const before = memory.get(revisionId);
    // What a slot has counted before belongs to the revision that it held then.
    if (slot === null || (before !== undefined && before.slot !== slot)) {
      memory.delete(revisionId);
      return null;
    }
    const epoch = `${view.worker.pid}:${view.worker.startedAtSeconds}`;
    const earlier = before?.told.epoch === epoch ? before : null;
    const { counted, silentNow } = read(backend, earlier);
    const failures = (earlier?.told.failures ?? 0) + newFailures(earlier?.counted ?? none, counted);
    const told = { epoch, requests: counted.ended, failures: Math.min(failures, counted.ended) };
    memory.set(revisionId, { slot, counted, silentNow, told });
    return told;
  };
}

const none: Counters = { ended: 0, serverErrors: 0, serverAborts: 0, silent: 0 };

function read({ sessions, answers, serverAborts }: ProxyStat, earlier: Memory | null) {
  const { informational = 0, ok = 0, redirect = 0, clientError = 0, serverError = 0, other = 0 } = answers ?? {};
  const answered = informational + ok + redirect + clientError + serverError + other;
  const ended = Math.max(answered, sessions.total - sessions.now);
  const silentNow = ended - answered;
  const before = earlier?.counted ?? none;
  const confirmed = Math.min(silentNow, earlier?.silentNow ?? silentNow);
  const counted: Counters = {
    ended: Math.max(ended, before.ended),
    serverErrors: serverError,
    serverAborts,
    silent: Math.max(confirmed, before.silent),
  };
  return { counted, silentNow };
}

/**
 * An answer that broke off has a good status and is seen in the aborts alone, in which most of the others count as well: what
 * came about between two readings is at least the larger of the two.
 */
function newFailures(before: Counters, now: Counters): number {
  const told = now.serverErrors - before.serverErrors + now.silent - before.silent;
  return Math.max(0, told, now.serverAborts - before.serverAborts);
}
