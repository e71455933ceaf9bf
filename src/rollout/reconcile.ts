import type { RunRecord } from '../model/run-record.ts';
import type { TargetState } from '../model/target.ts';
import { closesRun } from './meaning-of-promote.ts';

export type Reconciliation =
  | { act: 'nothing'; reason: string }
  /** The run ended before anything was changed; only its record is closed. */
  | { act: 'close'; reason: string }
  /** The candidate is already stable: the rest only tidies up, so go on. */
  | { act: 'finish'; reason: string }
  | { act: 'roll_back'; reason: string };

/**
 * What a new owner does with a run whose owner has gone. Nobody has watched the users since, so a half-done rollout is
 * rolled back, never continued. What the target says counts as much as what the journal says. Pure.
 */
export function reconcile(record: RunRecord, observed: TargetState): Reconciliation {
  if (record.outcome === 'rollback_failed')
    return { act: 'roll_back', reason: record.rollback?.reason ?? 'the way back failed before' };
  if (record.status === 'ended') return { act: 'nothing', reason: `the run is over: ${record.outcome}` };
  // A journal may have lost its end; the target has not.
  const placed = observed.revisions.some(
    (one) => one.revision.id === record.plan.content.revision.id && one.role === 'candidate',
  );
  const begun = placed || record.steps.some((progress) => progress.state !== 'pending');
  if (!begun && record.rollback === null)
    return { act: 'close', reason: 'the owner went away before the first step; nothing was changed' };
  if (record.rollback !== null) return { act: 'roll_back', reason: record.rollback.reason };
  if (record.damage === null && promoted(record))
    return { act: 'finish', reason: 'the candidate was already promoted' };
  return { act: 'roll_back', reason: 'the supervisor of this run went away in the middle' };
}

function promoted(record: RunRecord): boolean {
  return record.steps.some(
    (progress) =>
      progress.phase === 'forward' &&
      progress.state === 'completed' &&
      closesRun(record.plan.content.steps, progress.step),
  );
}
