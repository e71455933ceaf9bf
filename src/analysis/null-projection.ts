import type { ArmCounts } from '../model/verdict.ts';

/** One batch of both arms: what arrived in one window, and how much of it failed. */
export type ArmPair = { baseline: ArmCounts; canary: ArmCounts };

/** Failure ratios (0–1) that a test bets on: `theta0` of the baseline, `theta1` of the canary. */
export type Bet = { theta0: number; theta1: number };

/** Distance kept from ratios of exactly 0 and 1, where logarithms end. */
const edge = 1e-15;

/**
 * The point (q, q + delta) of the boundary "canary = baseline + delta" that is nearest, in Kullback–Leibler divergence
 * weighted with the requests of the two arms, to the bet. Returns q (0–1). Pure.
 *
 * Dividing the likelihood of the bet by that of this point (reverse information projection, RIPr) gives an e-value against
 * every point on the far side of the boundary, for any numbers of requests: one request of the baseline has mean factor
 * 1 + u, one of the canary 1 + v, and stationarity of the projection on the convex null gives n0·u + n1·v ≤ 0.
 *
 * Reference: Turner, Ly, Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
 * stopping" (2022), here with unequal batch sizes and an additive margin.
 * Limits: the bet must lie beyond the boundary (not inside the null). `delta` in (−1, 1).
 *
 * Example: 95 and 5 requests, bet (0.001, 0.1), delta 0.02 → q = 0.0012485169…
 */
export function projectOnBoundary(requests: { n0: number; n1: number }, bet: Bet, delta: number): number {
  const { n0, n1 } = requests;
  const lowest = Math.max(0, -delta) + edge;
  const highest = Math.min(1, 1 - delta) - edge;
  const fromBaseline = clamp(bet.theta0, lowest, highest);
  const fromCanary = clamp(bet.theta1 - delta, lowest, highest);
  if (n1 === 0) return fromBaseline;
  if (n0 === 0) return fromCanary;
  let low = Math.min(fromBaseline, fromCanary);
  let high = Math.max(fromBaseline, fromCanary);
  const precision0 = n0 / (bet.theta0 * (1 - bet.theta0));
  const precision1 = n1 / (bet.theta1 * (1 - bet.theta1));
  let q = clamp((precision0 * fromBaseline + precision1 * fromCanary) / (precision0 + precision1), low, high);
  // Newton on a strictly increasing function, kept inside the bracket by bisection.
  for (let round = 0; round < 100; round++) {
    const p = q + delta;
    const slopeValue = (n0 * (q - bet.theta0)) / (q * (1 - q)) + (n1 * (p - bet.theta1)) / (p * (1 - p));
    if (slopeValue < 0) low = q;
    else high = q;
    const curvature =
      n0 * (bet.theta0 / (q * q) + (1 - bet.theta0) / ((1 - q) * (1 - q))) +
      n1 * (bet.theta1 / (p * p) + (1 - bet.theta1) / ((1 - p) * (1 - p)));
    const newton = q - slopeValue / curvature;
    const next = newton >= low && newton <= high ? newton : (low + high) / 2;
    const moved = Math.abs(next - q);
    q = next;
    if (moved <= 1e-13 * q) break;
  }
  return q;
}

/**
 * Natural log of the e-value of one batch: likelihood of the bet over likelihood of its projection. Pure.
 *
 * Example: 95 requests without failure and 5 with one, bet (0.001, 0.1), delta 0.02 → 1.2369867678…; the same without
 * any failure → −0.3957793168…
 */
export function lnBatchEvidence(batch: ArmPair, bet: Bet, delta: number): number {
  const { baseline, canary } = batch;
  if (baseline.requests === 0 && canary.requests === 0) return 0;
  const q0 = projectOnBoundary({ n0: baseline.requests, n1: canary.requests }, bet, delta);
  return lnLikelihoodRatio(baseline, bet.theta0, q0) + lnLikelihoodRatio(canary, bet.theta1, q0 + delta);
}

/** ln of (likelihood of the counts at ratio `bet`) / (at ratio `null`); 0 ln 0 counts as 0. Pure. */
export function lnLikelihoodRatio(counts: ArmCounts, bet: number, nullRatio: number): number {
  const good = counts.requests - counts.failures;
  return (
    (counts.failures === 0 ? 0 : counts.failures * Math.log(bet / nullRatio)) +
    (good === 0 ? 0 : good * Math.log((1 - bet) / (1 - nullRatio)))
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
