import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/model/run-record.ts';
import { buildExposure, describeExposure } from '../../src/report/report-findings.ts';
import { listUnmeasured, openCounts } from '../../src/report/report-unmeasured.ts';
import { succeededRun } from '../fixtures/run-records.ts';

/** Every second of a run that was counted without a break. */
function counted(change: (point: RunRecord['counts'][number], index: number) => RunRecord['counts']): RunRecord {
  const record = succeededRun();
  const { counts, steps } = record;
  const bake = steps.find(({ step }) => step.kind === 'bake');
  const inBake = counts.filter(({ fromMs }) => fromMs >= (bake?.startedAtMs ?? 0) && fromMs < (bake?.endedAtMs ?? 0));
  return { ...record, counts: inBake.flatMap(change) };
}

describe('time that nobody counted', () => {
  it('is nothing where every second is on record', () => {
    const record = counted((point) => [point]);
    expect(listUnmeasured(record)).toEqual([]);
    expect(describeExposure(buildExposure(record))).toMatch(/^25,200 requests of users .* explains\. No connection/);
  });

  it('is what lies between two counts', () => {
    const record = counted((point, index) => (index >= 10 && index < 40 ? [] : [point]));
    const [gap, ...others] = listUnmeasured(record);
    expect(others).toEqual([]);
    expect(gap).toMatchObject({ whose: 'everybody', events: [record.counts[9]?.seq, record.counts[10]?.seq] });
    expect((gap?.toMs ?? 0) - (gap?.fromMs ?? 0)).toBe(30_000);
    expect(openCounts(record)[0]?.why).toBe('not counted for 30s: the metrics source did not tell of this time');
    expect(describeExposure(buildExposure(record))).toMatch(/^At least 25,200 .* Those of 30s were not counted\. No/);
  });

  it('is also when only stable is counted although the candidate must have had users', () => {
    const unseen = { canary: { requests: 0, failures: 0 }, p99CanaryMs: null };
    const record = counted((point, index) => [index >= 5 && index < 9 ? { ...point, ...unseen } : point]);
    expect(listUnmeasured(record)).toMatchObject([
      { whose: 'candidate', events: [record.counts[5]?.seq, record.counts[8]?.seq] },
    ]);
    // A few users more or less may well have been none.
    const few = { ...unseen, baseline: { requests: 20, failures: 0 } };
    expect(listUnmeasured(counted((point, index) => [index === 5 ? { ...point, ...few } : point]))).toEqual([]);
  });
});
