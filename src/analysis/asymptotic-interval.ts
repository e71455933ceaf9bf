/**
 * Half width, in the unit of `standardError`, of an interval for a mean difference that holds at all times at once with chance
 * 1 − `alpha`, asymptotically. Pure.
 *
 * se·√n·√(2(nρ²+1)/(n²ρ²)·ln(√(nρ²+1)/α)), ρ² = (−2 ln α + ln(1 − 2 ln α))/n*: narrowest relative to the best when `samples` (of both
 * arms) is near `tunedFor` (n*). Reference: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
 * asymptotic confidence sequences" (2024), (9); as GrowthBook's sequential test uses it.
 * Limits: rests on a central limit theorem, so not for rare failures; for continuous figures that have no exact test here.
 *
 * Example: standard error 0.33341, 6,461 samples, alpha 0.05, tuned for 1,000 → 1.0618.
 */
export function asymptoticHalfWidth(
  sample: { standardError: number; samples: number },
  alpha: number,
  tunedFor = 5000,
): number {
  const { standardError, samples } = sample;
  const rhoSquared = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / tunedFor;
  const grown = samples * rhoSquared + 1;
  const lnBound = 0.5 * Math.log(grown) - Math.log(alpha);
  return standardError * Math.sqrt(((2 * grown) / (samples * rhoSquared)) * lnBound);
}
