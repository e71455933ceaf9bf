import { describe, expect, it } from 'vitest';
import { latencySummarySchema } from '../../src/model/latency-summary.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { createLatencyTally } from '../../src/rollout/latency-tally.ts';

const second = (index: number) => ({ fromMs: index * 1000, toMs: (index + 1) * 1000 });

describe('createLatencyTally', () => {
  it('says nothing while nothing is known', () => {
    const tally = createLatencyTally('user');
    tally.add(second(0), null, null);
    expect(tally.summary()).toBeNull();
  });

  it('adds up both arms second by second, keeps every request, and gives quantiles of the fine counts', () => {
    const edgesMs = [1, 2, 5, 10, 50];
    const tally = createLatencyTally('user');
    tally.add(
      second(3),
      { edgesMs, counts: [[2, 4]], open: 0 },
      {
        edgesMs,
        counts: [
          [1, 90],
          [5, 2],
        ],
        open: 3,
      },
    );
    tally.add(second(5), { edgesMs, counts: [[3, 6]], open: 0 }, null);
    const summary = latencySummarySchema.parse(tally.summary());
    expect(summary).toMatchObject({ fromMs: 3000, toMs: 6000, edgesMs: [1, 2, 5, 10, 50] });
    expect(summary.canary).toEqual({ counts: [0, 0, 4, 6, 0, 0], p50Ms: 10, p95Ms: 10, p99Ms: 10 });
    // Two of 92 lie above the last edge: how slow they were is not known.
    expect(summary.baseline).toEqual({ counts: [0, 90, 0, 0, 0, 2], p50Ms: 2, p95Ms: 2, p99Ms: null });
  });

  it('keeps only the edges that all readings have', () => {
    const tally = createLatencyTally('probe');
    tally.add(second(0), { edgesMs: [1, 2, 4, 8], counts: [[1, 5]], open: 0 }, null);
    tally.add(second(1), { edgesMs: [2, 3, 8], counts: [[1, 7]], open: 0 }, null);
    const summary = tally.summary();
    expect(summary?.edgesMs).toEqual([2, 8]);
    expect(summary?.canary.counts).toEqual([5, 7, 0]);
  });

  it('puts the 683 buckets of the built-in source together without losing or moving one request', () => {
    const tally = createLatencyTally('user');
    const counts = Array.from({ length: 300 }, (_, index) => [100 + index, index + 1] as const);
    tally.add(second(0), { edgesMs: logLatencyEdgesMs, counts, open: 0 }, null);
    const summary = latencySummarySchema.parse(tally.summary());
    expect(summary.edgesMs.length).toBeLessThanOrEqual(61);
    expect(summary.edgesMs.every((edge) => logLatencyEdgesMs.includes(edge))).toBe(true);
    expect(summary.canary.counts.reduce((sum, count) => sum + count, 0)).toBe((300 * 301) / 2);
    const below = summary.edgesMs[9] ?? 0;
    const truly = counts.filter(([bucket]) => (logLatencyEdgesMs[bucket] ?? 0) <= below);
    expect(summary.canary.counts.slice(0, 10).reduce((sum, count) => sum + count, 0)).toBe(
      truly.reduce((sum, [, count]) => sum + count, 0),
    );
  });
});
