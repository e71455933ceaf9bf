import { describe, expect, it } from 'vitest';
import { meanClusterSize } from '../../src/analysis/mean-cluster-size.ts';

describe('mean cluster size', () => {
  it('is 1 without data and near the ratio with much', () => {
    expect(meanClusterSize({ failures: 0, units: 0 })).toBe(1);
    expect(meanClusterSize({ failures: 100, units: 20 })).toBeCloseTo(110 / 30, 12);
    expect(meanClusterSize({ failures: 1e6, units: 1e5 })).toBeCloseTo(10, 2);
  });

  it('never goes below 1', () => {
    expect(meanClusterSize({ failures: 3, units: 5 })).toBe(1);
  });
});
