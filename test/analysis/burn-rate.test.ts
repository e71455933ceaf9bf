import { describe, expect, it } from 'vitest';
import {
  assessBurnRate,
  type BurnWindow,
  burnDetectionMs,
  burnFactor,
  workbookPairs,
} from '../../src/analysis/burn-rate.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const promise = { objective: 0.999, periodMs: 30 * dayMs };
const window = (windowMs: number, rate: number): BurnWindow => ({ windowMs, bad: rate * 100, total: 100_000 });
const [fast, slow, day, days] = workbookPairs;
if (!fast || !slow || !day || !days) throw new Error('four pairs');

describe('factors', () => {
  it('are those of table 5-8 of the SRE Workbook, and the windows those of sloth for 30 d', () => {
    // Workbook: 2 % in 1 h: 14.4; 5 % in 6 h: 6; 10 % in 3 d: 1; sloth adds 10 % in 1 d (2 h): 3.
    const table = workbookPairs.map((pair) => [
      pair.severity,
      pair.longMs / hourMs,
      pair.shortMs / minuteMs,
      Number(burnFactor(pair, promise.periodMs).toFixed(9)),
    ]);
    expect(table).toEqual([
      ['page', 1, 5, 14.4],
      ['page', 6, 30, 6],
      ['ticket', 24, 120, 3],
      ['ticket', 72, 360, 1],
    ]);
  });

  it('follow the period', () => {
    // sloth google-28d.yaml keeps the shares of the budget: 2, 5, 10, 10 %.
    const factors = workbookPairs.map((pair) => Number(burnFactor(pair, 28 * dayMs).toFixed(4)));
    expect(factors).toEqual([13.44, 5.6, 2.8, 0.9333]);
  });
});

describe('a pair', () => {
  const firstOf = (windows: BurnWindow[]) => assessBurnRate(windows, promise).pairs[0];

  it('burns when both its windows exceed the factor', () => {
    expect(firstOf([window(hourMs, 16.2), window(5 * minuteMs, 17)])).toMatchObject({
      state: 'burning',
      sentence: 'the error budget of 99.9 % over 30d is being burnt 16.2 times too fast over 1h and 17.0 over 5m; page',
    });
    expect(firstOf([window(hourMs, 14.5), window(5 * minuteMs, 14.3)])?.state).toBe('not_burning');
    expect(firstOf([window(hourMs, 14.3), window(5 * minuteMs, 99)])?.state).toBe('not_burning');
  });

  it('does not burn exactly at the factor', () => {
    expect(firstOf([window(hourMs, 14.4), window(5 * minuteMs, 14.4)])?.state).toBe('not_burning');
    expect(firstOf([window(hourMs, 14.4001), window(5 * minuteMs, 14.4001)])?.state).toBe('burning');
  });

  it('is unknown where a window is missing, empty or no number, never zero', () => {
    const shortOnly = firstOf([window(5 * minuteMs, 50)]);
    expect(shortOnly).toMatchObject({ state: 'unknown', long: null, short: expect.closeTo(50, 9) });
    expect(shortOnly?.sentence).toBe(
      'whether the error budget of 99.9 % over 30d is being burnt more than 14.4 times too fast over 1h and 5m is unknown: nothing measured over 1h',
    );
    for (const broken of [
      { windowMs: hourMs, bad: 0, total: 0 },
      { windowMs: hourMs, bad: Number.NaN, total: 10 },
      { windowMs: hourMs, bad: 1, total: Number.NaN },
    ]) {
      expect(firstOf([broken, window(5 * minuteMs, 50)])?.state).toBe('unknown');
    }
    expect(firstOf([])).toMatchObject({ state: 'unknown', long: null, short: null });
  });

  it('cannot burn when one of its windows is known not to', () => {
    const pair = firstOf([window(hourMs, 3)]);
    expect(pair?.state).toBe('not_burning');
    expect(pair?.sentence).toBe(
      'the error budget of 99.9 % over 30d is not being burnt more than 14.4 times too fast over 1h and 5m (3.0 and unknown)',
    );
  });

  it('shares windows with others where they are as long', () => {
    const { pairs } = assessBurnRate([window(6 * hourMs, 7), window(30 * minuteMs, 8), window(3 * dayMs, 2)], promise);
    expect(pairs.map((pair) => pair.state)).toEqual(['unknown', 'burning', 'unknown', 'burning']);
  });
});

describe('the budget', () => {
  it('is known only with the whole period', () => {
    expect(assessBurnRate([window(hourMs, 1)], promise)).toMatchObject({
      budgetLeft: null,
      budgetSentence: 'how much of the error budget of 99.9 % over 30d is left is unknown',
    });
    const some = assessBurnRate([window(30 * dayMs, 0.4)], promise);
    expect(some.budgetLeft).toBeCloseTo(0.6, 9);
    expect(some.budgetSentence).toBe('60 % of the error budget of 99.9 % over 30d is left');
    const none = assessBurnRate([window(30 * dayMs, 1.25)], promise);
    expect(none.budgetLeft).toBeCloseTo(-0.25, 9);
    expect(none.budgetSentence).toBe('the error budget of 99.9 % over 30d is overdrawn by 25 %');
  });
});

describe('time to detect', () => {
  const minutes = (badRatio: number): number =>
    Number((burnDetectionMs(fast, promise, badRatio) / minuteMs).toFixed(1));

  it('is 60 · 0.0144 / E minutes for the first pair at 99.9 %', () => {
    expect([1, 0.5, 0.1, 0.05].map(minutes)).toEqual([0.9, 1.7, 8.6, 17.3]);
  });

  it('is never for a canary of 5 % of the users with 10 % errors', () => {
    expect([1, 0.5, 0.3].map((ratio) => minutes(0.05 * ratio))).toEqual([17.3, 34.6, 57.6]);
    expect(minutes(0.05 * 0.1)).toBe(Number.POSITIVE_INFINITY);
    expect(burnDetectionMs(fast, promise, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('agrees with the time in which constant errors use up the budget', () => {
    // Workbook, table 5-4: all requests bad at 99.9 % use up 30 d of budget in 43 minutes.
    const all = { severity: 'page', budgetShare: 1, longMs: 30 * dayMs, shortMs: hourMs } as const;
    expect(burnDetectionMs(all, promise, 1) / minuteMs).toBeCloseTo(43.2, 9);
    expect(burnDetectionMs(all, promise, 0.01) / dayMs).toBeCloseTo(3, 9);
    expect(burnDetectionMs(all, promise, 0.002) / dayMs).toBeCloseTo(15, 9);
  });
});
