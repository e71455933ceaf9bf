import { describe, expect, it } from 'vitest';
import { exactInterval, exactLower } from '../../bench/analysis/exact-interval.ts';
import { createRandom } from '../../bench/analysis/random.ts';
import { lognormalLatency, quietScenario, type Scenario, steppedWeights } from '../../bench/analysis/scenario.ts';
import { createTrace, type TraceWindow, viewAt } from '../../bench/analysis/trace.ts';
import { latencyBucketOf } from '../../src/model/traffic.ts';

const end = Number.POSITIVE_INFINITY;

describe('trace', () => {
  it('gives the same run for the same seed, whoever looks at latencies and events', () => {
    const plain = counted({ ...quietScenario, limitMs: 20_000 }, 7);
    const rich = {
      ...quietScenario,
      limitMs: 20_000,
      latency: lognormalLatency,
      events: { ratio: 0.1, canaryFactor: 1 },
    };
    expect(counted(rich, 7)).toEqual(plain);
    expect(counted(rich, 8)).not.toEqual(plain);
  });

  it('has the rates that the scenario asks for', () => {
    const scenario = { ...quietScenario, baselineRatio: 0.01, canaryExcess: 0.02, weights: steppedWeights(600_000) };
    const { canary, baseline } = sums(runs(scenario, 20));
    const total = 20 * 600 * 100;
    expect(canary.requests / total).toBeCloseTo((0.05 + 0.25 + 0.5 + 0.99) / 4, 2);
    expect(baseline.failures / baseline.requests).toBeCloseTo(0.01, 3);
    expect(canary.failures / canary.requests).toBeCloseTo(0.03, 3);
  });

  it('keeps the ratio under bursts and counts a cluster once in every second it touches', () => {
    const burst = { size: 20, clientsKnown: true, excessAlone: false };
    const { baseline } = sums(runs({ ...quietScenario, baselineRatio: 0.02, burst }, 30));
    expect(baseline.failures / baseline.requests).toBeCloseTo(0.02, 2);
    const clusters = baseline.failures / 20;
    expect(baseline.failedUnits / clusters).toBeGreaterThan(1.7);
    expect(baseline.failedUnits / clusters).toBeLessThanOrEqual(2);
  });

  it('hands slow successes in as open until they have ended', () => {
    const slow = { successMs: 2000, failureMs: 10 };
    const [window] = windowsOf({ ...quietScenario, baselineRatio: 0.2, slow, latency: lognormalLatency }, 3);
    if (window === undefined) throw new Error('no window');
    const early = viewAt(window, window.toMs + 200);
    const late = viewAt(window, end);
    expect(early.settled).toBe(false);
    expect(early.baseline.failures).toBe(late.baseline.failures);
    expect(early.baseline.open).toBe(late.baseline.requests - late.baseline.failures);
    expect(late.settled).toBe(true);
    const ended = late.latency?.baseline.counts.reduce((sum, [, count]) => sum + count, 0);
    expect(ended).toBe(late.baseline.requests);
  });

  it('draws latencies whose quantile is the one of the distribution', () => {
    const latency = { ...lognormalLatency, canaryFactor: 1.2 };
    const scenario = { ...quietScenario, weights: [{ fromMs: 0, percent: 50 }], latency };
    // 50 ms · exp(0.6 · 2.3263) = 201.9 ms; the canary's is nine buckets above.
    const edge = latencyBucketOf(201.9);
    const windows = runs(scenario, 3);
    expect(shareAbove(windows, 'baseline', edge)).toBeCloseTo(0.01, 2);
    expect(shareAbove(windows, 'canary', edge + 9)).toBeCloseTo(shareAbove(windows, 'baseline', edge), 2);
  });
});

describe('exactInterval', () => {
  it('agrees with published values of Clopper and Pearson', () => {
    expect(exactInterval(0, 10, 0.05)[1]).toBeCloseTo(0.3085, 4);
    expect(exactInterval(1, 10, 0.05)).toEqual([expect.closeTo(0.0025, 4), expect.closeTo(0.445, 3)]);
    expect(exactInterval(5, 10, 0.05)).toEqual([expect.closeTo(0.1871, 4), expect.closeTo(0.8129, 4)]);
    expect(exactInterval(10, 10, 0.05)).toEqual([expect.closeTo(0.6915, 4), 1]);
  });

  it('has a lower end that falls with the chance of a miss', () => {
    expect(exactLower(60, 4000, 0.0005)).toBeLessThan(exactLower(60, 4000, 0.05));
    expect(exactLower(60, 4000, 0.0005)).toBeGreaterThan(0.008);
  });
});

describe('createRandom', () => {
  it('draws with the means and variances of the distributions', () => {
    const random = createRandom(1);
    const poisson = Array.from({ length: 20_000 }, () => random.poisson(95));
    const binomial = Array.from({ length: 20_000 }, () => random.binomial(1000, 0.7));
    expect(moments(poisson).mean / 95).toBeCloseTo(1, 2);
    expect(moments(poisson).variance / 95).toBeCloseTo(1, 1);
    expect(moments(binomial).mean / 700).toBeCloseTo(1, 2);
    expect(moments(binomial).variance / 210).toBeCloseTo(1, 1);
    expect(random.binomial(0, 0.5)).toBe(0);
    expect(random.binomial(5, 1)).toBe(5);
  });
});

type Arm = 'canary' | 'baseline';

function windowsOf(scenario: Scenario, seed: number): TraceWindow[] {
  const trace = createTrace(scenario, seed);
  const windows: TraceWindow[] = [];
  for (let window = trace.next(); window !== null; window = trace.next()) windows.push(window);
  return windows;
}

function counted(scenario: Scenario, seed: number): unknown {
  return windowsOf(scenario, seed).map((window) => {
    const { canary, baseline } = viewAt(window, end);
    return { canary, baseline };
  });
}

function runs(scenario: Scenario, count: number): TraceWindow[] {
  return Array.from({ length: count }, (_, seed) => windowsOf(scenario, seed)).flat();
}

function sums(
  windows: readonly TraceWindow[],
): Record<Arm, { requests: number; failures: number; failedUnits: number }> {
  const sumOf = (arm: Arm): { requests: number; failures: number; failedUnits: number } =>
    windows.reduce(
      (sum, window) => ({
        requests: sum.requests + window[arm].requests,
        failures: sum.failures + window[arm].failures,
        failedUnits: sum.failedUnits + (window[arm].failedUnits ?? 0),
      }),
      { requests: 0, failures: 0, failedUnits: 0 },
    );
  return { canary: sumOf('canary'), baseline: sumOf('baseline') };
}

function shareAbove(windows: readonly TraceWindow[], arm: Arm, edge: number): number {
  let [above, all] = [0, 0];
  for (const window of windows)
    for (const [bucket, count] of window[arm].counts ?? []) {
      all += count;
      if (bucket > edge) above += count;
    }
  return above / all;
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}
