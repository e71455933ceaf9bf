import { divergence } from './information-bound.ts';
import { mapEdges } from './latency-edges.ts';
import type { LatencyArms } from './latency-scan.ts';
import type { LatencyTest } from './latency-state.ts';

/** True distributions of both arms as weights per bucket (edges + 1 of them, any scale), and the canary's share of requests. */
export type LatencySituation = LatencyArms & { edgesMs: readonly number[]; canaryShare: number };

/**
 * Least number of requests (both arms) that any sequential test of level `alpha` and power one needs on average to prove that
 * the canary's quantile is more than ratio times the baseline's; Infinity when it is not. Pure.
 *
 * ln(1/alpha) / information per request. Reference: Wald (1945); Garivier & Kaufmann (2016).
 * Limits: a bound on the mean for known distributions that a test which must learn them does not reach; of the
 * distributions only the tails at the edges are used, so edges should be fine.
 *
 * Example: lognormal with σ = 0.6, canary twice as slow, ratio 1.2, p99, 5 % canary, alpha 1 %: 1,630 requests.
 */
export function latencyInformationBound(situation: LatencySituation, test: LatencyTest, alpha: number): number {
  return -Math.log(alpha) / latencyInformation(situation, test).harm;
}

/**
 * Nats that one request (of either arm) gives, on average, for harm and for safety: the divergence to the nearest pair of
 * distributions for which the claim is wrong. One of them is 0. Pure.
 *
 * Harm: min over x of (1−c)·KL⁺(F̄0(x) below π) + c·KL⁺(F̄1(ratio·x) above π), π = 1 − quantile, c the canary's share;
 * safety: the same with the sides changed.
 */
export function latencyInformation(situation: LatencySituation, test: LatencyTest): { harm: number; safety: number } {
  const { edgesMs, canaryShare } = situation;
  const nullTail = 1 - test.quantile;
  const baseline = tailsOf(situation.baseline);
  const canary = tailsOf(situation.canary);
  const { above, below } = mapEdges(edgesMs, test.ratio);
  let harm = canaryShare * excess(canary[0] ?? 1, nullTail);
  let safety = (1 - canaryShare) * excess(baseline[0] ?? 1, nullTail);
  for (let edge = 0; edge < edgesMs.length; edge++) {
    const ofBaseline = baseline[edge + 1] ?? 0;
    const forHarm = canary[(above[edge] ?? 0) + 1] ?? 0;
    // The map answers for buckets; the lower edge of the next bucket is this edge.
    const forSafety = canary[(below[edge + 1] ?? -1) + 1] ?? 1;
    harm = Math.min(
      harm,
      (1 - canaryShare) * shortfall(ofBaseline, nullTail) + canaryShare * excess(forHarm, nullTail),
    );
    safety = Math.min(
      safety,
      (1 - canaryShare) * excess(ofBaseline, nullTail) + canaryShare * shortfall(forSafety, nullTail),
    );
  }
  return { harm, safety };
}

/** Share above the lower edge of each bucket; the first is 1. */
function tailsOf(weights: Float64Array): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const tails: number[] = [];
  let above = 0;
  for (let bucket = weights.length - 1; bucket >= 0; bucket--) {
    above += weights[bucket] ?? 0;
    tails[bucket] = Math.min(1, above / total);
  }
  return tails;
}

function excess(tail: number, nullTail: number): number {
  return tail > nullTail ? divergence(tail, nullTail) : 0;
}

function shortfall(tail: number, nullTail: number): number {
  return tail < nullTail ? divergence(tail, nullTail) : 0;
}
