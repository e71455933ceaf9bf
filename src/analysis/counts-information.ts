import { divergence } from './information-bound.ts';

/** True ratio of events per opportunity (canary over baseline), least acceptable one, canary's share of opportunities (0–1). */
export type CountsSituation = { ratio: number; least: number; canaryShare: number };

/**
 * Nats that one event (of either arm) gives, on average, about which side of the limit the ratio is. 0 on it. Pure.
 *
 * KL(θ‖θ_lim) of the chance that an event is the canary's. Reference: Lindon & Malek (2022); Wald (1945).
 *
 * Example: ratio 0.6 against 0.7 at share 0.05 → 3.70e-4.
 */
export function countsInformation({ ratio, least, canaryShare }: CountsSituation): number {
  // Rounding alone could make it negative next to the limit.
  return Math.max(0, divergence(canaryChance(ratio, canaryShare), canaryChance(least, canaryShare)));
}

/** Chance (0–1) that an event is the canary's. */
function canaryChance(ratio: number, canaryShare: number): number {
  return (ratio * canaryShare) / (ratio * canaryShare + 1 - canaryShare);
}

/**
 * Least number of events (both arms) that any sequential test of level `alpha` and power one that looks only at whose
 * events they are needs on average to prove harm; Infinity when the ratio is not below the limit. Pure.
 *
 * Limits: a bound on the mean, for known rates. Bernoulli events scatter less than Poisson ones; tests that use how many
 * opportunities had no event may be faster than this.
 *
 * Example: ratio 0.3, least 0.7, share 0.05, alpha 1 % → 627 events, 6.5 s at 100 opportunities a second with one event each.
 */
export function countsBound(situation: CountsSituation, alpha: number): number {
  if (situation.ratio >= situation.least) return Number.POSITIVE_INFINITY;
  return -Math.log(alpha) / countsInformation(situation);
}
