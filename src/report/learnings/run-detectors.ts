import type { History } from '../../model/history.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { blindTrigger, foreignTrigger } from '../../model/verdict.ts';
import { findCheck } from '../known-checks.ts';
import { smokeAfterRollback } from '../rollback-facts.ts';
import type { Detector, Known } from './detector.ts';

/** Longest time that users may stay on a candidate about which nothing is decided. */
export const longHoldMs = 60 * 60_000;

/** What practitioners meet beside the seeds' pitfalls: how the run was watched, held, repeated, and gone around. */
export const runDetectors = {
  'out-of-band-deploy': (record, known) =>
    wasChangedByOthers(record) || stableIsUnrecorded(record, known) || wasGoneAround(record, known),
  'repeated-attempt': triedAgainUnexplained,
  'held-too-long': (record) => heldWithUsersMs(record) > longHoldMs,
  'missing-baseline': hadNobodyToCompareWith,
  'canary-too-small': (record) =>
    record.decisions.some(({ decision }) => decision.trigger === 'inconclusive' || decision.trigger === 'unproven'),
  'metrics-source-silent': (record) =>
    record.holds.some((hold) => hold.trigger === blindTrigger) ||
    record.decisions.some(({ decision }) => decision.action === 'hold' && decision.trigger === blindTrigger),
  'error-budget-overdrawn': (record) => hasBegun(record) && findCheck(record, 'error-budget-left')?.status === 'failed',
  'unverified-rollback': wayBackWasNotProven,
} satisfies Record<string, Detector>;

/** Somebody changed the place during the run. */
function wasChangedByOthers(record: RunRecord): boolean {
  return (
    record.warnings.some((warning) => warning.code === 'FOREIGN_CHANGE') ||
    record.decisions.some(({ decision }) => decision.trigger === foreignTrigger)
  );
}

/** Somebody was seen to deploy by hand between the run before, of any environment, and the end of this one. */
function wasGoneAround({ startedAtMs, endedAtMs }: RunRecord, { earlier, byHand }: Known): boolean {
  const ends = earlier.filter(({ kind }) => kind !== 'rehearsal').map(({ endedAt }) => Date.parse(endedAt));
  const sinceMs = Math.max(Number.NEGATIVE_INFINITY, ...ends);
  return byHand.some(({ at }) => Date.parse(at) > sinceMs && Date.parse(at) <= (endedAtMs ?? startedAtMs));
}

/** Users were on another revision than the last recorded run had left them on. */
function stableIsUnrecorded({ plan: { content } }: RunRecord, { earlier }: Known): boolean {
  const { stable, environment, service } = content;
  const last = earlier
    .filter((entry) => entry.environment === environment && entry.service === service && entry.kind !== 'rehearsal')
    .reduce<History | null>(
      (newest, entry) => (newest === null || Date.parse(entry.endedAt) >= Date.parse(newest.endedAt) ? entry : newest),
      null,
    );
  if (stable === null || last === null) return false;
  const left = leftOn(last);
  if (left === null) return false;
  return left.commit === null || stable.commit === null
    ? left.version !== stable.version
    : left.commit !== stable.commit;
}

/** What users were on after a run; null when that is not known. */
function leftOn(entry: History): { version: string; commit: string | null } | null {
  if (entry.outcome === 'rollback_failed') return null;
  if (entry.outcome === 'succeeded' || entry.outcome === 'unverified')
    return { version: entry.version, commit: entry.commit };
  // A run that a person promoted and then stopped ends in one way or the other; only a clean way back tells.
  if (entry.outcome === 'aborted' && entry.maxWeightPercent === 100) return null;
  return entry.fromVersion === null ? null : { version: entry.fromVersion, commit: entry.fromCommit };
}

/** The same revision as in an earlier run that failed or was taken back, and nobody has written down why. */
function triedAgainUnexplained({ plan: { content } }: RunRecord, { earlier, explainedRuns }: Known): boolean {
  const { commit, version } = content.revision;
  return earlier.some(
    (entry) =>
      entry.kind === 'rollout' &&
      entry.environment === content.environment &&
      (entry.outcome === 'failed' || entry.outcome === 'rolled_back' || entry.outcome === 'rollback_failed') &&
      (commit === null ? entry.version === version : entry.commit === commit) &&
      !explainedRuns.includes(entry.runId),
  );
}

/** Time in which the run waited while the candidate had users. */
function heldWithUsersMs(record: RunRecord): number {
  const first = record.steps.find(
    ({ step, phase, startedAtMs }) =>
      phase === 'forward' &&
      startedAtMs !== null &&
      (step.kind === 'replace_batch' ||
        step.kind === 'promote' ||
        (step.kind === 'set_weight' && step.weightPercent > 0)),
  );
  const usersFromMs = first?.startedAtMs ?? null;
  if (usersFromMs === null) return 0;
  return record.holds.reduce((sum, hold) => {
    const toMs = hold.toMs ?? record.endedAtMs ?? hold.fromMs;
    return sum + Math.max(0, toMs - Math.max(hold.fromMs, usersFromMs));
  }, 0);
}

/** A canary had users, there was a stable revision, and not one of its requests was counted beside them. */
function hadNobodyToCompareWith(record: RunRecord): boolean {
  const { strategy, stable } = record.plan.content;
  if (strategy !== 'canary' || stable === null) return false;
  const beside = record.counts.filter((point) => point.weightPercent > 0 && point.weightPercent < 100);
  return beside.some((point) => point.canary.requests > 0) && beside.every((point) => point.baseline.requests === 0);
}

function hasBegun(record: RunRecord): boolean {
  return record.steps.some((progress) => progress.startedAtMs !== null);
}

/** Users were taken back, and it was not seen that they are well there. */
function wayBackWasNotProven(record: RunRecord): boolean {
  if (record.outcome !== 'rolled_back' || record.rollback === null || record.maxWeightPercent === 0) return false;
  // The way back of a first deploy is "down": there is nothing that could be well.
  if (record.plan.content.stable === null) return false;
  return record.rollback.trafficRestoredAtMs === null || smokeAfterRollback(record) !== 'PASS';
}
