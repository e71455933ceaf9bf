import { describe, expect, it } from 'vitest';
import { flaggerReadme, flaggerTutorial } from '../../../src/analysis/peers/flagger-rule.ts';
import { traceOf } from './trace.ts';

const healthy = { canary: [5, 0], baseline: [95, 0] } as const;
const half = { canary: [4, 2], baseline: [96, 0] } as const;

describe('Flagger by its documented behaviour', () => {
  it('rolls back one interval after the tenth failed check, at the eleventh minute', () => {
    const { points, untilMs } = traceOf({ seconds: 900, ...half });
    expect(flaggerReadme.judge(points, untilMs)).toEqual({
      verdict: 'fail',
      atMs: 660_000,
      reason: '10 failed checks, the last: success rate 50.00 % < 99 %',
    });
    expect(flaggerTutorial.judge(points, untilMs)).toMatchObject({ verdict: 'fail', atMs: 360_000 });
    expect(flaggerReadme.judge(points, 659_999)).toMatchObject({
      verdict: 'inconclusive',
      atMs: null,
      reason: '0 of 10 checks met, 10 failed, the limit is 10',
    });
  });

  it('promotes after interval × maxWeight / stepWeight', () => {
    const { points, untilMs } = traceOf({ seconds: 900, ...healthy });
    expect(flaggerReadme.judge(points, untilMs)).toMatchObject({ verdict: 'pass', atMs: 600_000 });
    expect(flaggerTutorial.judge(points, untilMs)).toMatchObject({ verdict: 'pass', atMs: 300_000 });
  });

  it('never lowers the counter: four bad minutes, one good, one bad', () => {
    const { points, untilMs } = traceOf(
      { seconds: 240, ...half },
      { seconds: 60, ...healthy },
      { seconds: 60, ...half },
      { seconds: 120, ...healthy },
    );
    expect(flaggerTutorial.judge(points, untilMs)).toMatchObject({ verdict: 'fail', atMs: 420_000 });
  });

  it('passes a success rate of exactly 99 % and fails one below', () => {
    const exactly = traceOf({ seconds: 300, canary: [100, 1], baseline: [100, 0] });
    expect(flaggerTutorial.judge(exactly.points, exactly.untilMs).verdict).toBe('pass');
    const below = traceOf({ seconds: 400, canary: [99, 1], baseline: [100, 0] });
    expect(flaggerTutorial.judge(below.points, below.untilMs).verdict).toBe('fail');
  });

  it('counts a minute without traffic as a failed check', () => {
    const { points, untilMs } = traceOf({ seconds: 400, canary: [0, 0], baseline: [100, 0] });
    expect(flaggerTutorial.judge(points, untilMs)).toEqual({
      verdict: 'fail',
      atMs: 360_000,
      reason: '5 failed checks, the last: no values found, the canary is not receiving traffic',
    });
  });

  it('holds p99 against 500 ms, whatever the baseline does', () => {
    const slow = traceOf({ seconds: 400, ...healthy, canaryMs: 600, baselineMs: 600 });
    expect(flaggerTutorial.judge(slow.points, slow.untilMs)).toEqual({
      verdict: 'fail',
      atMs: 360_000,
      reason: '5 failed checks, the last: request duration 599 ms > 500 ms',
    });
    const slower = traceOf({ seconds: 400, ...healthy, canaryMs: 500, baselineMs: 10 });
    expect(flaggerTutorial.judge(slower.points, slower.untilMs).verdict).toBe('pass');
  });

  it('is not asked about data coarser than its windows', () => {
    const points = [0, 300_000].map((tMs) => ({
      tMs,
      arm: 'canary' as const,
      requests: 10,
      failures: 0,
      latency: null,
    }));
    expect(flaggerReadme.judge(points, 600_000)).toEqual({
      verdict: 'inconclusive',
      atMs: null,
      reason: 'the data have one point every 300000 ms, the rule looks at windows of 60000 ms',
    });
    expect(flaggerReadme.judge([], 0)).toEqual({ verdict: 'inconclusive', atMs: null, reason: 'no data' });
  });
});
