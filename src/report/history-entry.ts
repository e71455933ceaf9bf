import type { History } from '../model/history.ts';
import type { RunRecord } from '../model/run-record.ts';
import { median } from './format.ts';
import type { Known } from './learnings/detector.ts';
import { detectPatterns } from './learnings/pattern-detectors.ts';
import { detectPitfalls } from './learnings/pitfall-detectors.ts';
import { abortDecision } from './record-events.ts';
import { startApproval } from './report-validation.ts';
import { detectMsOf, restoreMsOf } from './rollback-facts.ts';

/**
 * The small, final record of a run that goes into the project's repository: enums, numbers, ids and dates only.
 * `commitAt` is the commit's time (ISO 8601, any offset), null when there is no commit; `known` what the project had on
 * record when the run ended; `commitTimes` those of the commits that it brought. Throws for a run that is not over.
 */
export function deriveHistory(
  record: RunRecord,
  { commitAt, known, commitTimes = [] }: { commitAt: string | null; known?: Known; commitTimes?: readonly string[] },
): History {
  const { content } = record.plan;
  if (record.outcome === null || record.endedAtMs === null) throw new Error(`run ${record.runId} is not over`);
  return {
    v: 1,
    runId: record.runId,
    service: content.service,
    environment: content.environment,
    kind: content.kind,
    strategy: content.strategy,
    version: content.revision.version,
    commit: content.revision.commit,
    fromVersion: content.stable?.version ?? null,
    fromCommit: content.stable?.commit ?? null,
    outcome: record.outcome,
    trigger: record.rollback?.trigger ?? abortDecision(record)?.decision.trigger ?? null,
    startedAt: toIso(record.startedAtMs),
    endedAt: toIso(record.endedAtMs),
    durationMs: Math.max(0, record.endedAtMs - record.startedAtMs),
    detectMs: detectMsOf(record),
    restoreMs: restoreMsOf(record),
    heldMs: heldMs(record, record.endedAtMs),
    maxWeightPercent: record.maxWeightPercent,
    requests: { canary: record.exposure?.canary.requests ?? 0, baseline: record.exposure?.baseline.requests ?? 0 },
    failedByRelease: record.exposure?.failedByRelease ?? 0,
    approval: startApproval(record)?.how ?? 'none',
    commitAt: commitAt === null ? null : toIso(Date.parse(commitAt)),
    ...summarizeChanges(commitTimes),
    verdicts: record.verdicts.map(({ metric, outcome }) => ({ metric, outcome })),
    checks: countChecks(record),
    pitfalls: detectPitfalls(record, known),
    patterns: detectPatterns(record),
    rehearsal: content.kind === 'rehearsal',
  };
}

function summarizeChanges(commitTimes: readonly string[]): Pick<History, 'changes'> {
  const middle = median(commitTimes.map((time) => Date.parse(time)));
  return middle === null ? {} : { changes: { commits: commitTimes.length, medianCommitAt: toIso(Math.round(middle)) } };
}

function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

function heldMs(record: RunRecord, endedAtMs: number): number {
  return record.holds.reduce((sum, hold) => sum + Math.max(0, (hold.toMs ?? endedAtMs) - hold.fromMs), 0);
}

function countChecks(record: RunRecord): History['checks'] {
  const counts = { passed: 0, failed: 0, skipped: 0, unknown: 0 };
  for (const check of record.preflight?.checks ?? []) counts[check.status] += 1;
  return counts;
}
