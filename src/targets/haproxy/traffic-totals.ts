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

type Memory = { slot: Slot; silent: number; told: RevisionTotals };

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
    const now = tell(backend, before?.told.epoch === epoch ? before : null);
    const told = { epoch, requests: now.requests, failures: now.failures };
    memory.set(revisionId, { slot, silent: now.silent, told });
    return told;
  };
}

function tell({ sessions, answers, serverAborts }: ProxyStat, before: Memory | null) {
  const { informational = 0, ok = 0, redirect = 0, clientError = 0, serverError = 0, other = 0 } = answers ?? {};
  const answered = informational + ok + redirect + clientError + serverError + other;
  const ended = Math.max(answered, sessions.total - sessions.now);
  const silent = ended - answered;
  // An answer that broke off has a good status and is seen in the aborts alone, which most of the others count in as well.
  const failed = Math.max(serverError + Math.min(silent, before?.silent ?? silent), serverAborts);
  const requests = Math.max(ended, before?.told.requests ?? 0);
  return { requests, failures: Math.max(Math.min(failed, requests), before?.told.failures ?? 0), silent };
}
