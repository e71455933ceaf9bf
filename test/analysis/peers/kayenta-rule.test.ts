import { describe, expect, it } from 'vitest';
import { kayentaExample } from '../../../src/analysis/peers/kayenta-rule.ts';
import { estimateShift } from '../../../src/analysis/peers/mann-whitney.ts';
import { traceOf } from './trace.ts';

const minute = 60_000;

describe('estimateShift', () => {
  it('gives the estimate and interval of Hollander and Wolfe, table 4.1 (chorioamnion)', () => {
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const early = [1.15, 0.88, 0.9, 0.74, 1.21];
    const { estimate, low, high } = estimateShift(term, early, 0.95);
    expect(estimate).toBeCloseTo(0.305, 10);
    expect(low).toBeCloseTo(-0.15, 10);
    expect(high).toBeCloseTo(0.76, 10);
  });

  it('is worked out by hand for ten against ten', () => {
    const low = Array.from({ length: 10 }, (_, index) => (index + 1) / 10);
    const shifted = low.map((value) => value + 1);
    // 100 differences 1 + d/10, d = −9 … 9 with 10 − |d| of each; σ = √(100·21/12) = 13.23, k = 50 − 25.93 → 24.
    // Sums from below 1, 3, 6, 10, 15, 21, 28: the 24th is d = −3.
    const result = estimateShift(shifted, low, 0.95);
    expect(result.estimate).toBeCloseTo(1, 10);
    expect(result.low).toBeCloseTo(0.7, 10);
    expect(result.high).toBeCloseTo(1.3, 10);
  });

  it('corrects for ties', () => {
    // All equal: no spread of ranks, every difference is 0.
    expect(estimateShift([1, 1, 1], [1, 1, 1], 0.98)).toEqual({ estimate: 0, low: 0, high: 0 });
  });
});

describe('Kayenta by its documented behaviour', () => {
  it('fails at its first judgment, after an hour', () => {
    const { points, untilMs } = traceOf({ seconds: 7200, canary: [4, 2], baseline: [96, 0] });
    expect(kayentaExample.judge(points, untilMs)).toEqual({
      verdict: 'fail',
      atMs: 60 * minute,
      reason: 'score 0 after 60 min (failure ratio: High)',
    });
    expect(kayentaExample.judge(points, 59 * minute)).toMatchObject({ verdict: 'inconclusive', atMs: null });
  });

  it('passes equal data at the end of three hours', () => {
    const { points, untilMs } = traceOf({ seconds: 10_800, canary: [50, 1], baseline: [50, 1] });
    expect(kayentaExample.judge(points, untilMs)).toMatchObject({ verdict: 'pass', atMs: 180 * minute });
    expect(kayentaExample.judge(points, untilMs - 1)).toMatchObject({
      verdict: 'inconclusive',
      reason: 'score 100 so far, its last judgment comes after 180 min',
    });
  });

  it('fails with one metric of two, and looks upwards only', () => {
    const slow = traceOf({ seconds: 3600, canary: [5, 0], baseline: [5, 0], canaryMs: 500, baselineMs: 100 });
    expect(kayentaExample.judge(slow.points, slow.untilMs)).toMatchObject({
      verdict: 'fail',
      reason: 'score 50 after 60 min (failure ratio: Pass, p99: High)',
    });
    const quick = traceOf({ seconds: 10_800, canary: [5, 0], baseline: [5, 0], canaryMs: 100, baselineMs: 500 });
    expect(kayentaExample.judge(quick.points, quick.untilMs).verdict).toBe('pass');
  });

  it('does not judge what has no data in one arm', () => {
    const { points, untilMs } = traceOf({ seconds: 10_800, canary: [5, 5], baseline: [0, 0] });
    expect(kayentaExample.judge(points, untilMs)).toMatchObject({ verdict: 'inconclusive', atMs: null });
  });
});
