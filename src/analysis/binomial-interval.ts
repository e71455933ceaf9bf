import type { ArmCounts } from '../model/verdict.ts';
import { lnGamma } from './log-gamma.ts';

/**
 * Interval [low, high] (0–1) for the failure ratio of one arm that holds at all times at once with chance 1 − alpha,
 * so it may be read after every request. Pure.
 *
 * {p : B(k+1, n−k+1) / (p^k (1−p)^(n−k)) < 1/alpha}: the beta-binomial mixture with a flat prior and Ville's inequality.
 * Reference: Robbins, "Statistical methods related to the law of the iterated logarithm" (1970).
 * Limits: one constant ratio, independent requests. [0, 1] without data. Wider than an interval for one look only.
 *
 * Example: 0 of 149, alpha 0.05 → [0, 0.0523]; 31 of 1,000 → [0.0144, 0.0566].
 */
export function binomialInterval(counts: ArmCounts, alpha: number): [number, number] {
  const { requests, failures } = counts;
  if (requests === 0) return [0, 1];
  const good = requests - failures;
  const lnMixture = lnGamma(failures + 1) + lnGamma(good + 1) - lnGamma(requests + 2);
  const excluded = (p: number): boolean => {
    const lnLikelihood = (failures === 0 ? 0 : failures * Math.log(p)) + (good === 0 ? 0 : good * Math.log1p(-p));
    return lnMixture - lnLikelihood >= -Math.log(alpha);
  };
  const estimate = failures / requests;
  return [failures === 0 ? 0 : edgeBetween(0, estimate, excluded), good === 0 ? 1 : edgeBetween(1, estimate, excluded)];
}

/** Bisection for the last ratio on the way from `inside` to `outside` that is not excluded. */
function edgeBetween(outside: number, inside: number, excluded: (p: number) => boolean): number {
  let [out, within] = [outside, inside];
  for (let round = 0; round < 50; round++) {
    const middle = (out + within) / 2;
    if (excluded(middle)) out = middle;
    else within = middle;
  }
  return out;
}
