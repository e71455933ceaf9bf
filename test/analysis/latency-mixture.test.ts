import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { harmBets, safetyBets } from '../../src/analysis/latency-bets.ts';
import {
  createLatencyMixture,
  type LatencyMixture,
  lnLatencyMixture,
  type TailBet,
} from '../../src/analysis/latency-mixture.ts';

const number = z.number();
const { quantile: cases } = z
  .object({
    quantile: z.array(
      z.object({
        k0: number,
        n0: number,
        k1: number,
        n1: number,
        pi: number,
        lnG0: number,
        lnG1: number,
        lnSafe: number,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(new URL('../fixtures/oracle-vectors.json', import.meta.url), 'utf8')));

const up = [1.25, 1.5, 2, 3, 5, 10, 25, 60];
const low = [1e-4, 0.1, 0.25, 0.5, 0.75];

function on(arm: 'baseline' | 'canary', multiples: readonly number[], weight = 1): TailBet[] {
  const [pi, other] = [0.01, arm === 'baseline' ? 'canary' : 'baseline'];
  return multiples.map(
    (multiple) =>
      ({
        baseline: pi,
        canary: pi,
        weight: weight / multiples.length,
        [other]: pi,
        [arm]: multiple * pi,
      }) satisfies TailBet,
  );
}

describe('mixture of tails', () => {
  it.each(cases)(
    'agrees with the reference for $k0 of $n0 and $k1 of $n1',
    ({ k0, n0, k1, n1, pi, lnG0, lnG1, lnSafe }) => {
      const counts = { slowBaseline: k0, baseline: n0, slowCanary: k1, canary: n1 };
      const keptBack = on('baseline', [1], 0.5);
      const baseline = createLatencyMixture(pi, [
        ...keptBack,
        ...on('baseline', up, 0.25),
        ...on('baseline', low, 0.25),
      ]);
      const expectNear = (mixture: LatencyMixture, value: number): void =>
        expect(Math.abs(lnLatencyMixture(mixture, counts) - value)).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(value)),
        );
      expectNear(baseline, lnG0);
      expectNear(createLatencyMixture(pi, on('canary', up)), lnG1);
      expectNear(createLatencyMixture(pi, on('canary', low)), lnSafe);
    },
  );

  it('neither overflows nor underflows', () => {
    const mixture = createLatencyMixture(0.01, on('canary', up));
    expect(lnLatencyMixture(mixture, { slowBaseline: 0, baseline: 0, slowCanary: 1e6, canary: 1e6 })).toBeGreaterThan(
      1e6,
    );
    const none = lnLatencyMixture(mixture, { slowBaseline: 0, baseline: 0, slowCanary: 0, canary: 1e6 });
    expect(none).toBeLessThan(-1e3);
    expect(Number.isFinite(none)).toBe(true);
  });
});

describe.each([0.5, 0.9, 0.99, 0.999])('bets at the quantile %d', (quantile) => {
  it('stake exactly 1, and each arm on one side only', () => {
    for (const bets of [harmBets(quantile), safetyBets(quantile)]) {
      const stake = bets.mixture.lnWeight.reduce((sum, lnWeight) => sum + Math.exp(lnWeight), 0);
      expect(stake).toBeCloseTo(1, 12);
      expect(bets.canaryOnly.lnWeight.length).toBeGreaterThan(0);
    }
    const signs = (mixture: LatencyMixture, offset: number): number[] =>
      [...mixture.lnWeight].map((_, bet) => Math.sign(mixture.lnFactors[4 * bet + offset] ?? 0));
    expect(Math.max(...signs(harmBets(quantile).mixture, 0))).toBeLessThanOrEqual(0);
    expect(Math.min(...signs(harmBets(quantile).mixture, 2))).toBeGreaterThanOrEqual(0);
    expect(Math.min(...signs(safetyBets(quantile).mixture, 0))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...signs(safetyBets(quantile).mixture, 2))).toBeLessThanOrEqual(0);
  });

  it('have a mean of 1 at the boundary, summed over all outcomes', () => {
    const n = 12;
    const tail = 1 - quantile;
    const chance = (k: number): number => {
      let ways = 1;
      for (let i = 0; i < k; i++) ways = (ways * (n - i)) / (i + 1);
      return ways * tail ** k * quantile ** (n - k);
    };
    for (const bets of [harmBets(quantile), safetyBets(quantile)]) {
      let mean = 0;
      for (let k0 = 0; k0 <= n; k0++)
        for (let k1 = 0; k1 <= n; k1++) {
          const counts = { slowBaseline: k0, baseline: n, slowCanary: k1, canary: n };
          mean += chance(k0) * chance(k1) * Math.exp(lnLatencyMixture(bets.mixture, counts));
        }
      expect(mean).toBeCloseTo(1, 9);
    }
  });
});
