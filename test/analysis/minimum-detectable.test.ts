import { describe, expect, it } from 'vitest';
import { divergence, informationBound } from '../../src/analysis/information-bound.ts';
import { minimumDetectableRatio } from '../../src/analysis/minimum-detectable.ts';

const setting = { baselineRatio: 0.001, delta: 0.02, canaryShare: 0, lnLimit: Math.log(100) };

describe('minimum detectable ratio', () => {
  it('solves n·KL(p₁‖p₀ + δ) = ln(1/α)', () => {
    for (const requests of [30, 300, 3000, 30_000]) {
      const ratio = minimumDetectableRatio(requests, setting) ?? Number.NaN;
      expect(requests * divergence(ratio, 0.021)).toBeCloseTo(setting.lnLimit, 8);
      expect(ratio).toBeGreaterThan(0.021);
    }
    expect(minimumDetectableRatio(300, setting)).toBeCloseTo(0.0506, 4);
  });

  it('is the inverse of the bound when the baseline has to be learned too', () => {
    const total = informationBound({ p0: 0.001, p1: 0.1, delta: 0.02, canaryShare: 0.25 }, 0.01);
    const ratio = minimumDetectableRatio(total * 0.25, { ...setting, canaryShare: 0.25 });
    expect(ratio).toBeCloseTo(0.1, 8);
  });

  it('does not exist when not even a canary that always fails could be caught', () => {
    // One failure gives at most ln(1/0.021) = 3.86 nats, 4.6 are needed.
    expect(minimumDetectableRatio(1, setting)).toBeNull();
    expect(minimumDetectableRatio(2, setting)).not.toBeNull();
    expect(minimumDetectableRatio(0, setting)).toBeNull();
    expect(minimumDetectableRatio(1e6, { ...setting, canaryShare: 1 })).toBeNull();
    expect(minimumDetectableRatio(1e6, { ...setting, delta: 0.9995 })).toBeNull();
  });
});
