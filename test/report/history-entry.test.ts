import { describe, expect, it } from 'vitest';
import { historySchema } from '../../src/model/history.ts';
import { deriveHistory } from '../../src/report/history-entry.ts';
import {
  abortedRun,
  allRuns,
  failedRun,
  rollbackFailedRun,
  rolledBackRun,
  runningRun,
  succeededRun,
} from '../fixtures/run-records.ts';

describe('deriveHistory', () => {
  it('fits its schema for every outcome and holds nothing that a target said', () => {
    for (const record of Object.values(allRuns())) {
      const entry = historySchema.parse(deriveHistory(record, { commitAt: '2026-11-03T12:00:00+02:00' }));
      expect(entry.commitAt).toBe('2026-11-03T10:00:00.000Z');
      expect(JSON.stringify(entry)).not.toContain('cannot find module');
    }
  });

  it('measures detection from the first second with a failed canary request, and restoring from the decision', () => {
    expect(deriveHistory(rolledBackRun(), { commitAt: null })).toMatchObject({
      outcome: 'rolled_back',
      trigger: 'error-rate',
      detectMs: 3400,
      restoreMs: 95,
      failedByRelease: 10.8,
      requests: { canary: 140, baseline: 24_000 },
      maxWeightPercent: 5,
      approval: 'client-dialog',
      commitAt: null,
      checks: { passed: 6, failed: 0, skipped: 1, unknown: 1 },
    });
  });

  it('keeps of the commits that it brought their number and the time of the middle one', () => {
    const times = ['2026-11-01T10:00:00.000Z', '2026-11-03T10:00:00.000Z', '2026-11-02T00:00:00.000Z'];
    const entry = historySchema.parse(deriveHistory(succeededRun(), { commitAt: null, commitTimes: times }));
    expect(entry.changes).toEqual({ commits: 3, medianCommitAt: '2026-11-02T00:00:00.000Z' });
    const two = deriveHistory(succeededRun(), { commitAt: null, commitTimes: times.slice(0, 2) });
    expect(two.changes).toEqual({ commits: 2, medianCommitAt: '2026-11-02T10:00:00.000Z' });
    expect(historySchema.parse(deriveHistory(succeededRun(), { commitAt: null })).changes).toBeUndefined();
  });

  it('leaves unmeasured times null', () => {
    expect(deriveHistory(succeededRun(), { commitAt: null })).toMatchObject({
      detectMs: null,
      restoreMs: null,
      trigger: null,
    });
    expect(deriveHistory(failedRun(), { commitAt: null })).toMatchObject({ detectMs: null, restoreMs: null });
    expect(deriveHistory(abortedRun(), { commitAt: null })).toMatchObject({ detectMs: null, trigger: 'person' });
    expect(deriveHistory(rollbackFailedRun(), { commitAt: null })).toMatchObject({ detectMs: 3400, restoreMs: null });
  });

  it('refuses a run that is not over', () => {
    expect(() => deriveHistory(runningRun(), { commitAt: null })).toThrow('not over');
  });
});
