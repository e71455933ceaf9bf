import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceCountsHarm,
  advanceCountsSafety,
  type CountsWindow,
  countsIncrements,
  lnRatioEvidence,
  noCountsSafety,
} from '../../src/analysis/counts-evidence.ts';
import { countsBound } from '../../src/analysis/counts-information.ts';
import { lnSafetyOf } from '../../src/analysis/error-rate-evidence.ts';
import { logMeanExp } from '../../src/analysis/log-sum-exp.ts';
import {
  emptyRestartMixture,
  lnEvidenceOf,
  type RestartMixture,
  restartMixtureSchema,
} from '../../src/analysis/restart-mixture.ts';
import { oracleVectors } from './oracle-vectors.ts';
import { seededRandom } from './seeded-random.ts';

const window = (n1: number, s: number, n0: number, f: number): CountsWindow => ({
  canary: { events: s, opportunities: n1 },
  baseline: { events: f, opportunities: n0 },
});

describe('the mixture over smaller ratios', () => {
  it.each(oracleVectors.counts)('agrees with the reference for $canary and $baseline events', (one) => {
    const all = { ...window(one.canary, one.canary, one.baseline, one.baseline), canaryShare: one.canaryShare };
    const lnE = logMeanExp(countsIncrements(all, 0.7));
    expect(Math.abs(lnE - one.lnE)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(one.lnE)));
  });

  it('looks for harm below the limit whatever that is', () => {
    const [few] = countsIncrements(window(50, 0, 50, 50), 0.9);
    expect(few).toBeCloseTo(50 * Math.log((0.9 * 0.5 + 0.5) / ((1e-4 / 0.7) * 0.9 * 0.5 + 0.5)), 12);
    expect(countsIncrements(window(5, 5, 95, 95), 0.7)[1]).toBeCloseTo(-8.2627, 4);
    expect(countsIncrements(window(5, 5, 95, 95), 0.7)[8]).toBeCloseTo(-0.0666, 4);
  });

  it('learns nothing where one arm has no opportunities, unless the share is known', () => {
    expect(countsIncrements(window(0, 0, 20, 20), 0.7)).toEqual(Array(9).fill(0));
    expect(countsIncrements(window(20, 20, 0, 0), 0.7)).toEqual(Array(9).fill(0));
    expect(countsIncrements(window(0, 0, 0, 0), 0.7)).toEqual(Array(9).fill(0));
    expect(countsIncrements({ ...window(0, 0, 20, 20), canaryShare: 0.5 }, 0.7)[1]).toBeGreaterThan(0);
    expect(countsIncrements({ ...window(9, 9, 9, 9), canaryShare: 1 }, 0.7)).toEqual(Array(9).fill(0));
  });
});

/** Chances of 0 … n events. */
function binomial(n: number, p: number): number[] {
  const chances: number[] = [];
  let ways = 1;
  for (let k = 0; k <= n; k++) {
    chances.push(ways * p ** k * (1 - p) ** (n - k));
    ways = (ways * (n - k)) / (k + 1);
  }
  return chances;
}

/** Mean of e^lnE over every outcome of two binomial arms. */
function meanOver(size: { n1: number; n0: number }, p: { p1: number; p0: number }, lnE: (w: CountsWindow) => number) {
  const baseline = binomial(size.n0, p.p0);
  let mean = 0;
  binomial(size.n1, p.p1).forEach((chance1, s) => {
    baseline.forEach((chance0, f) => {
      const weight = chance1 * chance0;
      if (weight > 0) mean += weight * Math.exp(lnE(window(size.n1, s, size.n0, f)));
    });
  });
  return mean;
}

const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const least = fc.double({ min: 0.05, max: 0.98, noNaN: true });
const size = fc.record({ n1: fc.integer({ min: 1, max: 9 }), n0: fc.integer({ min: 1, max: 9 }) });
const overdispersion = fc.double({ min: 1, max: 20, noNaN: true });

describe('at every point of the null the mean is at most 1', () => {
  it('for harm, when an opportunity has one event or none', () => {
    fc.assert(
      fc.property(size, ratio, ratio, least, overdispersion, (n, p0, more, limit, phi) => {
        const p1 = limit * p0 + (1 - limit * p0) * more;
        const lnE = (w: CountsWindow): number =>
          lnEvidenceOf(
            advanceCountsHarm(
              emptyRestartMixture,
              { ...w, atMs: 0, weightChanged: false },
              { least: limit, overdispersion: phi },
            ),
          );
        expect(meanOver(n, { p1, p0 }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 400, seed: 21 },
    );
  });

  it('for safety, when an opportunity has one event or none', () => {
    fc.assert(
      fc.property(size, ratio, ratio, least, overdispersion, (n, p0, part, limit, phi) => {
        const lnE = (w: CountsWindow): number =>
          lnSafetyOf(advanceCountsSafety(noCountsSafety, w, { least: limit, lnLimit: 1000, overdispersion: phi }));
        expect(meanOver(n, { p1: limit * p0 * part, p0 }, lnE)).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 400, seed: 22 },
    );
  });

  it('for both, given the number of Poisson events', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        ratio,
        least,
        (events, canaryShare, place, limit) => {
          const lnMean = (truth: number, lnE: (w: CountsWindow) => number): number => {
            const theta = (truth * canaryShare) / (truth * canaryShare + 1 - canaryShare);
            const terms = binomial(events, theta).map((chance, s) =>
              chance > 0 ? chance * Math.exp(lnE({ ...window(s, s, events - s, events - s), canaryShare })) : 0,
            );
            return terms.reduce((sum, term) => sum + term, 0);
          };
          const harm = lnMean(limit / Math.max(place, 0.01), (w) => logMeanExp(countsIncrements(w, limit)));
          const safe = lnMean(limit * place, (w) =>
            lnSafetyOf(advanceCountsSafety(noCountsSafety, w, { least: limit, lnLimit: 1000 })),
          );
          expect(harm).toBeLessThanOrEqual(1 + 1e-9);
          expect(safe).toBeLessThanOrEqual(1 + 1e-9);
          // On the limit itself nothing is lost.
          expect(lnMean(limit, (w) => lnRatioEvidence(w, limit / 2, limit))).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 300, seed: 23 },
    );
  });
});

type World = { perSecond: number; canaryShare: number; ratio: number; baselineRate: number };

/** Windows of a quarter of a second: arrivals split by chance, each opportunity has its event or not. */
function createWindows(seed: number): (world: World) => CountsWindow {
  const random = seededRandom(seed);
  return ({ perSecond, canaryShare, ratio: trueRatio, baselineRate }) => {
    const drawn = window(0, 0, 0, 0);
    for (let i = 0; i < perSecond / 4; i++) {
      const isCanary = random() < canaryShare;
      const arm = isCanary ? drawn.canary : drawn.baseline;
      arm.opportunities += 1;
      if (random() < baselineRate * (isCanary ? trueRatio : 1)) arm.events += 1;
    }
    return drawn;
  };
}

const lnHundred = Math.log(100);
const stepMs = 250;

/** Windows until harm is proven, or null within `limit`. */
function windowsUntilHarm(
  draw: () => CountsWindow,
  about: { state?: RestartMixture; from?: number; limit: number; lnLimit: number },
): number | null {
  let state = about.state ?? emptyRestartMixture;
  for (let index = 0; index < about.limit; index++) {
    const atMs = ((about.from ?? 0) + index) * stepMs;
    state = advanceCountsHarm(state, { ...draw(), atMs, weightChanged: false }, { least: 0.7 });
    if (lnEvidenceOf(state) >= about.lnLimit) return index + 1;
  }
  return null;
}

describe('over a whole run', () => {
  it('hardly ever calls the limit itself harm, and identical versions never', () => {
    const windows = createWindows(31);
    const wrong = (trueRatio: number, runs: number): number => {
      let count = 0;
      for (let run = 0; run < runs; run++) {
        const draw = (): CountsWindow =>
          windows({ perSecond: 40, canaryShare: 0.25, ratio: trueRatio, baselineRate: 0.5 });
        if (windowsUntilHarm(draw, { limit: 400, lnLimit: Math.log(20) }) !== null) count += 1;
      }
      return count / runs;
    };
    expect(wrong(0.7, 300)).toBeLessThanOrEqual(0.05);
    expect(wrong(1, 100)).toBe(0);
  });

  // A known share is tight; the window's own is safe under sticky routing and costs a little where nearly every
  // opportunity has its event.
  it.each([
    { trueRatio: 0.6, runs: 200, known: true, atMost: 1.5 },
    { trueRatio: 0.3, runs: 1000, known: true, atMost: 1.5 },
    { trueRatio: 0.6, runs: 200, known: false, atMost: 1.6 },
    { trueRatio: 0.3, runs: 1000, known: false, atMost: 1.6 },
  ])('needs at most $atMost times the least possible at ratio $trueRatio (known share: $known)', (one) => {
    const { trueRatio, runs, known, atMost } = one;
    const windows = createWindows(32);
    const world = { perSecond: 100, canaryShare: 0.05, ratio: trueRatio, baselineRate: 0.999 };
    const draw = (): CountsWindow => (known ? { ...windows(world), canaryShare: 0.05 } : windows(world));
    let total = 0;
    for (let run = 0; run < runs; run++) {
      total += windowsUntilHarm(draw, { limit: 10_000, lnLimit: lnHundred }) ?? Number.POSITIVE_INFINITY;
    }
    const eventsPerWindow = (world.perSecond / 4) * world.baselineRate * (0.95 + 0.05 * trueRatio);
    const bound = countsBound({ ratio: trueRatio, least: 0.7, canaryShare: 0.05 }, 0.01) / eventsPerWindow;
    expect(total / runs / bound).toBeGreaterThan(1);
    expect(total / runs / bound).toBeLessThanOrEqual(atMost);
  });

  it('finds a fault that sets in after ten minutes of health', () => {
    const windows = createWindows(33);
    const world = { perSecond: 100, canaryShare: 0.05, ratio: 1, baselineRate: 0.999 };
    let state = emptyRestartMixture;
    for (let index = 0; index < 2400; index++) {
      state = advanceCountsHarm(
        state,
        { ...windows(world), atMs: index * stepMs, weightChanged: false },
        { least: 0.7 },
      );
    }
    expect(lnEvidenceOf(state)).toBeLessThan(0.1);
    const took = windowsUntilHarm(() => windows({ ...world, ratio: 0.3 }), {
      state,
      from: 2400,
      limit: 400,
      lnLimit: lnHundred,
    });
    expect(took).not.toBeNull();
    expect(((took ?? 0) * stepMs) / 1000).toBeLessThan(60);
  });

  it('is not fooled by a weight that changes together with the rate of both arms', () => {
    const windows = createWindows(37);
    for (let run = 0; run < 40; run++) {
      let state = emptyRestartMixture;
      for (let index = 0; index < 400; index++) {
        const early = index < 200;
        const world = { perSecond: 100, canaryShare: early ? 0.05 : 0.5, ratio: 1, baselineRate: early ? 0.9 : 0.2 };
        state = advanceCountsHarm(
          state,
          { ...windows(world), atMs: index * stepMs, weightChanged: index === 200 },
          { least: 0.7 },
        );
        expect(lnEvidenceOf(state)).toBeLessThan(lnHundred);
      }
    }
  });

  it('is not fooled by events that come in bunches when it knows of them', () => {
    const random = seededRandom(34);
    const bunched = (opportunities: number): { events: number; opportunities: number } => {
      let events = 0;
      for (let i = 0; i < opportunities / 20; i++) if (random() < 0.3) events += 20;
      return { events, opportunities };
    };
    const alarms = (phi: number): number => {
      let count = 0;
      for (let run = 0; run < 100; run++) {
        let state = emptyRestartMixture;
        let alarm = false;
        for (let index = 0; index < 200; index++) {
          const arms = { canary: bunched(20), baseline: bunched(60), canaryShare: 0.25 };
          state = advanceCountsHarm(
            state,
            { ...arms, atMs: index * 1000, weightChanged: false },
            { least: 0.7, overdispersion: phi },
          );
          alarm ||= lnEvidenceOf(state) >= lnHundred;
        }
        if (alarm) count += 1;
      }
      return count;
    };
    expect(alarms(1)).toBeGreaterThan(20);
    expect(alarms(20)).toBeLessThanOrEqual(1);
  });
});

describe('state', () => {
  it('survives JSON', () => {
    const windows = createWindows(35);
    const world = { perSecond: 100, canaryShare: 0.2, ratio: 0.8, baselineRate: 0.9 };
    let state = emptyRestartMixture;
    let safe: readonly number[] = noCountsSafety;
    for (let index = 0; index < 50; index++) {
      const one = windows(world);
      state = advanceCountsHarm(state, { ...one, atMs: index * stepMs, weightChanged: index === 9 }, { least: 0.7 });
      safe = advanceCountsSafety(safe, one, { least: 0.7, lnLimit: Math.log(20) });
    }
    expect(restartMixtureSchema.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
    expect(JSON.parse(JSON.stringify(safe))).toEqual(safe);
  });
});

describe('safety', () => {
  const test = { least: 0.7, lnLimit: Math.log(20) };

  it('certifies as many events as the baseline has, with the example of the docstring', () => {
    const seen = { ...window(65, 65, 1235, 1235), canaryShare: 0.05 };
    expect(lnSafetyOf(advanceCountsSafety(noCountsSafety, seen, test))).toBeCloseTo(3.1317, 3);
  });

  it('is kept a little above its limit, so that a good start cannot cover a later fault', () => {
    let safe: readonly number[] = noCountsSafety;
    for (let index = 0; index < 100; index++) safe = advanceCountsSafety(safe, window(50, 50, 50, 50), test);
    expect(lnSafetyOf(safe)).toBeLessThanOrEqual(test.lnLimit + 4);
    let needed = 0;
    while (lnSafetyOf(safe) >= test.lnLimit) {
      safe = advanceCountsSafety(safe, window(50, 25, 50, 50), test);
      needed += 1;
    }
    expect(needed).toBeLessThanOrEqual(3);
  });

  it('is rarely wrong on the limit', () => {
    const windows = createWindows(36);
    let wrong = 0;
    for (let run = 0; run < 300; run++) {
      let safe: readonly number[] = noCountsSafety;
      let certified = false;
      for (let index = 0; index < 200; index++) {
        safe = advanceCountsSafety(
          safe,
          windows({ perSecond: 40, canaryShare: 0.25, ratio: 0.7, baselineRate: 0.5 }),
          test,
        );
        certified ||= lnSafetyOf(safe) >= test.lnLimit;
      }
      if (certified) wrong += 1;
    }
    expect(wrong / 300).toBeLessThanOrEqual(0.05);
  });
});
