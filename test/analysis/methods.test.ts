import { describe, expect, it } from 'vitest';
import { advanceBadRatioHarm, advanceBadRatioSafety, noBadRatioSafety } from '../../src/analysis/bad-ratio-evidence.ts';
import { estimateBaseline } from '../../src/analysis/baseline-estimate.ts';
import { binomialInterval } from '../../src/analysis/binomial-interval.ts';
import { advanceDifference, differenceInterval, noDifferenceEvidence } from '../../src/analysis/difference-interval.ts';
import { lnSafetyOf } from '../../src/analysis/error-rate-evidence.ts';
import { informationBound } from '../../src/analysis/information-bound.ts';
import { logSumExp } from '../../src/analysis/log-sum-exp.ts';
import { moreCanaryRequests, moreRequestsAgainst } from '../../src/analysis/more-data.ts';
import { emptyRestartMixture, lnEvidenceOf } from '../../src/analysis/restart-mixture.ts';
import { oracleVectors } from './oracle-vectors.ts';
import { seededRandom } from './seeded-random.ts';

describe('information bound', () => {
  it.each(oracleVectors.bound)('agrees with the reference for $p1 at share $canaryShare', (one) => {
    expect(Math.abs(informationBound(one, one.alpha) / one.requests - 1)).toBeLessThanOrEqual(1e-9);
  });

  it('is infinite inside the margin', () => {
    expect(informationBound({ p0: 0.01, p1: 0.02, delta: 0.02, canaryShare: 0.5 }, 0.01)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe('binomial interval', () => {
  it('inverts the mixture exactly where it has a closed form', () => {
    // Without failures the upper end solves (n + 1)·(1 − p)^n = alpha.
    const [low, high] = binomialInterval({ requests: 149, failures: 0 }, 0.05);
    expect(low).toBe(0);
    expect(high).toBeCloseTo(1 - (0.05 / 150) ** (1 / 149), 9);
    expect(binomialInterval({ requests: 0, failures: 0 }, 0.05)).toEqual([0, 1]);
  });

  it('covers the truth at all times at once', () => {
    const random = seededRandom(3);
    let missed = 0;
    for (let run = 0; run < 300; run++) {
      const counts = { requests: 0, failures: 0 };
      let inside = true;
      for (let step = 0; step < 100; step++) {
        for (let request = 0; request < 10; request++) {
          counts.requests += 1;
          if (random() < 0.05) counts.failures += 1;
        }
        const [low, high] = binomialInterval(counts, 0.05);
        inside &&= low <= 0.05 && 0.05 <= high;
      }
      if (!inside) missed += 1;
    }
    expect(missed / 300).toBeLessThanOrEqual(0.05);
  });
});

describe('absolute limit', () => {
  const test = { allowedRatio: 0.01, lnLimit: Math.log(100) };

  it('proves a breach, and forgets it when it is over', () => {
    let state = advanceBadRatioHarm(
      emptyRestartMixture,
      { counts: { requests: 100, failures: 10 }, atMs: 0, weightChanged: false },
      test,
    );
    expect(lnEvidenceOf(state)).toBeGreaterThan(test.lnLimit);
    for (let second = 1; second <= 60; second++) {
      state = advanceBadRatioHarm(
        state,
        { counts: { requests: 100, failures: 0 }, atMs: second * 1000, weightChanged: false },
        test,
      );
    }
    expect(lnEvidenceOf(state)).toBeLessThan(0.1);
  });

  it('has a mean of at most 1 on the limit', () => {
    const n = 30;
    for (const allowedRatio of [0.0005, 0.01, 0.3, 0.9, 0.975, 1]) {
      let [harm, safe, ways] = [0, 0, 1];
      for (let k = 0; k <= n; k++) {
        const chance = ways * allowedRatio ** k * (1 - allowedRatio) ** (n - k);
        const counts = { requests: n, failures: k };
        const limit = { allowedRatio, lnLimit: 1000 };
        const mixture = advanceBadRatioHarm(emptyRestartMixture, { counts, atMs: 0, weightChanged: false }, limit);
        if (chance > 0) harm += chance * Math.exp(lnEvidenceOf(mixture));
        if (chance > 0) safe += chance * Math.exp(lnSafetyOf(advanceBadRatioSafety(noBadRatioSafety, counts, limit)));
        ways = (ways * (n - k)) / (k + 1);
      }
      expect(harm).toBeLessThanOrEqual(1 + 1e-9);
      expect(safe).toBeLessThanOrEqual(1 + 1e-9);
      if (allowedRatio < 0.95) expect(harm).toBeGreaterThan(1 - 1e-6);
      if (allowedRatio < 0.95) expect(safe).toBeGreaterThan(1 - 1e-6);
    }
  });

  it('bets on nothing when everything is allowed', () => {
    const batch = { counts: { requests: 10, failures: 5 }, atMs: 0, weightChanged: false };
    expect(lnEvidenceOf(advanceBadRatioHarm(emptyRestartMixture, batch, { allowedRatio: 1, lnLimit: 5 }))).toBeCloseTo(
      0,
      12,
    );
  });

  it('certifies a limit that is kept', () => {
    const state = advanceBadRatioSafety(
      noBadRatioSafety,
      { requests: 450, failures: 0 },
      { allowedRatio: 0.01, lnLimit: Math.log(20) },
    );
    expect(lnSafetyOf(state)).toBeGreaterThan(Math.log(20));
  });
});

describe('difference interval', () => {
  it('closes in on the truth from both sides', () => {
    const random = seededRandom(11);
    const seen = { baseline: { requests: 0, failures: 0 }, canary: { requests: 0, failures: 0 } };
    let evidence = noDifferenceEvidence;
    expect(differenceInterval(evidence, 0.05)).toEqual([-1, 1]);
    for (let second = 0; second < 120; second++) {
      const draw = (requests: number, p: number): { requests: number; failures: number } => {
        let failures = 0;
        for (let i = 0; i < requests; i++) if (random() < p) failures += 1;
        return { requests, failures };
      };
      const batch = { baseline: draw(75, 0.01), canary: draw(25, 0.06) };
      const theta0 = estimateBaseline(seen.baseline, { requests: 0, failures: 0 }, 0.02);
      evidence = advanceDifference(evidence, { ...batch, theta0, canarySeen: { ...seen.canary } });
      for (const arm of ['baseline', 'canary'] as const) {
        seen[arm].requests += batch[arm].requests;
        seen[arm].failures += batch[arm].failures;
      }
    }
    const [low, high] = differenceInterval(evidence, 0.05);
    expect(low).toBeGreaterThan(0.02);
    expect(low).toBeLessThanOrEqual(0.05);
    expect(high).toBeGreaterThanOrEqual(0.05);
    expect(high).toBeLessThan(0.1);
  });
});

describe('more data', () => {
  const gap = { lnHarm: 0, lnHarmLimit: Math.log(100), lnSafe: 0, lnSafeLimit: Math.log(20) };

  it('is near what a zero-error certification needs', () => {
    const arms = { baseline: { requests: 950, failures: 1 }, canary: { requests: 50, failures: 0 }, theta0: 0.001 };
    const more = moreCanaryRequests(gap, arms, 0.02) ?? 0;
    expect(more).toBeGreaterThan(150);
    expect(more).toBeLessThan(300);
  });

  it('is unknown without an arm', () => {
    const none = { requests: 0, failures: 0 };
    expect(
      moreCanaryRequests(gap, { baseline: none, canary: { requests: 9, failures: 0 }, theta0: 0.001 }, 0.02),
    ).toBeNull();
    expect(moreRequestsAgainst(gap, none, 0.01)).toBeNull();
    expect(moreRequestsAgainst(gap, { requests: 1000, failures: 0 }, 0.01)).toBeLessThan(600);
  });
});

describe('sums of logarithms', () => {
  it('do not overflow', () => {
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
    expect(logSumExp([Math.log(2), Math.log(3)])).toBeCloseTo(Math.log(5), 12);
    expect(logSumExp([5000, 5000])).toBeCloseTo(5000 + Math.log(2), 9);
  });
});
