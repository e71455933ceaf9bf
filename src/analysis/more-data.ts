import type { ArmCounts } from '../model/verdict.ts';
import { divergence, informationPerRequest } from './information-bound.ts';

/** What a test has and what it lacks: ln evidence and ln limit of both directions. */
export type EvidenceGap = { lnHarm: number; lnHarmLimit: number; lnSafe: number; lnSafeLimit: number };

/** Mean number of requests over the bound, as measured by `bench/analysis.ts`. */
const overhead = 1.3;
/** A few canary requests say little; they weigh against this many at the baseline's ratio. */
const shrinkRequests = 50;
/** Above this the number would be read as a promise that nobody can keep. */
const requestsAtMost = 10_000_000;

/**
 * Canary requests that the comparison with a concurrent baseline will still need, about, if the rates are as they look
 * now; null when there is nothing to reckon with or the canary sits on the margin itself. Pure.
 *
 * (ln limit − ln evidence) / (information per canary request), towards harm when the canary looks worse than the margin,
 * towards safety otherwise. Reference: Wald (1945).
 * Limits: a forecast by point estimates: expect a factor of two either way.
 *
 * Example: 1 failure of 950 and 0 of 50, margin 2 points, ln 80 to earn → 304.
 */
export function moreCanaryRequests(
  gap: EvidenceGap,
  arms: { baseline: ArmCounts; canary: ArmCounts; theta0: number },
  delta: number,
): number | null {
  const { baseline, canary, theta0 } = arms;
  const total = baseline.requests + canary.requests;
  if (canary.requests === 0 || baseline.requests === 0) return null;
  const p0 = (baseline.failures + shrinkRequests * theta0) / (baseline.requests + shrinkRequests);
  const p1 = (canary.failures + shrinkRequests * p0) / (canary.requests + shrinkRequests);
  const canaryShare = canary.requests / total;
  const information = informationPerRequest({
    p0,
    p1: Math.min(p1, 0.999),
    delta: Math.min(delta, 0.999),
    canaryShare,
  });
  return requestsFor(gap, p1 > p0 + delta, information / canaryShare);
}

/**
 * The same for one arm against a fixed ratio (0–1). Pure.
 *
 * Example: 1 % allowed, nothing bad in 1,000, ln 20 to earn → 415.
 */
export function moreRequestsAgainst(gap: EvidenceGap, counts: ArmCounts, allowedRatio: number): number | null {
  if (counts.requests === 0) return null;
  const ratio = (counts.failures + (shrinkRequests * allowedRatio) / 4) / (counts.requests + shrinkRequests);
  return requestsFor(gap, ratio > allowedRatio, divergence(ratio, Math.min(allowedRatio, 1 - 1e-9)));
}

function requestsFor(gap: EvidenceGap, towardsHarm: boolean, informationEach: number): number | null {
  const missing = towardsHarm ? gap.lnHarmLimit - gap.lnHarm : gap.lnSafeLimit - gap.lnSafe;
  const requests = Math.ceil((overhead * Math.max(0, missing)) / informationEach);
  return requests <= requestsAtMost ? requests : null;
}
