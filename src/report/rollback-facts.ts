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
  const atMs = detectedAtMsOf(record);
  const first = firstFailure(record);
  if (atMs === null || first === undefined) return null;
  const ms = atMs - first.fromMs;
  return ms < 0 ? null : ms;
}

/** When the harm was decided upon (Unix ms): the same moment from which the way back is timed. Null when nothing was. */
export function detectedAtMsOf(record: RunRecord): number | null {
  return record.rollback?.detectedAtMs ?? abortDecision(record)?.atMs ?? null;
}

/** Events out of which the time to detect is made; empty when it is not known. */
export function detectEvents(record: RunRecord): number[] {
  const first = firstFailure(record);
  return detectMsOf(record) === null || first === undefined ? [] : [first.seq, ...decidedSeq(record)];
}

function decidedSeq(record: RunRecord): number[] {
  const abort = abortDecision(record);
  return record.rollback === null ? (abort === null ? [] : [abort.seq]) : firstSeq(record, 'rollback_started');
}

function firstFailure({ counts }: RunRecord): RunRecord['counts'][number] | undefined {
  return counts.find((point) => point.canary.failures > 0);
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
    cites: {
      trigger: firstSeq(record, 'rollback_started'),
      detect: detectEvents(record),
      restore: restoreMsOf(record) === null ? [] : firstSeq(record, 'traffic_restored'),
      duration: [
        ...firstSeq(record, 'rollback_started'),
        ...(rollback.completedAtMs === null ? [] : lastSeq(record, 'run_ended')),
      ],
      smoke: record.smoke
        .filter(({ on }) => on === 'rollback')
        .map(({ seq }) => seq)
        .slice(-1),
    },
    events: [
      ...firstSeq(record, 'rollback_started'),
      ...firstSeq(record, 'traffic_restored'),
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
