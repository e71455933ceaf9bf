import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceErrorRateHarm,
  advanceErrorRateSafety,
  harmAlternatives,
  lnSafetyOf,
  noSafetyEvidence,
} from '../../src/analysis/error-rate-evidence.ts';
import { lnBatchEvidence, projectOnBoundary } from '../../src/analysis/null-projection.ts';
import { emptyRestartMixture, lnEvidenceOf } from '../../src/analysis/restart-mixture.ts';
import { oracleVectors } from './oracle-vectors.ts';

const close = (actual: number, expected: number): void => {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
};

describe('one batch', () => {
  it.each(oracleVectors.increment)('agrees with the reference for $k0/$n0 and $k1/$n1', (one) => {
    const bet = { theta0: one.theta0, theta1: one.theta1 };
    const batch = { baseline: { requests: one.n0, failures: one.k0 }, canary: { requests: one.n1, failures: one.k1 } };
    expect(Math.abs(projectOnBoundary(one, bet, one.delta) / one.q0 - 1)).toBeLessThanOrEqual(1e-9);
    close(lnBatchEvidence(batch, bet, one.delta), one.lnIncrement);
  });

  it('says nothing when nothing arrived', () => {
    const nothing = { requests: 0, failures: 0 };
    expect(lnBatchEvidence({ baseline: nothing, canary: nothing }, { theta0: 0.001, theta1: 0.1 }, 0.02)).toBe(0);
  });
});

/** Mean of the e-value of a batch when the true ratios are a and b, summed over every possible outcome. */
function meanEvidence(
  size: { n0: number; n1: number },
  truth: { a: number; b: number },
  lnE: (k0: number, k1: number) => number,
): number {
  let mean = 0;
  for (let k0 = 0; k0 <= size.n0; k0++) {
    for (let k1 = 0; k1 <= size.n1; k1++) {
      mean += chance(size.n0, k0, truth.a) * chance(size.n1, k1, truth.b) * Math.exp(lnE(k0, k1));
    }
  }
  return mean;
}

function chance(n: number, k: number, p: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
  return ways * p ** k * (1 - p) ** (n - k);
}

const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const size = fc.record({ n0: fc.integer({ min: 0, max: 9 }), n1: fc.integer({ min: 0, max: 9 }) });
const theta0 = fc.double({ min: 1e-5, max: 0.5, noNaN: true });
const delta = fc.double({ min: 0.002, max: 0.4, noNaN: true });

describe('at every point of the null the mean is at most 1', () => {
  it('for harm', () => {
    fc.assert(
      fc.property(
        size,
        ratio,
        ratio,
        theta0,
        delta,
        fc.integer({ min: 0, max: 11 }),
        (n, a, share, guess, margin, index) => {
          const b = Math.min(1, a + margin) * share;
          const theta1 = harmAlternatives(Math.min(guess, 0.96 - margin), margin)[index] ?? Number.NaN;
          const bet = { theta0: Math.min(guess, 0.96 - margin), theta1 };
          const lnE = (k0: number, k1: number): number =>
            lnBatchEvidence(
              { baseline: { requests: n.n0, failures: k0 }, canary: { requests: n.n1, failures: k1 } },
              bet,
              margin,
            );
          expect(meanEvidence(n, { a, b }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
      { numRuns: 500, seed: 8 },
    );
  });

  it('for safety', () => {
    fc.assert(
      fc.property(size, ratio, ratio, theta0, delta, (n, share, more, guess, margin) => {
        const a = (1 - margin) * share;
        const b = a + margin + (1 - a - margin) * more;
        const lnE = (k0: number, k1: number): number => {
          const batch = {
            baseline: { requests: n.n0, failures: k0 },
            canary: { requests: n.n1, failures: k1 },
            theta0: guess,
          };
          return lnSafetyOf(advanceErrorRateSafety(noSafetyEvidence, batch, { delta: margin, lnLimit: 1000 }));
        };
        expect(meanEvidence(n, { a, b }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 500, seed: 9 },
    );
  });
});

describe('a whole run with restarts', () => {
  it.each(oracleVectors.harmRun)('agrees with the reference (theta0 $theta0)', (run) => {
    let state = emptyRestartMixture;
    run.batches.forEach(([n0, k0, n1, k1], index) => {
      const batch = { baseline: { requests: n0, failures: k0 }, canary: { requests: n1, failures: k1 } };
      // One batch a second: a restart every ten batches is one every 10 s.
      state = advanceErrorRateHarm(
        state,
        { ...batch, atMs: 1_700_000_000_000 + index * 1000, weightChanged: false, theta0: run.theta0 },
        run.delta,
      );
      close(lnEvidenceOf(state), run.lnE[index] ?? Number.NaN);
    });
  });

  it('restarts at a change of weight too, and the stake stays 1', () => {
    const nothing = { requests: 0, failures: 0 };
    let state = emptyRestartMixture;
    for (let second = 0; second < 25; second++) {
      state = advanceErrorRateHarm(
        state,
        { baseline: nothing, canary: nothing, atMs: second * 1000, weightChanged: second === 7, theta0: 0.001 },
        0.02,
      );
    }
    expect(state.restarts).toBe(4);
    close(lnEvidenceOf(state), 0);
  });
});

describe('alternatives', () => {
  it('lie above the margin and below 1 whatever the margin', () => {
    fc.assert(
      fc.property(theta0, fc.double({ min: 1e-6, max: 0.5, noNaN: true }), (guess, margin) => {
        const from = Math.min(guess, 0.96 - margin);
        for (const theta1 of harmAlternatives(from, margin)) {
          expect(theta1).toBeGreaterThan(from + margin);
          expect(theta1).toBeLessThanOrEqual(0.98);
        }
      }),
      { seed: 10 },
    );
  });
});
