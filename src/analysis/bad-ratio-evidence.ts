import type { ArmCounts } from '../model/verdict.ts';
import { lnCapAboveLimit } from './error-rate-evidence.ts';
import { logSpaced } from './log-spaced.ts';
import { lnLikelihoodRatio } from './null-projection.ts';
import { advanceRestartMixture, type RestartMixture } from './restart-mixture.ts';

const alternativesAbove = 12;
const highestRatio = 0.98;
/** Keeps an allowance of 100 % away from the ratio where logarithms end. */
const highestAllowed = 1 - 1e-9;
const alternativesBelow = [1e-3, 0.3, 0.6, 0.8, 0.9];

export const noBadRatioSafety: readonly number[] = alternativesBelow.map(() => 0);

/**
 * Breach of an absolute limit: evidence against "at most `allowedRatio` of the requests are bad", one arm alone. Takes one
 * batch in; read the result with `lnEvidenceOf`. Pure.
 *
 * Mixture of Bernoulli likelihood ratios over 12 log-spaced ratios above the limit, with the restarts of
 * `restart-mixture.ts`. Serves error-rate and availability objectives (bad = failed) and "p99 below x" (bad = slower than
 * x, 1 % allowed). Reference: Wald (1945); mixtures: Robbins (1970).
 * `lnLimit`: evidence is capped a little above, so that it fades when the breach ends.
 * Limits: says nothing of cause: an outage shared with the baseline breaches it too. That is why objectives stand outside
 * the chance α of a wrong rollback that is promised for the comparison of the arms. Above 0.97 no ratio is left to bet on: evidence stays 1.
 *
 * Example: 1 % allowed, 100 requests with 10 bad in one batch → ln evidence 11.73.
 */
export function advanceBadRatioHarm(
  state: RestartMixture,
  batch: { counts: ArmCounts; atMs: number; weightChanged: boolean },
  test: { allowedRatio: number; lnLimit: number },
): RestartMixture {
  const { counts, atMs, weightChanged } = batch;
  const allowed = Math.min(test.allowedRatio, highestAllowed);
  const lnIncrements = ratiosAbove(allowed).map((ratio) => lnLikelihoodRatio(counts, ratio, allowed));
  return advanceRestartMixture(state, { atMs, weightChanged, lnIncrements, cap: test.lnLimit + lnCapAboveLimit });
}

function ratiosAbove(allowedRatio: number): number[] {
  const room = highestRatio - allowedRatio;
  if (room <= 0.01) return Array.from({ length: alternativesAbove }, () => allowedRatio);
  return logSpaced(Math.min(allowedRatio / 4, room / 2), room, alternativesAbove).map(
    (excess) => allowedRatio + excess,
  );
}

/**
 * Evidence against "at least `allowedRatio` of the requests are bad". State is the ln of the e-process for each of five
 * ratios below; begin with `noBadRatioSafety` at every bake, read with `lnSafetyOf`. Pure.
 *
 * Example: 1 % allowed: about 425 requests without a bad one certify it at 95 %.
 */
export function advanceBadRatioSafety(
  state: readonly number[],
  counts: ArmCounts,
  test: { allowedRatio: number; lnLimit: number },
): number[] {
  const allowed = Math.min(test.allowedRatio, highestAllowed);
  return state.map((lnE, index) => {
    const ratio = allowed * (alternativesBelow[index] ?? 1);
    return Math.min(test.lnLimit + lnCapAboveLimit, lnE + lnLikelihoodRatio(counts, ratio, allowed));
  });
}
