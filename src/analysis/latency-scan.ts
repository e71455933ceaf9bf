import type { LatencyBets } from './latency-bets.ts';
import { lnLatencyMixture } from './latency-mixture.ts';

/** Requests per bucket: `edges + 1` numbers, the last for what is above the last edge. */
export type LatencyArms = { canary: Float64Array; baseline: Float64Array };

/**
 * Least evidence for harm over every latency x that could be the baseline's quantile, ln min_x E(x). Pure.
 *
 * E(x) mixes bets that the baseline's tail above x is below `1 − quantile` (so that x is too high to be its quantile) and
 * that the canary's tail above ratio·x is above it. Under "Q1 ≤ ratio·Q0" it is an e-process at x* = Q0, the true quantile;
 * which x that is nobody knows, but the least over all x is never above it.
 *
 * The baseline is bet on from one side only: an x below Q0 need not be excluded, because the canary's tail grows when x
 * falls, and E with it. That leaves more stake for the bets that count, and makes E fall with every slow baseline request.
 *
 * Buckets: for x in (lo, hi] a baseline request counts as slower when it is above lo, a canary request only when it is
 * above the first edge ≥ ratio·hi: both bounds lower the evidence and hold for every x in the bucket. Below the first edge
 * lo = 0; above the last edge no canary request is known to be slower.
 * Reference: Howard & Ramdas (2022), theorem 5, made one-sided and with a ratio.
 */
export function lnLeastHarm(arms: LatencyArms, above: Int32Array, bets: LatencyBets): number {
  const { canary, baseline } = arms;
  const last = baseline.length - 1;
  const [canaryTotal, baselineTotal] = [totalOf(canary), totalOf(baseline)];
  let [least, slowBaseline, slowCanary, bucket] = [Number.POSITIVE_INFINITY, 0, 0, last];
  for (let index = last; index >= -1; index--) {
    const edge = index >= 0 ? above[index]! : -1;
    let slower = slowCanary;
    while (bucket > edge) slower += canary[bucket--]!;
    // The baseline's count only lowers the evidence, so of all x with the same canary count the lowest one decides.
    if (index < 0 || slower > slowCanary) {
      const counts = { slowBaseline, baseline: baselineTotal, slowCanary, canary: canaryTotal };
      if (lnLatencyMixture(bets.canaryOnly, counts) >= least) return least;
      least = Math.min(least, lnLatencyMixture(bets.mixture, counts));
    }
    slowCanary = slower;
    if (index >= 0) slowBaseline += baseline[index]!;
  }
  return least;
}

/**
 * Least evidence for safety over every x: the same with the sides changed. Bets are that the baseline's tail is above
 * `1 − quantile` (x is too low) and that the canary's tail above ratio·x is below it. For x in (lo, hi] a baseline request
 * counts when it is above hi, a canary request when it is above the last edge ≤ ratio·lo. Pure.
 */
export function lnLeastSafety(arms: LatencyArms, below: Int32Array, bets: LatencyBets): number {
  const { canary, baseline } = arms;
  const last = baseline.length - 1;
  const [canaryTotal, baselineTotal] = [totalOf(canary), totalOf(baseline)];
  let [least, slowBaseline, slowCanary, bucket] = [Number.POSITIVE_INFINITY, baselineTotal, canaryTotal, 0];
  for (let index = 0; index <= last + 1; index++) {
    let slower = slowCanary;
    if (index <= last) while (bucket <= below[index]!) slower -= canary[bucket++]!;
    if (index > last || slower < slowCanary) {
      const counts = { slowBaseline, baseline: baselineTotal, slowCanary, canary: canaryTotal };
      if (lnLatencyMixture(bets.canaryOnly, counts) >= least) return least;
      least = Math.min(least, lnLatencyMixture(bets.mixture, counts));
    }
    slowCanary = slower;
    if (index <= last) slowBaseline -= baseline[index]!;
  }
  return least;
}

function totalOf(counts: Float64Array): number {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket]!;
  return total;
}
