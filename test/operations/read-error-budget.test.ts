import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { environmentSchema } from '../../src/model/config/environment.ts';
import type { Measurement, PastQuery, Window } from '../../src/model/metric-source.ts';
import { readErrorBudget } from '../../src/operations/read-error-budget.ts';

const minute = 60_000;
const day = 86_400_000;
const nowMs = 1_800_000_000_000;

const slosOf = (slos: z.input<typeof environmentSchema>['slos']) =>
  environmentSchema.parse({
    url: 'http://127.0.0.1:9',
    target: { kind: 'process', command: ['node', 'server.js'] },
    slos,
  }).slos;

type Asked = { windowMs: number; query: PastQuery };

/** A source whose share of bad requests depends on how far one looks back. */
function historyOf(badRatio: (windowMs: number, query: PastQuery) => number | 'no_data' | 'error') {
  const asked: Asked[] = [];
  const countsOver = async (window: Window, query: PastQuery): Promise<Measurement> => {
    const windowMs = window.toMs - window.fromMs;
    asked.push({ windowMs, query });
    expect(window.toMs).toBe(nowMs);
    const ratio = badRatio(windowMs, query);
    const shared = { window, source: 'prometheus' };
    if (ratio === 'no_data') return { status: 'no_data', reason: 'nothing was recorded', ...shared };
    if (ratio === 'error') return { status: 'error', reason: 'refused', ...shared };
    const samples = windowMs / 10;
    const failures = Math.round(samples * ratio);
    return {
      status: 'measured',
      value: ratio,
      samples,
      failures,
      open: 0,
      failedUnits: null,
      newUnits: null,
      ...shared,
    };
  };
  return { asked, source: { kind: 'prometheus', countsOver } };
}

const read = (
  source: Parameters<typeof readErrorBudget>[0]['source'],
  slos = slosOf({ errorRate: { target: '0.1%' } }),
) => readErrorBudget({ slos, source, nowMs, signal: new AbortController().signal });

describe('the error budget as the source’s history has it', () => {
  it('is not asked of a source without history, or without an objective', async () => {
    expect(await read({ kind: 'proxy' })).toEqual({
      asked: false,
      reason: 'the metrics source proxy keeps no history to look back on',
    });
    expect(await read(historyOf(() => 0).source, slosOf({}))).toMatchObject({ asked: false });
  });

  it('asks every window of the burn rates and the whole period, once each', async () => {
    const { source, asked } = historyOf(() => 0);
    const budget = await read(source);
    expect(asked.map(({ windowMs }) => windowMs).sort((a, b) => a - b)).toEqual(
      [5, 30, 60, 120, 360, 1440, 4320]
        .map((minutes) => minutes * minute)
        .concat(30 * day)
        .sort((a, b) => a - b),
    );
    expect(budget).toMatchObject({
      asked: true,
      objectives: [
        { name: 'errorRate', page: { state: 'not_burning' }, ticket: { state: 'not_burning' }, budgetLeft: 1 },
      ],
    });
  });

  it('burns at a rate that pages when both windows of a pair do', async () => {
    const fire = historyOf((windowMs) => (windowMs <= 60 * minute ? 0.02 : 0.0001));
    expect(await read(fire.source)).toMatchObject({ objectives: [{ page: { state: 'burning' }, sourceError: null }] });
    const over = historyOf((windowMs) => (windowMs === 60 * minute ? 0.02 : 0.0001));
    expect(await read(over.source)).toMatchObject({ objectives: [{ page: { state: 'not_burning' } }] });
  });

  it('asks a latency objective for slow requests, and each objective over its own period', async () => {
    const { source, asked } = historyOf((_, query) => (query.kind === 'slower_than' ? 0.02 : 0));
    const budget = await read(
      source,
      slosOf({ latencyP99: { target: '500ms', period: '7d' }, availability: { target: '99.9%' } }),
    );
    expect(
      asked
        .filter(({ query }) => query.kind === 'slower_than')
        .every(({ query }) => 'aboveMs' in query && query.aboveMs === 500),
    ).toBe(true);
    expect(asked.some(({ windowMs }) => windowMs === 7 * day)).toBe(true);
    const objectives = budget.asked ? budget.objectives : [];
    expect(objectives.map(({ name }) => name)).toEqual(['availability', 'latencyP99']);
    expect(objectives[1]?.budgetLeft).toBeCloseTo(-1);
  });

  it('keeps a past without data and a source that cannot be asked apart', async () => {
    const fresh = historyOf((windowMs) => (windowMs > 30 * minute ? 'no_data' : 0.5));
    expect(await read(fresh.source)).toMatchObject({
      objectives: [{ page: { state: 'unknown' }, budgetLeft: null, sourceError: null }],
    });
    expect(await read(historyOf(() => 'error').source)).toMatchObject({
      objectives: [{ page: { state: 'unknown' }, sourceError: 'refused' }],
    });
  });
});
