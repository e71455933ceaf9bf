import { describe, expect, it } from 'vitest';
import { lnGamma } from '../../src/analysis/log-gamma.ts';

describe('ln Γ', () => {
  // scipy.special.gammaln (SciPy 1.17.1).
  it.each([
    [1e-3, 6.907178885383853],
    [0.5, 0.5723649429247],
    [1, 0],
    [100, 359.1342053695754],
    [1e5, 1051287.7089736569],
    [1e7, 151180949.36947393],
  ])('of %d', (x, expected) => {
    expect(Math.abs(lnGamma(x) - expected)).toBeLessThanOrEqual(1e-13 * Math.max(100, Math.abs(expected)));
  });

  it('grows by ln x from x to x + 1', () => {
    for (const x of [0.01, 0.3, 2.5, 9.99, 10, 123.4]) {
      expect(lnGamma(x + 1) - lnGamma(x)).toBeCloseTo(Math.log(x), 10);
    }
  });
});
