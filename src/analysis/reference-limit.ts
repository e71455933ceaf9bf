import type { JudgeSettings } from '../model/verdict.ts';
import { binomialInterval } from './binomial-interval.ts';
import { harmShares, safeReferenceShare } from './evidence-shares.ts';
import type { JudgeSnapshot } from './judge-state.ts';

/** What a canary without a concurrent baseline is held against. Ratios 0–1. */
export type ReferenceLimit = {
  /** `measured`: the baseline was seen earlier; `none`: never, so the margin itself is the limit. */
  kind: 'measured' | 'none';
  /** Baseline requests behind it, from before the run and from its earlier steps, deflated for clusters. */
  counts: { requests: number; failures: number };
  /** Harm is shown against this: upper end of the baseline's interval plus the margin. */
  harmRatio: number;
  /** Safety is shown against this: lower end of the baseline's interval plus the margin. */
  safeRatio: number;
};

/**
 * Limits for the time when all users are on the canary. The baseline's ratio is taken from what was seen of it, with an interval
 * that holds at all times, and part of α is spent on that. Pure.
 *
 * Limits: assumes that the baseline's ratio would have stayed as it was: an outage of a shared dependency looks like
 * harm. Verdicts from here say that the baseline is not concurrent. A hold-back avoids all of this.
 *
 * Example: margin 0.02, nothing ever seen of a baseline → both ratios 0.02.
 */
export function referenceLimit(state: JudgeSnapshot, settings: JudgeSettings): ReferenceLimit {
  const seen = state.errorRate.weighed.baseline;
  const counts = {
    requests: seen.requests + state.prior.requests,
    failures: seen.failures + state.prior.failures,
  };
  const { errorMargin, alphaRollback, alphaPromote, errorRateShare } = settings;
  if (counts.requests === 0) return { kind: 'none', counts, harmRatio: errorMargin, safeRatio: errorMargin };
  // A plan without such a bake spends nothing on it, and asks only for the sake of the text.
  const share = harmShares(state).referenceInterval || 1;
  const [, high] = binomialInterval(counts, share * errorRateShare * alphaRollback);
  const [low] = binomialInterval(counts, ((1 - safeReferenceShare) * alphaPromote) / state.bakes);
  return {
    kind: 'measured',
    counts,
    harmRatio: Math.min(1, high + errorMargin),
    safeRatio: Math.min(0.999, low + errorMargin),
  };
}
