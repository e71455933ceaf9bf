import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  advanceSplit,
  lnSplitOf,
  noSplitEvidence,
  renderSplit,
  type SplitEvidence,
  splitAlpha,
  splitEvidenceSchema,
} from '../../src/analysis/split-evidence.ts';
import { seededRandom } from './seeded-random.ts';

const unitsAt = (share: number, canary: number, baseline: number): SplitEvidence =>
  advanceSplit(noSplitEvidence, { canary, baseline, share });
const lnAlarm = -Math.log(splitAlpha);

describe('published and independent values', () => {
  it('agrees with the example of savvi for two groups (168 events, share 0.2)', () => {
    // savvi, examples/Multinomial.qmd at 0a2b702, "Inhomogeneous Poisson Counting Process": stops at n = 168 with
    // p = 0.04675270375081281. Its data (numpy seed 1) then hold 52 events of the second group.
    expect(Math.exp(-lnSplitOf(unitsAt(0.2, 52, 116)))).toBeCloseTo(0.04675270375081281, 12);
  });

  it('agrees with savvi 0.2.0 and ssrm-test 0.1.5 at share 0.05', () => {
    // savvi: Multinomial(0.05, [.95, .05], 100).update(...), log of .odds; ssrm_test: sequential_posteriors(
    // [[95, 5], [180, 20], [1553, 187]], [.95, .05], dirichlet_concentration=100), log_bayes_factor.
    const steps = [
      [5, 95, -0.3549096474566227],
      [20, 180, 1.4002622282056905],
      [187, 1553, 44.59122298161281],
    ] as const;
    let state = noSplitEvidence;
    for (const [canary, baseline, expected] of steps) {
      state = advanceSplit(state, { canary, baseline, share: 0.05 });
      expect(Math.abs(lnSplitOf(state) - expected)).toBeLessThanOrEqual(1e-9);
    }
  });

  it('agrees with ssrm-test 0.1.5 at share 0.5', () => {
    // sequential_posteriors([[900, 100]], [.5, .5], dirichlet_concentration=100) and [[20, 17], [18, 21], [4, 6], [18, 19]].
    expect(lnSplitOf(unitsAt(0.5, 900, 100))).toBeCloseTo(323.4995629907253, 9);
    expect(lnSplitOf(unitsAt(0.5, 60, 63))).toBeCloseTo(-0.38210892845982336, 10);
  });
});

describe('the evidence', () => {
  it('has mean 1 when the split is as asked', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 60 }), (share, n) => {
        let [mean, ways] = [0, 1];
        for (let k = 0; k <= n; k++) {
          const chance = ways * share ** k * (1 - share) ** (n - k);
          if (chance > 0) mean += chance * Math.exp(lnSplitOf(unitsAt(share, k, n - k)));
          ways = (ways * (n - k)) / (k + 1);
        }
        expect(mean).toBeCloseTo(1, 8);
      }),
      { numRuns: 200, seed: 41 },
    );
  });

  it('does not depend on how the units were handed in', () => {
    let state = noSplitEvidence;
    for (let i = 0; i < 50; i++) state = advanceSplit(state, { canary: i % 7 === 0 ? 1 : 0, baseline: 3, share: 0.1 });
    expect(state).toEqual(unitsAt(0.1, 8, 150));
  });

  it('goes on as a product when the share changes', () => {
    const first = unitsAt(0.05, 40, 500);
    const second = advanceSplit(first, { canary: 30, baseline: 80, share: 0.25 });
    expect(lnSplitOf(second)).toBeCloseTo(lnSplitOf(first) + lnSplitOf(unitsAt(0.25, 30, 80)), 10);
    const third = advanceSplit(second, { canary: 0, baseline: 0, share: 0.05 });
    expect(lnSplitOf(third)).toBeCloseTo(lnSplitOf(second), 10);
  });

  it('calls a unit on the side that should have none proof at once, and stays finite', () => {
    expect(lnSplitOf(unitsAt(0, 0, 5000))).toBe(0);
    expect(lnSplitOf(unitsAt(1, 5000, 0))).toBe(0);
    for (const state of [unitsAt(0, 1, 5000), unitsAt(1, 5000, 1)]) {
      expect(lnSplitOf(state)).toBeGreaterThan(100);
      expect(Number.isFinite(lnSplitOf(state))).toBe(true);
      const later = advanceSplit(state, { canary: 50, baseline: 950, share: 0.05 });
      expect(lnSplitOf(splitEvidenceSchema.parse(JSON.parse(JSON.stringify(later))))).toBeGreaterThan(100);
    }
  });

  it('neither underflows nor alarms for a healthy split of any size', () => {
    for (const n of [100, 1e4, 1e6, 1e9]) {
      for (const share of [0.001, 0.05, 0.5, 0.99]) {
        const lnE = lnSplitOf(unitsAt(share, n * share, n * (1 - share)));
        expect(lnE).toBeLessThanOrEqual(1e-4);
        expect(lnE).toBeGreaterThan(-20);
      }
    }
    expect(lnSplitOf(unitsAt(0.05, 0, 1e6))).toBeGreaterThan(1000);
  });
});

/** Users who come back go where they went before; new ones are drawn. */
function createUsers(
  seed: number,
  share: number,
): () => { canary: number; baseline: number; requests: [number, number] } {
  const random = seededRandom(seed);
  const known: boolean[] = [];
  return () => {
    const drawn = { canary: 0, baseline: 0 };
    const requests: [number, number] = [0, 0];
    for (let i = 0; i < 20; i++) {
      const back = known.length > 0 && random() < 0.9 ? known[Math.floor(random() ** 3 * known.length)] : undefined;
      const onCanary = back ?? random() < share;
      requests[onCanary ? 0 : 1] += 1;
      if (back !== undefined) continue;
      known.push(onCanary);
      if (onCanary) drawn.canary += 1;
      else drawn.baseline += 1;
    }
    return { ...drawn, requests };
  };
}

describe('over a whole run', () => {
  it('does not alarm for sticky users, whose requests would', () => {
    let [byUnit, byRequest] = [0, 0];
    for (let run = 0; run < 300; run++) {
      const users = createUsers(100 + run, 0.1);
      let [units, requests] = [noSplitEvidence, noSplitEvidence];
      let [unitAlarm, requestAlarm] = [false, false];
      for (let second = 0; second < 200; second++) {
        const { requests: counts, canary, baseline } = users();
        units = advanceSplit(units, { canary, baseline, share: 0.1 });
        requests = advanceSplit(requests, { canary: counts[0], baseline: counts[1], share: 0.1 });
        unitAlarm ||= lnSplitOf(units) >= lnAlarm;
        requestAlarm ||= lnSplitOf(requests) >= lnAlarm;
      }
      if (unitAlarm) byUnit += 1;
      if (requestAlarm) byRequest += 1;
    }
    expect(byUnit).toBeLessThanOrEqual(2);
    expect(byRequest).toBeGreaterThan(30);
  });

  it('finds a router that sends twice as many as asked', () => {
    const users = createUsers(7, 0.1);
    let state = noSplitEvidence;
    let drawn = 0;
    while (lnSplitOf(state) < lnAlarm && drawn < 5000) {
      const { canary, baseline } = users();
      drawn += canary + baseline;
      state = advanceSplit(state, { canary, baseline, share: 0.05 });
    }
    expect(drawn).toBeLessThan(1000);
  });
});

describe('the sentence', () => {
  it('names what was asked, what was seen, and how sure that is', () => {
    expect(renderSplit(unitsAt(0.05, 212, 1828))).toBe('asked 5 %, seen 212 of 2,040 new users = 10.4 % [8.03, 13.1]');
    expect(renderSplit(unitsAt(0.125, 0, 0))).toBe('asked 12.5 %, no new users yet');
    expect(renderSplit(noSplitEvidence)).toBe('no split was asked for yet');
    expect(renderSplit(unitsAt(0.5, 1_234_567, 1_234_567))).toContain('1,234,567 of 2,469,134');
  });
});
