import { describe, expect, it } from 'vitest';
import {
  addReading,
  bucketAtAge,
  commonEdgesMs,
  edgesOf,
  mapEdges,
  nameEdges,
} from '../../src/analysis/latency-edges.ts';
import { assessLatencies, emptyLatencyEvidence, takeLatencies } from '../../src/analysis/latency-evidence.ts';
import { describeResolution, minimumProvableRatio, resolutionAround } from '../../src/analysis/latency-resolution.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { evenLatenciesMs, readingOf } from './latency-fixture.ts';

/** Default buckets of the Prometheus client libraries, in ms. */
const classicEdgesMs = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
/** Native histograms of schema 3: eight buckets each doubling. */
const nativeEdgesMs = Array.from({ length: 120 }, (_, index) => 2 ** (index / 8));
const test = { quantile: 0.99, ratio: 1.2 };

describe('what edges can show', () => {
  it('is the limit itself for the built-in buckets', () => {
    const resolution = resolutionAround(logLatencyEdgesMs, 202, 1.2);
    expect(resolution?.leastRatio).toBeCloseTo(1.2, 9);
    expect(resolution?.certainRatio).toBeCloseTo(1.2 ** (10 / 9), 9);
    expect(resolution?.canShowSafety).toBe(true);
    expect(describeResolution(logLatencyEdgesMs, 202, 1.2)).toBeNull();
  });

  it('is a third, and up to 41 %, for native histograms of schema 3', () => {
    const resolution = resolutionAround(nativeEdgesMs, 202, 1.2);
    expect(resolution?.leastRatio).toBeCloseTo(2 ** (3 / 8), 9);
    expect(minimumProvableRatio(nativeEdgesMs, 202, 1.2)).toBeCloseTo(2 ** (4 / 8), 9);
    expect(resolution?.canShowSafety).toBe(true);
    expect(describeResolution(nativeEdgesMs, 202, 1.2)).toMatch(
      /less than ×1\.3, .*a 20 % regression cannot be proven$/,
    );
  });

  it('is nothing below double for classic buckets, and people are told', () => {
    const resolution = resolutionAround(classicEdgesMs, 300, 1.2);
    expect(resolution).toEqual({
      lowerMs: 250,
      upperMs: 500,
      provableAboveMs: 1000,
      leastRatio: 2,
      certainRatio: 4,
      canShowSafety: false,
    });
    expect(describeResolution(classicEdgesMs, 300, 1.2)).toBe(
      "the histogram's edges 250 ms and 500 ms cannot show less than ×2, and show every regression only from ×4 on; " +
        'a 20 % regression can be neither proven nor excluded',
    );
  });

  it('is unknown above the last edge, and uncertain below the first', () => {
    expect(resolutionAround(classicEdgesMs, 20_000, 1.2)).toBeNull();
    expect(resolutionAround(classicEdgesMs, 9000, 1.2)).toBeNull();
    expect(describeResolution(classicEdgesMs, 9000, 1.2)).toBe(
      "the histogram's last edge 10000 ms is not 20 % above the baseline; a regression cannot be proven",
    );
    expect(describeResolution(classicEdgesMs, null, 1.2)).toContain('cannot be proven');
    expect(describeResolution([], null, 1.2)).toContain('no edge in common');
    expect(minimumProvableRatio(classicEdgesMs, null, 1.2)).toBeNull();
    expect(minimumProvableRatio(classicEdgesMs, 3, 1.2)).toBeNull();
    expect(resolutionAround(classicEdgesMs, 3, 1.2)?.leastRatio).toBe(2);
  });
});

describe('coarse edges', () => {
  const assess = (slower: number, edgesMs: readonly number[]) => {
    const window = {
      fromMs: 0,
      toMs: 1000,
      weightChanged: false,
      canary: readingOf(evenLatenciesMs(5000, 100 * slower), edgesMs),
      baseline: readingOf(evenLatenciesMs(15_000, 100), edgesMs),
    };
    return assessLatencies(takeLatencies(emptyLatencyEvidence, window, test), [], test);
  };

  it('never prove what they cannot show, in either direction', () => {
    // The baseline's p99 is 404 ms, between the edges 250 and 500.
    const same = assess(1, classicEdgesMs);
    expect(same).toMatchObject({ baselineMs: 500, canaryMs: 500, minProvableRatio: 4 });
    expect(same.tooCoarse).toContain('neither proven nor excluded');
    expect(same.lnSafe).toBeLessThan(0.1);
    expect(assess(1.4, classicEdgesMs).lnHarm).toBeLessThan(0);
    expect(assess(4.2, classicEdgesMs).lnHarm).toBeGreaterThan(Math.log(100));
  });

  it('prove with native histograms what those can show', () => {
    expect(assess(0.85, nativeEdgesMs).lnSafe).toBeGreaterThan(Math.log(20));
    expect(assess(1.7, nativeEdgesMs).lnHarm).toBeGreaterThan(Math.log(100));
    expect(assess(1.7, nativeEdgesMs).minProvableRatio).toBeCloseTo(Math.SQRT2, 9);
  });
});

describe('edges', () => {
  it('map ratio·x to the edges around it', () => {
    const { above, below } = mapEdges([100, 120, 150, 300], 1.2);
    expect([...above]).toEqual([1, 2, 3, 4, 4]);
    expect([...below]).toEqual([-1, 1, 1, 2, 3]);
  });

  it('are exactly nine buckets apart in the built-in histogram', () => {
    const { above, below } = mapEdges(logLatencyEdgesMs, 1.2);
    expect(above[300]).toBe(309);
    expect(below[300]).toBe(308);
    expect(nameEdges([...logLatencyEdgesMs])).toBe('log');
    expect(edgesOf('log')).toBe(logLatencyEdgesMs);
  });

  it('of two histograms are those that both have', () => {
    expect(commonEdgesMs([1, 2, 5], [2, 3, 5])).toEqual([2, 5]);
    expect(commonEdgesMs([1], [2])).toEqual([]);
    const counts = new Float64Array(3);
    addReading(
      counts,
      {
        edgesMs: [1, 2, 5],
        counts: [
          [0, 1],
          [1, 2],
          [2, 4],
          [3, 8],
        ],
        open: 3,
      },
      { edgesMs: [2, 5], open: { ageMs: 2 } },
    );
    expect([...counts]).toEqual([3, 7, 8]);
  });

  it('place an open request above those that it is older than', () => {
    expect(bucketAtAge([10, 20], 5)).toBe(0);
    expect(bucketAtAge([10, 20], 10)).toBe(1);
    expect(bucketAtAge([10, 20], 25)).toBe(2);
  });
});
