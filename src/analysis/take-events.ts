import type { EventWindow } from '../model/judged-window.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { addEvents } from './add-counts.ts';
import { advanceCountsHarm, advanceCountsSafety } from './counts-evidence.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { CountsState, JudgeSnapshot } from './judge-state.ts';
import { certainDispersion } from './known-dispersion.ts';
import { addDispersionWindow } from './overdispersion.ts';
import { isInBake } from './take-batch.ts';

/**
 * Windows are pooled until both arms have so many opportunities: an event follows its opportunity with a delay, and in a
 * small window the shares of the one say little of the shares of the other.
 */
const leastOpportunities = 20;

/** The judge's state after one more window of counted events. Pure. Windows that were taken in already change nothing. */
export function takeEvents(state: JudgeSnapshot, settings: JudgeSettings, window: EventWindow): JudgeSnapshot {
  const comparison = settings.comparisons.find(({ metric }) => metric === window.metric);
  const known = state.comparisons[window.metric];
  if (comparison?.kind !== 'events' || known?.kind !== 'counts') return state;
  if (window.fromMs < (known.takenUntilMs ?? Number.NEGATIVE_INFINITY)) return state;
  const test = { least: comparison.least, lnLimit: lnSafeLimitOf(state, settings) };
  const changed = known.restartFromMs !== null && window.fromMs >= known.restartFromMs;
  // What was pooled under another weight is of no use any more.
  const before = changed && (known.pool?.fromMs ?? 0) < (known.restartFromMs ?? 0) ? null : known.pool;
  const pool = addToPool(before, window);
  const full = pool.canary.opportunities >= leastOpportunities && pool.baseline.opportunities >= leastOpportunities;
  const pooled: CountsState = { ...known, takenUntilMs: window.toMs, pool };
  const taken = full ? takePool(pooled, { pool, test, inBake: isInBake(state, pool) }) : pooled;
  return { ...state, comparisons: { ...state.comparisons, [window.metric]: taken } };
}

type Pool = NonNullable<CountsState['pool']>;

function takePool(
  known: CountsState,
  about: { pool: Pool; test: { least: number; lnLimit: number }; inBake: boolean },
): CountsState {
  const { pool, test, inBake } = about;
  const { canary, baseline, fromMs: atMs } = pool;
  const weightChanged = known.restartFromMs !== null && atMs >= known.restartFromMs;
  const counts = { canary, baseline };
  const dispersed = { ...test, overdispersion: certainDispersion(known.dispersion) };
  const past = { requests: baseline.opportunities, failures: Math.min(baseline.events, baseline.opportunities) };
  return {
    ...known,
    pool: null,
    restartFromMs: weightChanged ? null : known.restartFromMs,
    dispersion: addDispersionWindow(known.dispersion, past),
    harm: advanceCountsHarm(known.harm, { ...counts, atMs, weightChanged }, dispersed),
    safe: inBake ? advanceCountsSafety(known.safe, counts, dispersed) : known.safe,
    canary: inBake ? addEvents(known.canary, canary) : known.canary,
    baseline: inBake ? addEvents(known.baseline, baseline) : known.baseline,
  };
}

function addToPool(pool: CountsState['pool'], { fromMs, canary, baseline }: EventWindow): Pool {
  if (pool === null) return { fromMs, canary, baseline };
  return {
    fromMs: pool.fromMs,
    canary: addEvents(pool.canary, canary),
    baseline: addEvents(pool.baseline, baseline),
  };
}
