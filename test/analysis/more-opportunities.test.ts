import { describe, expect, it } from 'vitest';
import { advanceCountsSafety, noCountsSafety } from '../../src/analysis/counts-evidence.ts';
import { lnSafetyOf } from '../../src/analysis/error-rate-evidence.ts';
import { moreOpportunities } from '../../src/analysis/more-opportunities.ts';

const gap = { lnHarm: 0, lnHarmLimit: Math.log(100), lnSafe: 0, lnSafeLimit: Math.log(20) };
const arms = (n1: number, s: number, n0: number, f: number) => ({
  canary: { events: s, opportunities: n1 },
  baseline: { events: f, opportunities: n0 },
});

describe('more opportunities', () => {
  it('is near what the safety test then needs', () => {
    const forecast = moreOpportunities(gap, arms(50, 50, 950, 950), { least: 0.7 }) ?? 0;
    expect(forecast).toBe(83);
    let safe: readonly number[] = noCountsSafety;
    let needed = 0;
    while (lnSafetyOf(safe) < gap.lnSafeLimit) {
      safe = advanceCountsSafety(safe, arms(1, 1, 19, 19), { least: 0.7, lnLimit: gap.lnSafeLimit });
      needed += 1;
    }
    expect(forecast / needed).toBeGreaterThan(0.5);
    expect(forecast / needed).toBeLessThan(2);
  });

  it('looks towards harm when the ratio is below the limit, and grows with dispersion', () => {
    const harm = moreOpportunities(gap, arms(200, 60, 3800, 3800), { least: 0.7 }) ?? 0;
    expect(harm).toBeGreaterThan(30);
    expect(harm).toBeLessThan(90);
    const bunched = moreOpportunities(gap, arms(200, 60, 3800, 3800), { least: 0.7, overdispersion: 5 }) ?? 0;
    expect(Math.abs(bunched - 5 * harm)).toBeLessThanOrEqual(5);
    expect(moreOpportunities({ ...gap, lnHarm: 9 }, arms(200, 60, 3800, 3800), { least: 0.7 })).toBe(0);
  });

  it('is unknown without an arm, without events, and on the limit', () => {
    expect(moreOpportunities(gap, arms(0, 0, 10, 10), { least: 0.7 })).toBeNull();
    expect(moreOpportunities(gap, arms(10, 10, 0, 0), { least: 0.7 })).toBeNull();
    expect(moreOpportunities(gap, arms(10, 0, 10, 0), { least: 0.7 })).toBeNull();
    expect(moreOpportunities(gap, arms(1e9, 0.7e9, 1e9, 1e9), { least: 0.7 })).toBeNull();
  });
});
