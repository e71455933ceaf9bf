import { renderMs } from '../model/step.ts';

/** Two windows that must both burn, and what share of the budget of the whole period (0–1) the long one then has used up. */
export type BurnPair = {
  severity: 'page' | 'ticket';
  budgetShare: number;
  longMs: number;
  shortMs: number;
};

const hourMs = 3_600_000;

/** The pairs that the SRE Workbook recommends; for a period of 30 days they mean 14.4, 6, 3 and 1 times too fast. */
export const workbookPairs: readonly BurnPair[] = [
  { severity: 'page', budgetShare: 0.02, longMs: hourMs, shortMs: hourMs / 12 },
  { severity: 'page', budgetShare: 0.05, longMs: 6 * hourMs, shortMs: hourMs / 2 },
  { severity: 'ticket', budgetShare: 0.1, longMs: 24 * hourMs, shortMs: 2 * hourMs },
  { severity: 'ticket', budgetShare: 0.1, longMs: 72 * hourMs, shortMs: 6 * hourMs },
];

/** Share of good requests that is promised (0–1, below 1) over a period. */
export type BurnObjective = { objective: number; periodMs: number };

/** Requests of the newest `windowMs` ms, and how many of them were bad. */
export type BurnWindow = { windowMs: number; bad: number; total: number };

export type BurnPairState = {
  pair: BurnPair;
  /** How many times too fast both windows must burn. */
  factor: number;
  /** How many times too fast they do; null where that is unknown. */
  long: number | null;
  short: number | null;
  state: 'burning' | 'not_burning' | 'unknown';
  sentence: string;
};

export type BurnState = {
  pairs: BurnPairState[];
  /** Share of the period's error budget that is left, negative when overdrawn; null where the whole period is not known. */
  budgetLeft: number | null;
  budgetSentence: string;
};

/**
 * Whether the error budget is being used up too fast, as of the newest windows. Pure.
 *
 * Burn rate of a window = share of bad requests / (1 − objective). A pair burns when both its windows exceed its factor; one
 * known window at or below the factor is enough for "not burning"; otherwise "unknown". A window that is missing, empty or not
 * a number is unknown, never zero.
 * Reference: Google, "The Site Reliability Workbook" (2018), chapter 5, sixth way and table 5-8; the same windows in
 * slok/sloth `internal/alert/windows/google-30d.yaml`.
 * Limits: thresholds, without any account of chance: with few requests a single failure burns. It watches a whole service;
 * for a canary with 5 % of the users it is far too slow (`burnDetectionMs`).
 *
 * Example: 99.9 % over 30 d, 162 bad of 10,000 in 1 h and 17 of 1,000 in 5 min → 16.2 and 17 > 14.4: burning, page.
 */
export function assessBurnRate(
  windows: readonly BurnWindow[],
  promise: BurnObjective,
  pairs: readonly BurnPair[] = workbookPairs,
): BurnState {
  const periodRate = burnRateOf(windows, promise.periodMs, promise);
  const budgetLeft = periodRate === null ? null : 1 - periodRate;
  return {
    pairs: pairs.map((pair) => assessPair(windows, promise, pair)),
    budgetLeft,
    budgetSentence: renderBudget(budgetLeft, promise),
  };
}

function burnRateOf(windows: readonly BurnWindow[], windowMs: number, { objective }: BurnObjective): number | null {
  const window = windows.find((one) => one.windowMs === windowMs);
  if (window === undefined || !(window.total > 0) || !(window.bad >= 0)) return null;
  const rate = window.bad / window.total / (1 - objective);
  return Number.isFinite(rate) ? rate : null;
}

function assessPair(windows: readonly BurnWindow[], promise: BurnObjective, pair: BurnPair): BurnPairState {
  const factor = burnFactor(pair, promise.periodMs);
  const long = burnRateOf(windows, pair.longMs, promise);
  const short = burnRateOf(windows, pair.shortMs, promise);
  const state = stateOf([long, short], factor);
  return { pair, factor, long, short, state, sentence: renderPair({ pair, factor, long, short, state }, promise) };
}

/**
 * How many times too fast the budget must burn for the long window to use up its share of it: share · period / window. Pure.
 *
 * Example: 2 % of 30 d in 1 h → 14.4; 10 % of 28 d in 3 d → 0.93.
 */
export function burnFactor(pair: BurnPair, periodMs: number): number {
  return (pair.budgetShare * periodMs) / pair.longMs;
}

function stateOf(rates: ReadonlyArray<number | null>, factor: number): BurnPairState['state'] {
  if (rates.some((rate) => rate !== null && !exceeds(rate, factor))) return 'not_burning';
  return rates.includes(null) ? 'unknown' : 'burning';
}

/** A rate that is the factor but for rounding does not exceed it. */
function exceeds(rate: number, factor: number): boolean {
  return rate > factor * (1 + 1e-9);
}

function renderPair(about: Omit<BurnPairState, 'sentence'>, promise: BurnObjective): string {
  const { pair, factor, long, short, state } = about;
  const budget = `the error budget of ${renderPromise(promise)}`;
  const where = `over ${renderMs(pair.longMs)} and ${renderMs(pair.shortMs)}`;
  if (state === 'unknown') {
    const missing = [long === null ? pair.longMs : null, short === null ? pair.shortMs : null].filter(
      (ms) => ms !== null,
    );
    return `whether ${budget} is being burnt more than ${renderRate(factor)} times too fast ${where} is unknown: nothing measured over ${missing.map(renderMs).join(' and ')}`;
  }
  if (state === 'burning' && long !== null && short !== null) {
    return `${budget} is being burnt ${renderRate(long)} times too fast over ${renderMs(pair.longMs)} and ${renderRate(short)} over ${renderMs(pair.shortMs)}; ${pair.severity}`;
  }
  const rates = `${long === null ? 'unknown' : renderRate(long)} and ${short === null ? 'unknown' : renderRate(short)}`;
  return `${budget} is not being burnt more than ${renderRate(factor)} times too fast ${where} (${rates})`;
}

function renderBudget(budgetLeft: number | null, promise: BurnObjective): string {
  const promised = renderPromise(promise);
  if (budgetLeft === null) return `how much of the error budget of ${promised} is left is unknown`;
  const percent = Number((Math.abs(budgetLeft) * 100).toFixed(1));
  return budgetLeft < 0
    ? `the error budget of ${promised} is overdrawn by ${percent} %`
    : `${percent} % of the error budget of ${promised} is left`;
}

function renderPromise({ objective, periodMs }: BurnObjective): string {
  return `${Number((objective * 100).toFixed(4))} % over ${renderMs(periodMs)}`;
}

function renderRate(rate: number): string {
  return rate.toFixed(1);
}

/**
 * Ms from the start of a constant share of bad requests (`badRatio`, 0–1, of all requests) until the long window of a pair
 * burns: longMs · factor · (1 − objective) / badRatio; Infinity when it never does. Pure.
 *
 * Reference: The Site Reliability Workbook, chapter 5, "Alert on burn rate". Limits: from a window without bad requests;
 * plus the interval at which somebody looks.
 *
 * Example: 99.9 % over 30 d, first pair, all requests bad → 51.8 s; a canary of 5 % of the users with 10 % bad → never.
 */
export function burnDetectionMs(pair: BurnPair, promise: BurnObjective, badRatio: number): number {
  const limit = burnFactor(pair, promise.periodMs) * (1 - promise.objective);
  return badRatio > limit * (1 + 1e-9) ? (pair.longMs * limit) / badRatio : Number.POSITIVE_INFINITY;
}
