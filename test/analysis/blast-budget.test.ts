import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlastSituation, expectedFailures, highestWeight } from '../../src/analysis/blast-budget.ts';
import { informationPerCanaryRequest } from '../../src/analysis/minimum-detectable.ts';

const none = { requests: 0, failures: 0 };
const limits = { failures: 100, delta: 0.02, alpha: 0.01, mostPercent: 100 };
const fresh: BlastSituation = { canary: none, baseline: none, perSecond: 100, leftMs: 600_000, delayMs: 15_000 };
const healthy = { canary: { requests: 300, failures: 0 }, baseline: { requests: 5700, failures: 6 } };

describe('the highest weight', () => {
  it('is that of the worked examples', () => {
    expect(highestWeight(fresh, limits)).toEqual({ weightPercent: 2.7, expectedFailures: expect.closeTo(96.96, 1) });
    expect(highestWeight({ ...fresh, ...healthy }, limits)).toEqual({
      weightPercent: 5.8,
      expectedFailures: expect.closeTo(99.5, 1),
    });
  });

  it('rises with what was seen to be good, and falls with what failed', () => {
    const seen = (requests: number, failures: number): number =>
      highestWeight({ ...fresh, ...healthy, canary: { requests, failures } }, limits).weightPercent;
    expect(seen(3000, 0)).toBeGreaterThan(seen(300, 0));
    expect(seen(300, 10)).toBeLessThan(seen(300, 0));
    expect(seen(300, 100)).toBe(0);
  });

  it('is 0 without budget or traffic, and at most what is allowed', () => {
    expect(highestWeight(fresh, { ...limits, failures: 0 })).toEqual({ weightPercent: 0, expectedFailures: 0 });
    expect(highestWeight({ ...fresh, perSecond: 0 }, limits)).toEqual({ weightPercent: 0, expectedFailures: 0 });
    expect(highestWeight(fresh, { ...limits, failures: 1e9, mostPercent: 50 }).weightPercent).toBe(50);
  });

  it('keeps inside the budget, and a little more would not', () => {
    fc.assert(
      fc.property(
        fc.record({
          perSecond: fc.double({ min: 0.1, max: 1000, noNaN: true }),
          leftMs: fc.integer({ min: 10_000, max: 3_600_000 }),
          delayMs: fc.integer({ min: 0, max: 60_000 }),
          good: fc.integer({ min: 0, max: 5000 }),
        }),
        fc.integer({ min: 1, max: 1000 }),
        ({ good, ...rest }, failures) => {
          const situation = {
            ...rest,
            canary: { requests: good, failures: 0 },
            baseline: { requests: 9000, failures: 9 },
          };
          const { weightPercent, expectedFailures: expected } = highestWeight(situation, { ...limits, failures });
          expect(expected).toBeLessThanOrEqual(failures);
          if (weightPercent < 99.8) {
            expect(expectedFailures(weightPercent + 0.11, situation, limits)).toBeGreaterThan(failures);
          }
        },
      ),
      { numRuns: 150, seed: 51 },
    );
  });
});

describe('the failures to be expected', () => {
  it('are the worst over all ratios that are not excluded, found the long way', () => {
    const situation = { ...fresh, delayMs: 0, baseline: { requests: 9900, failures: 9.9 } };
    const canaryShare = 0.05;
    const requests = (canaryShare * 100 * situation.leftMs) / 1000;
    const setting = { baselineRatio: 0.001, delta: 0.02, canaryShare, lnLimit: 1.5 * Math.log(100) };
    let worst = 0;
    for (let ratio = 0.0005; ratio < 1; ratio += 0.0005) {
      const information = ratio > 0.021 ? informationPerCanaryRequest(ratio, setting) : 0;
      const until = information > 0 ? setting.lnLimit / information : Number.POSITIVE_INFINITY;
      worst = Math.max(worst, ratio * Math.min(requests, until));
    }
    const closed = expectedFailures(5, situation, limits);
    expect(worst / closed).toBeGreaterThan(0.98);
    expect(worst / closed).toBeLessThanOrEqual(1.0001);
  });

  it('grow with the weight', () => {
    let before = 0;
    for (let percent = 1; percent <= 100; percent++) {
      const expected = expectedFailures(percent, { ...fresh, ...healthy }, limits);
      expect(expected).toBeGreaterThan(before);
      before = expected;
    }
  });
});
