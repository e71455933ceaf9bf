import type { ArmCounts } from '../model/verdict.ts';

/** History from before the run counts at most as this many requests, so that it can be outvoted. */
const historyRequestsAtMost = 2000;
/** Where the estimate starts, and how many requests that guess is worth. */
const guess = { ratio: 0.001, requests: 100 };

/**
 * Guess of the baseline's failure ratio (0–1) that a test bets with, from data *earlier* than the batch. Pure.
 * A wrong guess costs speed, never validity. Clipped to [1e-5, 0.5], and low enough that ratios beyond the margin exist.
 *
 * Example: nothing seen, margin 0.02 → 0.001; 1,000 requests with 10 failures → (10 + 0.1) / 1,100 = 0.00918.
 */
export function estimateBaseline(seen: ArmCounts, history: ArmCounts, delta: number): number {
  const historyShare = history.requests > historyRequestsAtMost ? historyRequestsAtMost / history.requests : 1;
  const requests = seen.requests + history.requests * historyShare + guess.requests;
  const failures = seen.failures + history.failures * historyShare + guess.ratio * guess.requests;
  return Math.max(1e-5, Math.min(failures / requests, 0.5, 0.96 - delta));
}
