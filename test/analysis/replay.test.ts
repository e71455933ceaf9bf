import { describe, expect, it } from 'vitest';
import { replayWindows } from '../../src/analysis/replay.ts';
import type { JudgedWindow } from '../../src/model/judged-window.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';

type Second = { canary: [number, number]; baseline: [number, number] };

function windowsOf(seconds: readonly Second[]): JudgedWindow[] {
  const counts = ([requests, failures]: [number, number]): JudgedWindow['canary'] => {
    return { requests, failures, open: 0, failedUnits: null, newUnits: null };
  };
  return seconds.map(({ canary, baseline }, index) => ({
    fromMs: index * 1000,
    toMs: (index + 1) * 1000,
    settled: true,
    concurrent: true,
    canary: counts(canary),
    baseline: counts(baseline),
    latency: null,
  }));
}

const plan = { bakes: 1, weightPercent: 10 };
const healthy = Array.from({ length: 60 }, (): Second => ({ canary: [10, 0], baseline: [90, 0] }));
const broken = Array.from({ length: 60 }, (): Second => ({ canary: [10, 5], baseline: [90, 0] }));

describe('replayWindows', () => {
  it('stops where harm is proven, and keeps the way there', () => {
    const replay = replayWindows(windowsOf(broken), usualJudge, plan);
    expect(replay).toMatchObject({ outcome: 'fail', safeAtMs: null, startMs: 0 });
    const windows = replay?.timesMs.length ?? 0;
    expect(windows).toBeLessThan(5);
    expect(replay?.endMs).toBe(replay?.atMs);
    expect(replay?.canary.at(-1)).toEqual({ requests: 10 * windows, failures: 5 * windows });
    const [curve] = replay?.curves ?? [];
    expect(curve?.lnHarm).toHaveLength(windows);
    expect(curve?.lnHarm.at(-1)).toBeGreaterThanOrEqual(curve?.lnHarmLimit ?? Number.NaN);
    for (const lnHarm of curve?.lnHarm.slice(0, -1) ?? []) expect(lnHarm).toBeLessThan(curve?.lnHarmLimit ?? 0);
  });

  it('goes on after safety is proven, since a fault may come later', () => {
    const safe = replayWindows(windowsOf(healthy), usualJudge, plan);
    expect(safe).toMatchObject({ outcome: 'pass', endMs: 60_000, verdict: { outcome: 'pass' } });
    expect(safe?.atMs).toBeLessThan(40_000);
    const late = replayWindows(windowsOf([...healthy, ...broken]), usualJudge, plan);
    expect(late).toMatchObject({ outcome: 'fail', safeAtMs: safe?.atMs });
    expect(late?.atMs).toBeGreaterThan(60_000);
  });

  it('decides nothing on little, and nothing at all without a window', () => {
    const replay = replayWindows(windowsOf(healthy.slice(0, 3)), usualJudge, plan);
    expect(replay).toMatchObject({ outcome: 'inconclusive', atMs: null, verdict: { cause: 'more_data_needed' } });
    expect(replay?.verdict.moreRequests).toBeGreaterThan(0);
    expect(replayWindows([], usualJudge, plan)).toBeNull();
  });
});
