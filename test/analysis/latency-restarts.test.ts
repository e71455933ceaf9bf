import { describe, expect, it } from 'vitest';
import { droppedRestart, mostRestarts, restartShare } from '../../src/analysis/latency-restarts.ts';

describe('shares of the stake', () => {
  it('never exceed 1 in all', () => {
    let sum = 0;
    for (let step = 1; step <= 300; step++)
      for (let restart = 1; restart <= 300; restart++) sum += restartShare(step, restart);
    expect(sum).toBeLessThan(1);
    expect(sum).toBeGreaterThan(0.9);
    expect(restartShare(1, 1)).toBeCloseTo(0.64, 12);
  });
});

describe('restarts that are given up', () => {
  it('leave one of about twice any age, and always the oldest', () => {
    let starts: number[] = [];
    for (let nowMs = 0; nowMs <= 1_800_000; nowMs += 10_000) {
      const dropped = droppedRestart(starts, nowMs);
      if (dropped !== null) starts = starts.filter((_, index) => index !== dropped);
      starts.push(nowMs);
      expect(starts[0]).toBe(0);
      expect(starts.length).toBeLessThanOrEqual(mostRestarts);
      const ages = starts.map((from) => nowMs - from + 10_000);
      for (let index = 1; index < ages.length; index++)
        expect((ages[index - 1] ?? 0) / (ages[index] ?? 1)).toBeLessThanOrEqual(6);
    }
  });
});
