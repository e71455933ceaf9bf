import { informationPerRequest } from './information-bound.ts';

/**
 * Canary requests, all without failure, after which any test can at the earliest call "less than `delta` (0–1)" proven at level
 * `alpha`. Pure.
 *
 * ln(1/α)/−ln(1−δ), rounded up: the chance of no failure in n requests at ratio δ is (1−δ)ⁿ.
 *
 * Example: 2 points: 228 at 99 %, 149 at 95 %, 114 at 90 %.
 */
export function requestsToCertify(delta: number, alpha: number): number {
  return Math.ceil(-Math.log(alpha) / -Math.log1p(-delta) - 1e-9);
}

/**
 * Ms that an ideal test needs on average to certify a canary that fails as often as the baseline. Pure.
 *
 * ln(1/α)/(information per request)/traffic. Reference: as `information-bound.ts`, on the safe side of the margin.
 * Limits: a bound for known ratios; the test of `error-rate-evidence.ts` needs 1 to 1.6 times it.
 *
 * Example: 0.1 %, 2 points, α 5 %, 5 % of 100/s → 35.0 s.
 */
export function timeToCertifyMs(
  situation: { ratio: number; delta: number; canaryShare: number; perSecond: number },
  alpha: number,
): number {
  const { ratio, delta, canaryShare, perSecond } = situation;
  const information = informationPerRequest({ p0: ratio, p1: ratio, delta, canaryShare });
  return (-Math.log(alpha) / information / perSecond) * 1000;
}
