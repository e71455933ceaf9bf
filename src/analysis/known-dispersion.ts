import type { JudgeSettings } from '../model/verdict.ts';
import { assessOverdispersion, type DispersionHistory } from './overdispersion.ts';

/**
 * What failure counts are divided by where clients cannot be told apart, at least 1: as the team says, else the upper end of
 * what the baseline's history shows once it shows for certain that failures come in clusters. Until then 1. Pure.
 *
 * To divide by the upper end from the start would make the tests two to three times slower for failures that are independent.
 * What protects from a burst meanwhile is that no batch alone can decide (`lnCapOf`).
 */
export function knownDispersion(state: { dispersion: DispersionHistory }, settings: JudgeSettings): number {
  return settings.overdispersion ?? certainDispersion(state.dispersion);
}

/** The upper end of what a history shows once it is certain that there is any; 1 until then. Pure. */
export function certainDispersion(history: DispersionHistory): number {
  const measured = assessOverdispersion(history);
  return measured.kind === 'measured' && measured.lower > 1 ? measured.factor : 1;
}

/**
 * What safety divides by: the upper end as soon as anything can be said, because clusters that are not seen make a candidate look
 * safe. At least 1. Pure.
 */
export function safeDispersion(state: { dispersion: DispersionHistory }, settings: JudgeSettings): number {
  if (settings.overdispersion !== null) return settings.overdispersion;
  const measured = assessOverdispersion(state.dispersion);
  if (measured.kind === 'measured') return Math.max(1, measured.estimate);
  return Math.max(1, state.dispersion.failures / Math.max(1, state.dispersion.clusters));
}

/**
 * Least number of batches (of a second, or a window of the source where that is longer) that a proof of harm rests on where
 * clients cannot be told apart.
 */
const batchesToDecide = 3;
/** ln of what restarts and alternatives cost an early proof: it is counted in, or the cap would ask for more seconds. */
const lnMixtureCost = Math.log(2 * 12);

/**
 * Most that one batch may add to the ln evidence of an alternative; null for no limit. Pure. A factor that is cut off stays an
 * e-value. With it three batches must speak against the canary, and a burst in one of them is forgotten by the good
 * requests after it. A team that has given its overdispersion has spoken of bursts itself.
 *
 * Example: α 1 % alone → (ln 100 + ln 24)/3 = 2.59.
 */
export function lnCapOf(settings: JudgeSettings, lnLimit: number): number | null {
  return settings.overdispersion === null ? (lnLimit + lnMixtureCost) / batchesToDecide : null;
}
