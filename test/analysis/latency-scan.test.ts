import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmBets, safetyBets } from '../../src/analysis/latency-bets.ts';
import { mapEdges } from '../../src/analysis/latency-edges.ts';
import { lnLatencyMixture } from '../../src/analysis/latency-mixture.ts';
import { lnLeastHarm, lnLeastSafety } from '../../src/analysis/latency-scan.ts';
import { latencyBuckets, logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { countsOf, evenLatenciesMs } from './latency-fixture.ts';

const ratio = 1.2;
const edgesMs = [5, 6, 8, 10, 13, 20, 26, 50];
const map = mapEdges(edgesMs, ratio);
const latencies = fc.array(fc.double({ min: 1, max: 80, noNaN: true }), { maxLength: 60 });
const quantiles = fc.constantFrom(0.5, 0.9, 0.99);

/** From single latencies, at x itself: what no histogram can exceed. */
function lnAt(
  x: number,
  claim: 'harm' | 'safety',
  arms: { canary: number[]; baseline: number[]; quantile: number },
): number {
  const bets = claim === 'harm' ? harmBets(arms.quantile) : safetyBets(arms.quantile);
  return lnLatencyMixture(bets.mixture, {
    slowBaseline: arms.baseline.filter((ms) => (claim === 'harm' ? ms >= x : ms > x)).length,
    baseline: arms.baseline.length,
    slowCanary: arms.canary.filter((ms) => ms > ratio * x).length,
    canary: arms.canary.length,
  });
}

describe('least evidence over all quantiles', () => {
  it('is below the evidence at every x there is, whatever the edges', () => {
    fc.assert(
      fc.property(
        latencies,
        latencies,
        quantiles,
        fc.double({ min: 0.1, max: 200, noNaN: true }),
        (canary, baseline, quantile, x) => {
          const arms = { canary: countsOf(canary, edgesMs), baseline: countsOf(baseline, edgesMs) };
          const samples = { canary, baseline, quantile };
          expect(lnLeastHarm(arms, map.above, harmBets(quantile))).toBeLessThanOrEqual(lnAt(x, 'harm', samples) + 1e-9);
          expect(lnLeastSafety(arms, map.below, safetyBets(quantile))).toBeLessThanOrEqual(
            lnAt(x, 'safety', samples) + 1e-9,
          );
        },
      ),
      { seed: 5, numRuns: 400 },
    );
  });

  it('is the minimum over every bucket, none left out', () => {
    fc.assert(
      fc.property(latencies, latencies, quantiles, (canary, baseline, quantile) => {
        const arms = { canary: countsOf(canary, edgesMs), baseline: countsOf(baseline, edgesMs) };
        const slower = (counts: Float64Array, edge: number): number =>
          counts.slice(edge + 1).reduce((sum, count) => sum + count, 0);
        const totals = { baseline: baseline.length, canary: canary.length };
        const harm: number[] = [];
        const safety: number[] = [];
        for (let bucket = 0; bucket <= edgesMs.length; bucket++) {
          const above = bucket === edgesMs.length ? edgesMs.length : (map.above[bucket] ?? 0);
          const forHarm = { slowBaseline: slower(arms.baseline, bucket - 1), slowCanary: slower(arms.canary, above) };
          harm.push(lnLatencyMixture(harmBets(quantile).mixture, { ...totals, ...forHarm }));
          const forSafety = {
            slowBaseline: slower(arms.baseline, bucket),
            slowCanary: slower(arms.canary, map.below[bucket] ?? -1),
          };
          safety.push(lnLatencyMixture(safetyBets(quantile).mixture, { ...totals, ...forSafety }));
        }
        expect(lnLeastHarm(arms, map.above, harmBets(quantile))).toBeCloseTo(Math.min(...harm), 9);
        expect(lnLeastSafety(arms, map.below, safetyBets(quantile))).toBeCloseTo(Math.min(...safety), 9);
      }),
      { seed: 6, numRuns: 400 },
    );
  });

  it('grows with canary latencies and falls with baseline latencies, for harm', () => {
    fc.assert(
      fc.property(latencies, latencies, fc.double({ min: 1, max: 3, noNaN: true }), (canary, baseline, factor) => {
        const lnHarm = (slower: number[], usual: number[]): number =>
          lnLeastHarm(
            { canary: countsOf(slower, edgesMs), baseline: countsOf(usual, edgesMs) },
            map.above,
            harmBets(0.9),
          );
        const scaled = (some: number[]): number[] => some.map((ms) => ms * factor);
        expect(lnHarm(scaled(canary), baseline)).toBeGreaterThanOrEqual(lnHarm(canary, baseline) - 1e-9);
        expect(lnHarm(canary, scaled(baseline))).toBeLessThanOrEqual(lnHarm(canary, baseline) + 1e-9);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('is nothing without requests, and never harm without a canary', () => {
    const empty = new Float64Array(edgesMs.length + 1);
    expect(lnLeastHarm({ canary: empty, baseline: empty }, map.above, harmBets(0.99))).toBeCloseTo(0, 12);
    expect(lnLeastSafety({ canary: empty, baseline: empty }, map.below, safetyBets(0.99))).toBeCloseTo(0, 12);
    const baseline = countsOf(evenLatenciesMs(5000, 10), edgesMs);
    expect(lnLeastHarm({ canary: empty, baseline }, map.above, harmBets(0.99))).toBeLessThanOrEqual(0);
  });
});

describe('beside an independent implementation', () => {
  // confseq 0.0.11 (Howard; pip install confseq): quantile_ab_p_value(grid(n0, 50), grid(n1, 50 * m), .99, 2000, .05) with
  // grid(n, median) = [median * exp(.6 * NormalDist().inv_cdf((i - .5) / n)) for i in 1..n]; p-value → evidence −ln p.
  // It tests equality, two-sided, with one beta mixture for both arms; so the evidence is near, not the same.
  const values = [
    { n0: 9500, n1: 500, slower: 2, lnEvidence: 46.3737 },
    { n0: 1900, n1: 100, slower: 3, lnEvidence: 12.7024 },
    { n0: 950, n1: 50, slower: 5, lnEvidence: 5.468 },
    { n0: 5000, n1: 5000, slower: 1.5, lnEvidence: 21.9379 },
    { n0: 19000, n1: 1000, slower: 1.5, lnEvidence: 23.973 },
  ];
  // A grid as fine as single latencies, since confseq sees them unrounded.
  const fine = Array.from({ length: 6000 }, (_, index) => latencyBuckets.minMs * 1.002 ** index);
  const equality = mapEdges(fine, 1);

  it.each(values)('$n1 requests × $slower slower beside $n0', ({ n0, n1, slower, lnEvidence }) => {
    const arms = {
      canary: countsOf(evenLatenciesMs(n1, 50 * slower), fine),
      baseline: countsOf(evenLatenciesMs(n0, 50), fine),
    };
    const ln = lnLeastHarm(arms, equality.above, harmBets(0.99));
    expect(ln).toBeGreaterThan(lnEvidence - 3);
    expect(ln).toBeLessThan(lnEvidence + 6);
  });

  it('finds no harm where there is none', () => {
    const same = { canary: countsOf(evenLatenciesMs(500, 50)), baseline: countsOf(evenLatenciesMs(9500, 50)) };
    expect(lnLeastHarm(same, mapEdges(logLatencyEdgesMs, ratio).above, harmBets(0.99))).toBeLessThan(0);
  });
});
