import { describe, expect, it } from 'vitest';
import { quantileInterval } from '../../src/analysis/quantile-interval.ts';
import { drawLatencyMs, readingOf } from './latency-fixture.ts';
import { seededRandom } from './seeded-random.ts';

describe('interval of a quantile', () => {
  it('ends where an independent implementation of the mixture says', () => {
    // confseq 0.0.11: beta_binomial_log_mixture(430 − 500, 250, 5.952115951303174, .5, .5, .05, False) = 6.5935405488367;
    // that v_opt makes its prior flat. 430 of 1,000 above 10 ms: the median is not above 10 ms unless alpha ≤ e^−6.59354.
    const reading = { edgesMs: [10, 20], counts: [[0, 570] as const, [1, 430] as const], open: 0 };
    const lnMixture = 6.5935405488367;
    expect(quantileInterval(reading, 0.5, Math.exp(-lnMixture + 1e-7))).toEqual([0, 10]);
    expect(quantileInterval(reading, 0.5, Math.exp(-lnMixture - 1e-7))).toEqual([0, 20]);
    // The same for the other end: 570 above 10 ms.
    const mirrored = { ...reading, counts: [[0, 430] as const, [1, 570] as const] };
    expect(quantileInterval(mirrored, 0.5, Math.exp(-lnMixture + 1e-7))).toEqual([10, 20]);
    expect(quantileInterval(mirrored, 0.5, Math.exp(-lnMixture - 1e-7))).toEqual([0, 20]);
  });

  it('knows nothing without data', () => {
    expect(quantileInterval(readingOf([]), 0.99, 0.05)).toEqual([0, Number.POSITIVE_INFINITY]);
    expect(quantileInterval(readingOf([500], [100]), 0.5, 0.05)).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('gives the edges of the buckets', () => {
    const edgesMs = Array.from({ length: 1000 }, (_, index) => index + 1);
    const reading = { edgesMs, counts: edgesMs.map((edge) => [edge - 1, 1] as const), open: 0 };
    expect(quantileInterval(reading, 0.99, 0.05)).toEqual([975, 1000]);
  });

  it('narrows, and covers the truth at all times at once', () => {
    const random = seededRandom(21);
    const p90 = 50 * Math.exp(0.6 * 1.2815515655);
    let missed = 0;
    for (let run = 0; run < 60; run++) {
      const latencies: number[] = [];
      let inside = true;
      for (let look = 0; look < 12; look++) {
        for (let request = 0; request < 100; request++) latencies.push(drawLatencyMs(random));
        const [low, high] = quantileInterval(readingOf(latencies), 0.9, 0.05);
        inside &&= low <= p90 && p90 <= high;
        if (look === 11) expect(high / low).toBeLessThan(1.5);
      }
      if (!inside) missed += 1;
    }
    expect(missed / 60).toBeLessThanOrEqual(0.05);
  });
});
