import type { RunRecord } from '../model/run-record.ts';
import { abortDecision, firstSeq, lastSeq } from './record-events.ts';
import type { ReportData } from './report-schema.ts';
import { isBreach } from './report-timeline.ts';

type Trigger = NonNullable<ReportData['rollback']>['trigger'];

/**
 * From the first second in which a request to the candidate failed to the decision, ms: at most one second too long,
 * because counts are kept by the second. Null when no failure was counted before the decision or there was none.
 */
export function detectMsOf(record: RunRecord): number | null {
  const decision = abortDecision(record);
  const first = record.counts.find((point) => point.canary.failures > 0);
  if (decision === null || first === undefined) return null;
  const ms = decision.atMs - first.fromMs;
  return ms < 0 ? null : ms;
}

/** From the decision until nothing went to the candidate, ms; null when that was not seen or it never had users. */
export function restoreMsOf(record: RunRecord): number | null {
  return record.maxWeightPercent === 0 ? null : (record.rollback?.trafficRestoredAfterMs ?? null);
}

/** What kind of thing asked for the way back, in the words of the report. */
export function classifyTrigger(record: RunRecord, trigger: string): Trigger {
  if (isBreach(record, trigger)) return 'slo-breach';
  if (trigger.startsWith('smoke')) return 'smoke-test-failure';
  if (trigger === 'person') return 'manual';
  return ['crash-loop', 'canary-exits', 'restarts', 'oom', 'unhealthy', 'gave-up'].includes(trigger)
    ? 'infrastructure'
    : 'execution-failure';
}

/** The way back as it went; null when none was begun. Pure. */
export function buildRollback(record: RunRecord): ReportData['rollback'] {
  const { rollback, outcome } = record;
  if (rollback === null) return null;
  return {
    trigger: classifyTrigger(record, rollback.trigger),
    firedBy: rollback.trigger,
    reason: rollback.reason,
    strategy: record.plan.content.strategy,
    detectMs: detectMsOf(record),
    restoreMs: restoreMsOf(record),
    durationMs: rollback.completedAtMs === null ? null : rollback.completedAtMs - rollback.startedAtMs,
    success: rollbackSuccess(record),
    smoke: smokeAfterRollback(record),
    events: [
      ...firstSeq(record, 'rollback_started'),
      ...lastSeq(record, 'traffic_restored'),
      ...(outcome === null ? [] : lastSeq(record, 'run_ended')),
    ],
  };
}

/** YES only when the traffic path was seen to be free of the candidate (or it never had traffic) and every step was done. */
function rollbackSuccess(record: RunRecord): 'YES' | 'NO' | 'UNVERIFIED' {
  if (record.outcome === 'rollback_failed') return 'NO';
  if (record.rollback?.completedAtMs === null || record.outcome === null) return 'UNVERIFIED';
  return record.maxWeightPercent === 0 || record.rollback?.trafficRestoredAtMs !== null ? 'YES' : 'UNVERIFIED';
}

export function smokeAfterRollback(record: RunRecord): 'PASS' | 'FAIL' | 'UNVERIFIED' {
  const checks = record.smoke.findLast((round) => round.on === 'rollback')?.checks ?? [];
  if (checks.some((check) => check.status === 'failed')) return 'FAIL';
  return checks.length > 0 && checks.every((check) => check.status === 'passed') ? 'PASS' : 'UNVERIFIED';
}
