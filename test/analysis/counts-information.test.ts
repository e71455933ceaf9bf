import { describe, expect, it } from 'vitest';
import { countsBound, countsInformation } from '../../src/analysis/counts-information.ts';

describe('information of counts', () => {
  it('is the divergence of two chances, worked out by hand', () => {
    // Half the opportunities each, ratio 1/3 against 1: chance 1/4 against 1/2.
    const byHand = 0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5);
    expect(countsInformation({ ratio: 1 / 3, least: 1, canaryShare: 0.5 })).toBeCloseTo(byHand, 14);
    expect(countsInformation({ ratio: 0.6, least: 0.7, canaryShare: 0.05 })).toBeCloseTo(3.7017e-4, 8);
    expect(countsInformation({ ratio: 0.7, least: 0.7, canaryShare: 0.05 })).toBe(0);
  });

  it('bounds the number of events', () => {
    const bound = countsBound({ ratio: 0.3, least: 0.7, canaryShare: 0.05 }, 0.01);
    expect(bound).toBeCloseTo(627.14, 2);
    expect(countsBound({ ratio: 0, least: 0.7, canaryShare: 0.05 }, 0.01)).toBeCloseTo(
      Math.log(100) / -Math.log(0.95 / (0.95 + 0.7 * 0.05)),
      9,
    );
    expect(countsBound({ ratio: 0.7, least: 0.7, canaryShare: 0.05 }, 0.01)).toBe(Number.POSITIVE_INFINITY);
    expect(countsBound({ ratio: 1, least: 0.7, canaryShare: 0.05 }, 0.01)).toBe(Number.POSITIVE_INFINITY);
  });
});
