import { describe, expect, it } from 'vitest';
import { argoExample, argoStrict } from '../../../src/analysis/peers/argo-rule.ts';
import { traceOf } from './trace.ts';

const healthy = { canary: [5, 0], baseline: [95, 0] } as const;
const half = { canary: [4, 2], baseline: [96, 0] } as const;

describe('Argo Rollouts by its documented behaviour', () => {
  it('aborts with the fourth failed measurement: minutes 1, 6, 11, 16', () => {
    const { points, untilMs } = traceOf({ seconds: 1200, ...half });
    expect(argoExample.judge(points, untilMs)).toEqual({
      verdict: 'fail',
      atMs: 960_000,
      reason: 'failed (4) > failureLimit (3)',
    });
    expect(argoExample.judge(points, 959_000).verdict).toBe('inconclusive');
  });

  it('aborts at the first failed measurement with failureLimit 0', () => {
    const { points, untilMs } = traceOf({ seconds: 1200, ...half });
    expect(argoStrict.judge(points, untilMs)).toMatchObject({ verdict: 'fail', atMs: 60_000 });
    const late = traceOf({ seconds: 600, ...healthy }, { seconds: 600, ...half });
    expect(argoStrict.judge(late.points, late.untilMs)).toMatchObject({ verdict: 'fail', atMs: 660_000 });
  });

  it('counts failures in all, not in a row', () => {
    const bad = { seconds: 60, ...half };
    const good = { seconds: 240, ...healthy };
    const pause = { seconds: 300, ...healthy };
    const { points, untilMs } = traceOf(bad, good, pause, bad, good, bad, good, pause, bad);
    expect(argoExample.judge(points, untilMs)).toMatchObject({ verdict: 'fail', atMs: 1_560_000 });
  });

  it('takes exactly 95 % as a success, and ends with the steps of the rollout', () => {
    const { points, untilMs } = traceOf({ seconds: 2400, canary: [20, 1], baseline: [80, 0] });
    expect(argoExample.judge(points, untilMs)).toEqual({
      verdict: 'pass',
      atMs: 2_400_000,
      reason: '0 of 8 measurements failed, 3 are allowed',
    });
    expect(argoExample.judge(points, 2_399_000).verdict).toBe('inconclusive');
  });

  it('takes a query without a result as an error, a series that stands still as a failure', () => {
    const never = traceOf({ seconds: 400, canary: [0, 0], baseline: [100, 0] });
    expect(argoStrict.judge(never.points, never.untilMs)).toEqual({
      verdict: 'fail',
      atMs: 300_000,
      reason: '5 measurements in a row without a result',
    });
    const stopped = traceOf({ seconds: 60, ...healthy }, { seconds: 60, canary: [0, 0], baseline: [100, 0] });
    expect(argoStrict.judge(stopped.points, stopped.untilMs)).toMatchObject({
      verdict: 'fail',
      atMs: 120_000,
      reason: 'failed (1) > failureLimit (0)',
    });
  });
});
