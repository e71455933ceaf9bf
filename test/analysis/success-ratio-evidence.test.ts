import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countsBound } from '../../src/analysis/counts-information.ts';
import { lnSafetyOf } from '../../src/analysis/error-rate-evidence.ts';
import { divergence } from '../../src/analysis/information-bound.ts';
import { emptyRestartMixture, lnEvidenceOf } from '../../src/analysis/restart-mixture.ts';
import {
  advanceSuccessHarm,
  advanceSuccessSafety,
  estimateSuccessRatio,
  noSuccessSafety,
  projectOnRatio,
  type SuccessPair,
  successInformation,
} from '../../src/analysis/success-ratio-evidence.ts';
import { seededRandom } from './seeded-random.ts';

const pair = (n1: number, s: number, n0: number, f: number): SuccessPair => ({
  canary: { events: s, opportunities: n1 },
  baseline: { events: f, opportunities: n0 },
});
const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const inner = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const least = fc.double({ min: 0.05, max: 0.98, noNaN: true });
const size = fc.record({ n1: fc.integer({ min: 1, max: 9 }), n0: fc.integer({ min: 1, max: 9 }) });
const overdispersion = fc.constantFrom(1, 1, 1.7, 12);

describe('the projection', () => {
  it('is the nearest point of the boundary', () => {
    fc.assert(
      fc.property(size, inner, inner, least, (n, theta0, theta1, limit) => {
        const q = projectOnRatio(n, { theta0, theta1 }, limit);
        expect(q).toBeGreaterThan(0);
        expect(q).toBeLessThan(1);
        const distance = (at: number): number => n.n0 * divergence(theta0, at) + n.n1 * divergence(theta1, limit * at);
        for (const other of [q * 0.99, q * 0.9999, q + (1 - q) * 1e-4, q + (1 - q) * 0.01]) {
          expect(distance(q)).toBeLessThanOrEqual(distance(other) + 1e-9);
        }
      }),
      { numRuns: 300, seed: 61 },
    );
  });
});

function chance(n: number, k: number, p: number): number {
  let ways = 1;
  for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
  return ways * p ** k * (1 - p) ** (n - k);
}

function meanOver(n: { n1: number; n0: number }, p: { p1: number; p0: number }, lnE: (pair: SuccessPair) => number) {
  let mean = 0;
  for (let s = 0; s <= n.n1; s++) {
    for (let f = 0; f <= n.n0; f++) {
      const weight = chance(n.n1, s, p.p1) * chance(n.n0, f, p.p0);
      if (weight > 0) mean += weight * Math.exp(lnE(pair(n.n1, s, n.n0, f)));
    }
  }
  return mean;
}

describe('at every point of the null the mean is at most 1', () => {
  it('for harm', () => {
    fc.assert(
      fc.property(size, ratio, ratio, inner, fc.tuple(least, overdispersion), (n, p0, more, theta0, [limit, phi]) => {
        const lnE = (one: SuccessPair): number =>
          lnEvidenceOf(
            advanceSuccessHarm(
              emptyRestartMixture,
              { ...one, atMs: 0, weightChanged: false, theta0 },
              { least: limit, overdispersion: phi },
            ),
          );
        const p1 = limit * p0 + (1 - limit * p0) * more;
        expect(meanOver(n, { p1, p0 }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 400, seed: 62 },
    );
  });

  it('for safety', () => {
    fc.assert(
      fc.property(size, ratio, ratio, inner, fc.tuple(least, overdispersion), (n, p0, part, theta0, [limit, phi]) => {
        const lnE = (one: SuccessPair): number =>
          lnSafetyOf(
            advanceSuccessSafety(
              noSuccessSafety,
              { ...one, theta0 },
              { least: limit, lnLimit: 1000, overdispersion: phi },
            ),
          );
        expect(meanOver(n, { p1: limit * p0 * part, p0 }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 400, seed: 63 },
    );
  });
});

describe('what is still open', () => {
  it('is least favourable as a success of the canary and none of the baseline', () => {
    const lnE = (one: SuccessPair): number =>
      lnEvidenceOf(
        advanceSuccessHarm(emptyRestartMixture, { ...one, atMs: 0, weightChanged: false, theta0: 0.9 }, { least: 0.7 }),
      );
    expect(lnE(pair(20, 9, 100, 90))).toBeGreaterThan(lnE(pair(20, 10, 100, 90)));
    expect(lnE(pair(20, 9, 100, 91))).toBeGreaterThan(lnE(pair(20, 9, 100, 90)));
    expect(lnE(pair(4, 1, 0, 0))).toBeCloseTo(0, 12);
  });

  it('leaves the example of the docstring', () => {
    const batch = { ...pair(4, 1, 19, 19), atMs: 0, weightChanged: false, theta0: 0.99 };
    expect(lnEvidenceOf(advanceSuccessHarm(emptyRestartMixture, batch, { least: 0.7 }))).toBeCloseTo(0.7094, 4);
    expect(estimateSuccessRatio({ events: 0, opportunities: 0 })).toBe(0.5);
  });
});

/** Seconds until harm is proven at 100:1 with windows of 250 ms and 100 requests a second, 5 % of them to the canary. */
function secondsUntilHarm(random: () => number, truth: { p0: number; p1: number }, limit: number): number | null {
  let state = emptyRestartMixture;
  const seen = { events: 0, opportunities: 0 };
  for (let index = 0; index < limit * 4; index++) {
    const drawn = pair(0, 0, 0, 0);
    for (let i = 0; i < 25; i++) {
      const isCanary = random() < 0.05;
      const arm = isCanary ? drawn.canary : drawn.baseline;
      arm.opportunities += 1;
      if (random() < (isCanary ? truth.p1 : truth.p0)) arm.events += 1;
    }
    const theta0 = estimateSuccessRatio(seen);
    state = advanceSuccessHarm(state, { ...drawn, atMs: index * 250, weightChanged: false, theta0 }, { least: 0.7 });
    seen.events += drawn.baseline.events;
    seen.opportunities += drawn.baseline.opportunities;
    if (lnEvidenceOf(state) >= Math.log(100)) return (index + 1) / 4;
  }
  return null;
}

describe('over a whole run', () => {
  it.each([
    [0.6, 200],
    [0.3, 1000],
  ])(
    'needs at most 1.5 times the least possible at ratio %d, and less than any test of the counts alone',
    (scale, runs) => {
      const random = seededRandom(64);
      let total = 0;
      for (let run = 0; run < runs; run++) {
        total += secondsUntilHarm(random, { p0: 0.999, p1: 0.999 * scale }, 5000) ?? Number.POSITIVE_INFINITY;
      }
      const information = successInformation({ p0: 0.999, p1: 0.999 * scale, least: 0.7, canaryShare: 0.05 });
      expect(total / runs / (Math.log(100) / information / 100)).toBeLessThanOrEqual(1.5);
      const eventsPerSecond = 99.9 * (0.95 + 0.05 * scale);
      const ofCounts = countsBound({ ratio: scale, least: 0.7, canaryShare: 0.05 }, 0.01) / eventsPerSecond;
      expect(total / runs / ofCounts).toBeLessThan(0.75);
    },
  );

  it('is rarely wrong on the limit, and never for identical versions', () => {
    const random = seededRandom(65);
    let wrong = 0;
    for (let run = 0; run < 300; run++) if (secondsUntilHarm(random, { p0: 0.8, p1: 0.56 }, 60) !== null) wrong += 1;
    expect(wrong / 300).toBeLessThanOrEqual(0.01 + 2 * Math.sqrt((0.01 * 0.99) / 300));
    for (let run = 0; run < 50; run++) expect(secondsUntilHarm(random, { p0: 0.8, p1: 0.8 }, 60)).toBeNull();
  });

  it('certifies identical versions, and then forgets', () => {
    const test = { least: 0.7, lnLimit: Math.log(20) };
    let safe: readonly number[] = noSuccessSafety;
    let windows = 0;
    while (lnSafetyOf(safe) < test.lnLimit) {
      safe = advanceSuccessSafety(safe, { ...pair(5, 5, 95, 95), theta0: 0.999 }, test);
      windows += 1;
    }
    expect(windows).toBeLessThanOrEqual(4);
    for (let index = 0; index < 100; index++) {
      safe = advanceSuccessSafety(safe, { ...pair(5, 5, 95, 95), theta0: 0.999 }, test);
    }
    expect(lnSafetyOf(safe)).toBeLessThanOrEqual(test.lnLimit + 4);
  });
});
