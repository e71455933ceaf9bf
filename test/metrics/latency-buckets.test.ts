import { describe, expect, it } from 'vitest';
import { bucketsOfCumulative, countSlower, mergeBuckets } from '../../src/metrics/latency-buckets.ts';

const inf = Number.POSITIVE_INFINITY;
const cumulative = (entries: Array<[number, number]>) => {
  const buckets = bucketsOfCumulative(new Map(entries));
  if (buckets === null) throw new Error('contradict each other');
  return buckets;
};

describe('latency buckets', () => {
  it('come from cumulative counts, whatever their order', () => {
    expect(
      cumulative([
        [inf, 10],
        [100, 7],
        [50, 4],
      ]),
    ).toEqual([
      { lowerMs: 0, upperMs: 50, count: 4 },
      { lowerMs: 50, upperMs: 100, count: 3 },
      { lowerMs: 100, upperMs: inf, count: 3 },
    ]);
  });

  it('are refused where totals contradict each other or the last is missing', () => {
    expect(
      bucketsOfCumulative(
        new Map([
          [50, 5],
          [100, 4],
          [inf, 6],
        ]),
      ),
    ).toBeNull();
    expect(bucketsOfCumulative(new Map([[50, 5]]))).toBeNull();
    expect(bucketsOfCumulative(new Map())).toBeNull();
  });

  it('of different edges keep only those that all share', () => {
    const one = cumulative([
      [50, 1],
      [100, 2],
      [inf, 3],
    ]);
    const other = cumulative([
      [100, 5],
      [200, 6],
      [inf, 8],
    ]);
    expect(mergeBuckets([one, other])).toEqual({
      edgesMs: [100],
      counts: [
        [0, 7],
        [1, 4],
      ],
      open: 0,
    });
    expect(mergeBuckets([one, one])).toEqual({
      edgesMs: [50, 100],
      counts: [
        [0, 2],
        [1, 2],
        [2, 2],
      ],
      open: 0,
    });
    expect(mergeBuckets([])).toBeNull();
  });

  it('keep gaps between native buckets as buckets of their own', () => {
    const reading = mergeBuckets([
      [
        { lowerMs: 90, upperMs: 100, count: 3 },
        { lowerMs: 370, upperMs: 400, count: 1 },
      ],
    ]);
    expect(reading).toEqual({
      edgesMs: [90, 100, 370, 400],
      counts: [
        [1, 3],
        [3, 1],
      ],
      open: 0,
    });
  });

  it('call slow only what lies wholly above the limit', () => {
    const reading = mergeBuckets([
      cumulative([
        [50, 1],
        [100, 3],
        [inf, 6],
      ]),
    ]);
    if (reading === null) throw new Error('no reading');
    expect(countSlower(reading, 50)).toEqual({ samples: 6, failures: 5 });
    expect(countSlower(reading, 60)).toEqual({ samples: 6, failures: 3 });
    expect(countSlower(reading, 101)).toEqual({ samples: 6, failures: 0 });
  });
});
