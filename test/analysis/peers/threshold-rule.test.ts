import { describe, expect, it } from 'vitest';
import { thresholds } from '../../../src/analysis/peers/threshold-rule.ts';
import { traceOf } from './trace.ts';

describe('thresholds read literally', () => {
  it('needs more than two points in one minute', () => {
    const atLimit = traceOf({ seconds: 1800, canary: [50, 1], baseline: [50, 0] });
    expect(thresholds.judge(atLimit.points, atLimit.untilMs)).toEqual({
      verdict: 'pass',
      atMs: 1_800_000,
      reason: 'no figure was over its limit in 30 windows',
    });
    const above = traceOf(
      { seconds: 60, canary: [50, 1], baseline: [50, 0] },
      { seconds: 60, canary: [49, 1], baseline: [50, 0] },
    );
    expect(thresholds.judge(above.points, above.untilMs)).toEqual({
      verdict: 'fail',
      atMs: 120_000,
      reason: 'error rate 2.04 % against 0 % in one window',
    });
  });

  it('rolls back for one unlucky minute at low traffic', () => {
    const { points, untilMs } = traceOf(
      { seconds: 60, canary: [1, 0], baseline: [9, 0] },
      { seconds: 1, canary: [1, 1], baseline: [9, 0] },
      { seconds: 1, canary: [1, 1], baseline: [9, 0] },
      { seconds: 58, canary: [1, 0], baseline: [9, 0] },
    );
    expect(thresholds.judge(points, untilMs)).toMatchObject({ verdict: 'fail', atMs: 120_000 });
  });

  it('compares p99 of the two arms', () => {
    const slow = traceOf({ seconds: 60, canary: [5, 0], baseline: [5, 0], canaryMs: 125, baselineMs: 100 });
    expect(thresholds.judge(slow.points, slow.untilMs)).toEqual({
      verdict: 'fail',
      atMs: 60_000,
      reason: 'p99 125 ms against 99 ms in one window',
    });
    const little = traceOf({ seconds: 60, canary: [5, 0], baseline: [5, 0], canaryMs: 110, baselineMs: 100 });
    expect(thresholds.judge(little.points, little.untilMs).verdict).toBe('inconclusive');
  });

  it('passes over windows in which an arm is empty', () => {
    const { points, untilMs } = traceOf({ seconds: 3600, canary: [5, 5], baseline: [0, 0] });
    expect(thresholds.judge(points, untilMs)).toEqual({
      verdict: 'inconclusive',
      atMs: null,
      reason: 'nothing was over its limit in 0 of 30 windows',
    });
  });
});
