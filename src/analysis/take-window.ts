import type { JudgedWindow } from '../model/judged-window.ts';
import type { JudgeSettings } from '../model/verdict.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { lnHarmLimitOf } from './judge-limits.ts';
import type { JudgeSnapshot } from './judge-state.ts';
import { knownDispersion, lnCapOf, safeDispersion } from './known-dispersion.ts';
import { type BatchTerms, beginBatch, closeBatch, joinBatch } from './pending-batch.ts';
import { advanceSplit } from './split-evidence.ts';
import { takeBatch } from './take-batch.ts';

const paceFadesMs = 30_000;

/**
 * The judge's state with one more window, or with newer counts of one whose requests had not all ended. Pure.
 *
 * Windows are pooled until both arms have a request, and batches become evidence for good in order of arrival, as soon as
 * nothing in them can change any more. What is not settled yet is looked at by `peek-evidence.ts`.
 */
export function takeWindow(state: JudgeSnapshot, settings: JudgeSettings, window: JudgedWindow): JudgeSnapshot {
  if (window.toMs <= (state.settledUntilMs ?? Number.NEGATIVE_INFINITY)) return state;
  const isNew = window.fromMs >= (state.seenUntilMs ?? Number.NEGATIVE_INFINITY);
  const taken = isNew ? takeNew(state, settings, window) : takeAgain(state, settings, window);
  return settle(taken, settings);
}

function takeAgain(state: JudgeSnapshot, settings: JudgeSettings, window: JudgedWindow): JudgeSnapshot {
  const pending = state.pending.map((batch) =>
    batch.open.some(({ fromMs }) => fromMs === window.fromMs) ? joinBatch(batch, window, settings.errorMargin) : batch,
  );
  return { ...state, pending };
}

function takeNew(state: JudgeSnapshot, settings: JudgeSettings, window: JudgedWindow): JudgeSnapshot {
  const delta = settings.errorMargin;
  const weightChanged = state.restartFromMs !== null && window.fromMs >= state.restartFromMs;
  const seen: JudgeSnapshot = {
    ...state,
    seenUntilMs: window.toMs,
    restartFromMs: weightChanged ? null : state.restartFromMs,
    pace: fadingPace(state.pace, window),
    split: takeSplit(state, window),
  };
  const last = state.pending.at(-1);
  const unfinished = last === undefined || last.closed ? null : last;
  const earlier = unfinished === null ? state.pending : state.pending.slice(0, -1);
  if (unfinished !== null && !weightChanged && unfinished.concurrent === window.concurrent)
    return { ...seen, pending: [...earlier, joinBatch(unfinished, window, delta)] };
  const finished = unfinished === null ? [] : [closeBatch(unfinished, delta)];
  const begun = beginBatch(window, fixBets(state, settings, { window, weightChanged }), delta);
  return { ...seen, pending: [...earlier, ...finished, begun] };
}

/** What the tests bet with is taken from batches that are settled, so it depends on no outcome of the new one. */
function fixBets(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  { window, weightChanged }: { window: JudgedWindow; weightChanged: boolean },
): BatchTerms {
  const { weighed } = state.errorRate;
  const terms = { weightChanged, theta0: estimateBaseline(weighed.baseline, state.prior, settings.errorMargin) };
  if (window.canary.failedUnits !== null && window.baseline.failedUnits !== null)
    return { ...terms, divisor: 1, safeDivisor: 1, lnCap: null, shortestMs: 0 };
  const divisor = knownDispersion(state, settings);
  const lnCap = lnCapOf(settings, lnHarmLimitOf(settings, settings.errorRateShare));
  const divisors = { divisor, safeDivisor: safeDispersion(state, settings) };
  return { ...terms, ...divisors, lnCap, shortestMs: lnCap === null ? 0 : 1000 };
}

function takeSplit(state: JudgeSnapshot, window: JudgedWindow): JudgeSnapshot['split'] {
  const { bake, split } = state;
  const [canary, baseline] = [window.canary.newUnits, window.baseline.newUnits];
  if (bake === null || window.fromMs < bake.fromMs || canary === null || baseline === null) return split;
  return advanceSplit(split, { canary, baseline, share: bake.weightPercent / 100 });
}

function fadingPace(pace: JudgeSnapshot['pace'], window: JudgedWindow): JudgeSnapshot['pace'] {
  const lengthMs = window.toMs - window.fromMs;
  const kept = Math.exp(-lengthMs / paceFadesMs);
  return { ms: pace.ms * kept + lengthMs, requests: pace.requests * kept + window.canary.requests };
}

function settle(state: JudgeSnapshot, settings: JudgeSettings): JudgeSnapshot {
  let settled = state;
  for (let first = settled.pending[0]; first?.closed && first.open.length === 0; first = settled.pending[0])
    settled = { ...takeBatch(settled, settings, first), pending: settled.pending.slice(1) };
  return settled;
}
