import type { ArmCounts, JudgeSettings } from '../model/verdict.ts';
import { binomialInterval } from './binomial-interval.ts';
import { evidenceShares } from './evidence-shares.ts';
import type { AgeState, JudgeSnapshot } from './judge-state.ts';

/** What a canary without a concurrent baseline is held against. Ratios 0–1. */
export type ReferenceLimit = {
  /** `measured`: the baseline was seen earlier; `none`: never, so the margin itself is the limit. */
  kind: 'measured' | 'none';
  /** Baseline requests behind it, from before the run and from its earlier steps. */
  counts: ArmCounts;
  /** Harm is shown against this: upper end of the baseline's interval plus the margin. */
  harmRatio: number;
  /** Safety is shown against this: lower end of the baseline's interval plus the margin. */
  safeRatio: number;
};

/** So many canary requests in a row without any of the baseline mean that there is no concurrent baseline. */
const aloneAtLeast = 20;

/**
 * Limits for the time when all users are on the canary. The baseline's ratio is taken from what was seen of it, with an interval
 * that holds at all times, and part of α is spent on that. Pure.
 *
 * Limits: assumes that the baseline's ratio would have stayed as it was: an outage of a shared dependency looks like
 * harm. Verdicts from here say that the baseline is not concurrent.
 *
 * Example: margin 0.02, nothing ever seen of a baseline → both ratios 0.02.
 */
export function referenceLimit(state: JudgeSnapshot, settings: JudgeSettings): ReferenceLimit {
  const seen = state.ages.full.run.baseline;
  const counts = {
    requests: seen.requests + state.prior.requests,
    failures: seen.failures + state.prior.failures,
  };
  const { errorMargin, alphaRollback, alphaPromote } = settings;
  if (counts.requests === 0) return { kind: 'none', counts, harmRatio: errorMargin, safeRatio: errorMargin };
  const shares = evidenceShares(state.hasConcurrentBaseline);
  const [, high] = binomialInterval(counts, shares.referenceIntervalHarm * alphaRollback);
  const [low] = binomialInterval(counts, (shares.referenceIntervalSafe * alphaPromote) / state.bakes);
  return {
    kind: 'measured',
    counts,
    harmRatio: Math.min(1, high + errorMargin),
    safeRatio: Math.min(0.999, low + errorMargin),
  };
}

/** Whether the canary is without a concurrent baseline now. Depends on arrivals only, never on failures. Pure. */
export function isAlone(state: JudgeSnapshot, age: AgeState): boolean {
  return !state.hasConcurrentBaseline || age.alone >= aloneAtLeast;
}
