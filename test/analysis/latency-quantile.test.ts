import { describe, expect, it } from 'vitest';
import { quantileOfCounts, quantileOfReading } from '../../src/analysis/latency-quantile.ts';
import { latencyBucketOf, latencyBucketUpperMs, logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { countsOf, readingOf } from './latency-fixture.ts';

describe('latency quantile', () => {
  const ninetyNine = [...Array.from({ length: 99 }, () => 10), 50];

  it('is the upper edge of the bucket that holds the rank', () => {
    const reading = readingOf(ninetyNine);
    expect(quantileOfReading(reading, 0.99)).toBe(latencyBucketUpperMs(latencyBucketOf(10)));
    expect(quantileOfReading(reading, 0.999)).toBe(latencyBucketUpperMs(latencyBucketOf(50)));
    expect(quantileOfCounts(countsOf(ninetyNine), logLatencyEdgesMs, 0.999)).toBe(
      latencyBucketUpperMs(latencyBucketOf(50)),
    );
  });

  it('is null without data, and no guess above the last edge', () => {
    expect(quantileOfReading(readingOf([]), 0.99)).toBeNull();
    expect(quantileOfReading({ edgesMs: [10], counts: [[0, 0]], open: 4 }, 0.99)).toBeNull();
    expect(quantileOfReading(readingOf([5, 99], [10, 20]), 0.99)).toBe(20);
    expect(quantileOfCounts(countsOf([5, 99], [10, 20]), [10, 20], 0.99)).toBeNull();
  });
});
