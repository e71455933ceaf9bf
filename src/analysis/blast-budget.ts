import type { ArmCounts } from '../model/verdict.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { binomialInterval } from './binomial-interval.ts';
import { minimumDetectableRatio } from './minimum-detectable.ts';

export type BlastSituation = {
  /** Seen so far in this run, both arms. */
  canary: ArmCounts;
  baseline: ArmCounts;
  /** Requests a second of both arms together. */
  perSecond: number;
  /** Time left until the bake must end. */
  leftMs: number;
  /** From a request's arrival until the judge knows of its failure and traffic is gone. */
  delayMs: number;
};

export type BlastLimits = {
  /** Failed requests that the canary may at most serve in all, those seen included. */
  failures: number;
  /** Allowed excess over the baseline (0–1) and chance of a wrong rollback of the test that watches. */
  delta: number;
  alpha: number;
  /** Weight (0–100) that is never exceeded. */
  mostPercent: number;
};

export type BlastWeight = {
  /** 0–100, rounded down to a tenth. */
  weightPercent: number;
  /** Failed requests still to be expected at that weight if the canary is as bad as it may still be. */
  expectedFailures: number;
};

/** Level of the interval that says which canary ratios are excluded; it holds at all times. */
const excludedAlpha = 0.05;
/** Requests that the test needs over those of an ideal one; measured on the error rate, restarts included. */
const overhead = 1.5;

/**
 * The highest weight at which the failed requests to be expected, until harm is proven or the bake ends, stay inside the budget
 * for every failure ratio that the canary may still have. Pure.
 *
 * At share c the canary gets N = c·rps·T requests, T the time left less the delay. With ratio p it fails p·min(N, n(p)) of them,
 * where n(p) = overhead·ln(1/α)/D(p) is when the test has it (never, below p₀ + δ). Below the minimum detectable ratio p* (n(p*) = N)
 * that is p·N, which grows in p. Above it is p·n(p), which falls in p: D is convex in p with D(p₀+δ) = 0, so
 * D(p) ≤ (p − p₀ − δ)·D′(p) < p·D′(p). So the worst p is p*, or the upper end h of what is not excluded yet, if that is smaller:
 * F(c) = min(p*, h)·N, plus h·c·rps·delay for what arrives before a verdict takes effect. n(p) grows in c (the more canary, the
 * less baseline per canary request), so F grows in c, and bisection finds the weight.
 * Limits: p₀ is a point estimate; h holds with 95 %; a fault that sets in later than now is not excluded by what was seen.
 *
 * Example: 100/s, 10 min left, 15 s delay, margin 2 points, α 1 %, nothing seen, 100 failed requests allowed → 2.7 %;
 * after 300 canary requests without failure → 5.8 %.
 */
export function highestWeight(situation: BlastSituation, limits: BlastLimits): BlastWeight {
  const left = limits.failures - situation.canary.failures;
  const most = Math.max(0, Math.min(100, limits.mostPercent));
  if (!(left > 0) || !(situation.perSecond > 0)) return { weightPercent: 0, expectedFailures: 0 };
  let [low, high] = [0, most];
  if (expectedFailures(most, situation, limits) <= left) low = most;
  for (let round = 0; round < 30 && low < high; round++) {
    const middle = (low + high) / 2;
    if (expectedFailures(middle, situation, limits) <= left) low = middle;
    else high = middle;
  }
  const weightPercent = Math.floor(low * 10 + 1e-6) / 10;
  return { weightPercent, expectedFailures: expectedFailures(weightPercent, situation, limits) };
}

/** F of above: failed requests to be expected from now on at a weight (0–100), for the worst ratio not excluded. Pure. */
export function expectedFailures(weightPercent: number, situation: BlastSituation, limits: BlastLimits): number {
  const { canary, baseline, perSecond, leftMs, delayMs } = situation;
  const canaryShare = weightPercent / 100;
  const canaryPerMs = (canaryShare * perSecond) / 1000;
  const watchedMs = Math.max(0, leftMs - delayMs);
  const setting = {
    baselineRatio: estimateBaseline(baseline, { requests: 0, failures: 0 }, limits.delta),
    delta: limits.delta,
    canaryShare,
    lnLimit: -overhead * Math.log(limits.alpha),
  };
  const [, highest] = binomialInterval(canary, excludedAlpha);
  const canaryRequests = canaryPerMs * watchedMs;
  const detectable = minimumDetectableRatio(canaryRequests, setting) ?? 1;
  return Math.min(detectable, highest) * canaryRequests + highest * canaryPerMs * Math.min(delayMs, leftMs);
}
