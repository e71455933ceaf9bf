import { describe, expect, it } from 'vitest';
import { requestsToCertify, timeToCertifyMs } from '../../src/analysis/requests-to-certify.ts';

describe('certification of two percentage points', () => {
  it('takes 228, 149 and 114 requests without failure', () => {
    expect([0.01, 0.05, 0.1].map((alpha) => requestsToCertify(0.02, alpha))).toEqual([228, 149, 114]);
    expect(0.98 ** 149).toBeLessThanOrEqual(0.05);
    expect(0.98 ** 148).toBeGreaterThan(0.05);
  });

  it('takes about a minute at 100/s, twelve at 10/s, 1 h 40 at 1/s over 5, 25 and 50 %', () => {
    const seconds = (perSecond: number): number[] =>
      [0.05, 0.25, 0.5].map(
        (canaryShare) => timeToCertifyMs({ ratio: 0.001, delta: 0.02, canaryShare, perSecond }, 0.05) / 1000,
      );
    expect(seconds(100).map((one) => Number(one.toFixed(1)))).toEqual([35, 7, 3.6]);
    // What the real test needed in simulation is 1.3 to 1.6 times this bound.
    const simulated = [
      [100, [46, 10, 5]],
      [10, [556, 98, 50]],
      [1, [4537, 948, 487]],
    ] as const;
    for (const [perSecond, times] of simulated) {
      times.forEach((time, index) => {
        const ratio = time / (seconds(perSecond)[index] ?? Number.NaN);
        expect(ratio).toBeGreaterThan(1.2);
        expect(ratio).toBeLessThan(1.65);
      });
    }
  });
});
