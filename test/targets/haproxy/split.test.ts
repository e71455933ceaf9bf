import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSplitWeights } from '../../../src/targets/haproxy/plan-split-weights.ts';
import { parseSplit, percentOf, planSplit, renderSplit } from '../../../src/targets/haproxy/split-value.ts';

describe('planSplitWeights', () => {
  it.each([
    [5, 2, 2, 13, 247, 5],
    [1, 2, 2, 2, 198, 1],
    [99, 2, 2, 198, 2, 99],
    [0, 2, 2, 0, 256, 0],
    [100, 2, 2, 256, 0, 100],
    [50, 3, 3, 256, 256, 50],
    [25, 1, 3, 256, 256, 25],
  ])(
    'gives %d %% to %d beside %d servers by %d and %d',
    (weightPercent, candidateServers, stableServers, ...expected) => {
      const [candidateWeight, stableWeight, achievedPercent] = expected;
      const plan = planSplitWeights({ weightPercent, candidateServers, stableServers });
      expect(plan).toMatchObject({ candidateWeight, stableWeight });
      expect(plan?.achievedPercent).toBeCloseTo(achievedPercent, 9);
    },
  );

  it('says what it reaches where whole weights cannot express the share', () => {
    expect(planSplitWeights({ weightPercent: 50, candidateServers: 1, stableServers: 1000 })).toEqual({
      candidateWeight: 256,
      stableWeight: 1,
      achievedPercent: (100 * 256) / 1256,
    });
    expect(
      planSplitWeights({ weightPercent: 0.01, candidateServers: 2, stableServers: 2 })?.achievedPercent,
    ).toBeCloseTo(100 / 257, 9);
  });

  it('has no answer without the servers that it needs', () => {
    expect(planSplitWeights({ weightPercent: 5, candidateServers: 0, stableServers: 2 })).toBeNull();
    expect(planSplitWeights({ weightPercent: 5, candidateServers: 2, stableServers: 0 })).toBeNull();
    expect(planSplitWeights({ weightPercent: 0, candidateServers: 0, stableServers: 2 })).not.toBeNull();
    expect(planSplitWeights({ weightPercent: 100, candidateServers: 2, stableServers: 0 })).not.toBeNull();
    expect(planSplitWeights({ weightPercent: Number.NaN, candidateServers: 2, stableServers: 2 })).toBeNull();
    expect(planSplitWeights({ weightPercent: 101, candidateServers: 2, stableServers: 2 })).toBeNull();
  });

  it('keeps both groups above 0 and within 256, and misses groups of like size by less than a fifth of a point', () => {
    const servers = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), servers, (weightPercent, count) => {
        const plan = planSplitWeights({ weightPercent, candidateServers: count, stableServers: count });
        expect(plan).not.toBeNull();
        if (plan === null) return;
        for (const weight of [plan.candidateWeight, plan.stableWeight]) {
          expect(Number.isInteger(weight)).toBe(true);
          expect(weight).toBeGreaterThanOrEqual(1);
          expect(weight).toBeLessThanOrEqual(256);
        }
        expect(Math.abs(plan.achievedPercent - weightPercent)).toBeLessThan(0.2);
      }),
      { numRuns: 60 },
    );
  });
});

describe('planSplit', () => {
  it('counts the points of slot b, whichever slot holds the candidate', () => {
    expect(planSplit('b', 5, 'r1')).toEqual({ pointsOfB: 500, salt: 'r1' });
    expect(planSplit('a', 5, 'r1')).toEqual({ pointsOfB: 9500, salt: 'r1' });
    expect(planSplit('b', 0, 'r1').pointsOfB).toBe(0);
    expect(planSplit('a', 100, 'r1').pointsOfB).toBe(0);
    expect(planSplit('b', 0.01, 'r1').pointsOfB).toBe(1);
    expect(percentOf('a', planSplit('a', 12.34, 'x'))).toBeCloseTo(12.34, 9);
  });

  it('survives being written and read, and nothing else is a split', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/),
        (pointsOfB, salt) => {
          expect(parseSplit(renderSplit({ pointsOfB, salt }))).toEqual({ pointsOfB, salt });
        },
      ),
    );
    for (const value of ['', '500', '500:', ':r1', '10001:r1', '-1:r1', '5e2:r1', '500:r 1', '500:r1:x'])
      expect(parseSplit(value)).toBeNull();
  });
});
