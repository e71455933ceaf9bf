import { describe, expect, it } from 'vitest';
import {
  addDispersionWindow,
  assessOverdispersion,
  type DispersionHistory,
  dispersionHistorySchema,
  noDispersionHistory,
  type Overdispersion,
} from '../../src/analysis/overdispersion.ts';
import { seededRandom } from './seeded-random.ts';

type Measured = Extract<Overdispersion, { kind: 'measured' }>;

function measured(history: DispersionHistory): Measured {
  const answer = assessOverdispersion(history);
  if (answer.kind !== 'measured') throw new Error('enough clusters were given');
  return answer;
}

function historyOf(windows: ReadonlyArray<readonly [number, number]>): DispersionHistory {
  return windows.reduce(
    (history, [requests, failures]) => addDispersionWindow(history, { requests, failures }),
    noDispersionHistory,
  );
}

describe('the estimate', () => {
  it("is Pearson's statistic over its degrees of freedom, whatever the sizes of the windows", () => {
    const windows = [
      [100, 5],
      [80, 1],
      [120, 9],
      [60, 2],
      [100, 4],
      [90, 3],
      [110, 12],
      [70, 1],
      [100, 6],
      [130, 2],
      [50, 5],
      [100, 0],
    ] as const;
    const n = windows.reduce((sum, [requests]) => sum + requests, 0);
    const p = windows.reduce((sum, [, failures]) => sum + failures, 0) / n;
    const pearson = windows.reduce((sum, [ni, ki]) => sum + (ki - ni * p) ** 2 / (ni * p * (1 - p)), 0);
    const answer = measured(historyOf(windows));
    expect(answer.estimate).toBeCloseTo(pearson / (windows.length - 1), 10);
    expect(answer.clusters).toBe(11);
  });

  it('has the upper end of a χ² with as many degrees of freedom as clusters less one', () => {
    const windows = Array.from({ length: 100 }, (_, index) => [100, index % 5 === 0 ? 5 : 0] as const);
    const answer = measured(historyOf(windows));
    expect(answer.estimate).toBeCloseTo(4.0812, 4);
    // scipy.stats.chi2.ppf(0.05, 19) = 10.117013; Wilson–Hilferty is within 1 %.
    expect(Math.abs(answer.upper / ((answer.estimate * 19) / 10.117013063859044) - 1)).toBeLessThan(0.01);
    expect(answer.factor).toBe(answer.upper);
  });

  it('approximates the quantiles of χ² well enough from nine degrees of freedom on', () => {
    // scipy.stats.chi2.ppf(0.05, ν).
    for (const [freedom, quantile] of [
      [9, 3.325112843066815],
      [49, 33.93030561852784],
    ] as const) {
      const windows = Array.from({ length: 200 }, (_, index) => [50, index <= freedom ? 3 : 0] as const);
      const { estimate, upper } = measured(historyOf(windows));
      expect(Math.abs((estimate * freedom) / upper / quantile - 1)).toBeLessThan(0.01);
    }
  });

  it('is never used below 1', () => {
    const even = measured(historyOf(Array.from({ length: 40 }, () => [100, 3] as const)));
    expect(even.estimate).toBe(0);
    expect(even.factor).toBe(1);
  });
});

describe('too little history', () => {
  it('is called unknown, never guessed', () => {
    expect(assessOverdispersion(noDispersionHistory)).toEqual({ kind: 'unknown', clusters: 0, clustersNeeded: 10 });
    const nine = Array.from({ length: 500 }, (_, index) => [100, index < 9 ? 4 : 0] as const);
    expect(assessOverdispersion(historyOf(nine))).toMatchObject({ kind: 'unknown', clusters: 9 });
    const ten = Array.from({ length: 500 }, (_, index) => [100, index < 10 ? 4 : 0] as const);
    expect(assessOverdispersion(historyOf(ten)).kind).toBe('measured');
    const allBad = Array.from({ length: 20 }, () => [10, 10] as const);
    expect(assessOverdispersion(historyOf(allBad)).kind).toBe('unknown');
  });

  it('does not count windows without requests', () => {
    expect(addDispersionWindow(noDispersionHistory, { requests: 0, failures: 0 })).toBe(noDispersionHistory);
  });
});

describe('the upper end', () => {
  /** Share of histories in which it is at least the truth. */
  function coverage(drawWindow: (random: () => number) => number, truth: number): number {
    let [covered, runs] = [0, 0];
    for (let run = 0; run < 200; run++) {
      const random = seededRandom(1000 + run);
      let history = noDispersionHistory;
      for (let second = 0; second < 600; second++) {
        history = addDispersionWindow(history, { requests: 200, failures: drawWindow(random) });
      }
      const answer = assessOverdispersion(history);
      if (answer.kind === 'unknown') continue;
      runs += 1;
      if (answer.upper >= truth) covered += 1;
    }
    expect(runs).toBeGreaterThan(175);
    return covered / runs;
  }

  it('covers independent failures', () => {
    const lone = (random: () => number): number => {
      let failures = 0;
      for (let i = 0; i < 200; i++) if (random() < 0.0005) failures += 1;
      return failures;
    };
    expect(coverage(lone, 1)).toBeGreaterThanOrEqual(0.95);
  });

  it('covers bursts whose sizes are spread as widely as exponential ones', () => {
    const rate = 0.05;
    const keep = 0.9;
    const burst = (random: () => number): number => {
      if (random() >= rate) return 0;
      let size = 1;
      while (random() < keep && size < 200) size += 1;
      return size;
    };
    // Geometric sizes: mean 10, mean square (1 + keep)/(1 − keep)² = 190.
    const p = (rate * 10) / 200;
    const truth = (rate * 190 - (rate * 10) ** 2) / (200 * p * (1 - p));
    expect(coverage(burst, truth)).toBeGreaterThanOrEqual(0.9);
  });
});

describe('state', () => {
  it('survives JSON and stays of constant size', () => {
    const history = historyOf(Array.from({ length: 1000 }, (_, index) => [100 + index, index % 3] as const));
    expect(dispersionHistorySchema.parse(JSON.parse(JSON.stringify(history)))).toEqual(history);
    expect(JSON.stringify(history).length).toBeLessThan(150);
  });
});
