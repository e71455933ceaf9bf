import { assessBurnRate, type BurnPairState, type BurnWindow, workbookPairs } from '../analysis/burn-rate.ts';
import type { ErrorBudget, ObjectiveBudget } from '../checks/preflight/context.ts';
import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { MetricSource, PastQuery } from '../model/metric-source.ts';

export type BudgetRequest = {
  slos: EnvironmentSpec['slos'];
  /** The configured source; `countsOver` is there when it keeps history. */
  source: Pick<MetricSource, 'kind' | 'countsOver'>;
  nowMs: number;
  signal: AbortSignal;
};

/** What is left of each objective's error budget, and whether it is being burnt too fast; asked of the source's history. */
export async function readErrorBudget({ slos, source, nowMs, signal }: BudgetRequest): Promise<ErrorBudget> {
  const objectives = objectivesOf(slos);
  if (objectives.length === 0) return { asked: false, reason: 'no objective is configured (slos)' };
  const ask = source.countsOver?.bind(source);
  if (ask === undefined)
    return { asked: false, reason: `the metrics source ${source.kind} keeps no history to look back on` };
  const look = (query: PastQuery): Look => ({ query, ask, nowMs, signal });
  return {
    asked: true,
    objectives: await Promise.all(objectives.map((objective) => readObjective(objective, look(objective.query)))),
  };
}

type Objective = { name: string; objective: number; periodMs: number; query: PastQuery };

function objectivesOf({ errorRate, availability, latencyP99 }: EnvironmentSpec['slos']): Objective[] {
  const requests = { kind: 'requests' } as const;
  return [
    ...(errorRate
      ? [{ name: 'errorRate', objective: 1 - errorRate.target, periodMs: errorRate.period, query: requests }]
      : []),
    ...(availability
      ? [{ name: 'availability', objective: availability.target, periodMs: availability.period, query: requests }]
      : []),
    ...(latencyP99
      ? [
          {
            name: 'latencyP99',
            objective: 0.99,
            periodMs: latencyP99.period,
            query: { kind: 'slower_than' as const, aboveMs: latencyP99.target },
          },
        ]
      : []),
  ];
}

type Look = {
  query: PastQuery;
  ask: NonNullable<MetricSource['countsOver']>;
  nowMs: number;
  signal: AbortSignal;
};

async function readObjective({ name, objective, periodMs }: Objective, look: Look): Promise<ObjectiveBudget> {
  const lengths = [...new Set([...workbookPairs.flatMap((pair) => [pair.longMs, pair.shortMs]), periodMs])];
  const read = await Promise.all(lengths.map((windowMs) => readWindow(windowMs, look)));
  const windows = read.flatMap((one) => ('window' in one ? [one.window] : []));
  const state = assessBurnRate(windows, { objective, periodMs });
  const error = read.find((one) => 'error' in one);
  return {
    name,
    page: summarizePairs(state.pairs, 'page'),
    ticket: summarizePairs(state.pairs, 'ticket'),
    budgetLeft: state.budgetLeft,
    budgetSentence: state.budgetSentence,
    sourceError: error !== undefined && 'error' in error ? error.error : null,
  };
}

type WindowReading = { window: BurnWindow } | { error: string } | { noData: true };

async function readWindow(windowMs: number, { query, ask, nowMs, signal }: Look): Promise<WindowReading> {
  const seen = await ask({ fromMs: nowMs - windowMs, toMs: nowMs }, query, signal);
  if (seen.status === 'error') return { error: seen.reason };
  if (seen.status === 'no_data') return { noData: true };
  return { window: { windowMs, bad: seen.failures, total: seen.samples } };
}

/** The gravest of the pairs of one severity. */
function summarizePairs(pairs: readonly BurnPairState[], severity: 'page' | 'ticket'): ObjectiveBudget['page'] {
  const mine = pairs.filter(({ pair }) => pair.severity === severity);
  const gravest =
    mine.find(({ state }) => state === 'burning') ?? mine.find(({ state }) => state === 'unknown') ?? mine[0];
  return gravest === undefined
    ? { state: 'unknown', sentence: 'nothing was asked' }
    : { state: gravest.state, sentence: gravest.sentence };
}
