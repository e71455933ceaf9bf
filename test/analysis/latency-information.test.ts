import { describe, expect, it } from 'vitest';
import { divergence } from '../../src/analysis/information-bound.ts';
import { latencyInformation, latencyInformationBound } from '../../src/analysis/latency-information.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { countsOf, evenLatenciesMs } from './latency-fixture.ts';

const test = { quantile: 0.99, ratio: 1.2 };

function situation(slower: number, canaryShare: number) {
  const [baseline, canary] = [countsOf(evenLatenciesMs(60_000, 50)), countsOf(evenLatenciesMs(60_000, 50 * slower))];
  return { baseline, canary, canaryShare, edgesMs: logLatencyEdgesMs };
}

describe('information bound of a quantile', () => {
  // By minimising over x in steps of 0.0005 with the exact normal tails, apart from any histogram: 12,600, 1,627 and
  // 4,220 requests (lognormal, σ = 0.6, alpha 0.01).
  it.each([
    { slower: 1.5, share: 0.05, requests: 12_600 },
    { slower: 2, share: 0.05, requests: 1627 },
    { slower: 1.5, share: 0.5, requests: 4220 },
  ])('is near the one of the distributions themselves for ×$slower at $share', ({ slower, share, requests }) => {
    const bound = latencyInformationBound(situation(slower, share), test, 0.01);
    expect(Math.abs(bound / requests - 1)).toBeLessThan(0.02);
  });

  it('never falls below what the baseline alone must show', () => {
    // Above every canary latency only the baseline speaks: ln(1/alpha) / KL(0 ‖ 0.01) = 458 baseline requests.
    const huge = latencyInformationBound(situation(50, 0.05), test, 0.01);
    expect(huge).toBeCloseTo(Math.log(100) / (0.95 * divergence(0, 0.01)), 0);
  });

  it('is of one claim only', () => {
    expect(latencyInformationBound(situation(1.1, 0.5), test, 0.01)).toBe(Number.POSITIVE_INFINITY);
    expect(latencyInformation(situation(1, 0.25), test).safety).toBeGreaterThan(0);
    expect(latencyInformation(situation(2, 0.25), test).safety).toBe(0);
  });
});
