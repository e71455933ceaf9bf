import type { EventCounts } from '../model/judged-window.ts';
import { lnCapAboveLimit } from './error-rate-evidence.ts';
import { divergence } from './information-bound.ts';
import { lnLikelihoodRatio } from './null-projection.ts';
import { advanceRestartMixture, type RestartMixture } from './restart-mixture.ts';

/** One batch of both arms; every opportunity has one event (a success) or none. Need not be whole numbers. */
export type SuccessPair = { canary: EventCounts; baseline: EventCounts };

export type SuccessTest = {
  /** Least acceptable ratio (0–1) of the success ratios, canary over baseline. */
  least: number;
  /** Variance of success counts over that of independent ones, at least 1; counts are divided by it. 1 when absent. */
  overdispersion?: number;
};

/** Shares of `least` that harm is looked for at. */
const harmScales = [1e-4, 0.1, 0.2, 0.36, 0.5, 0.66, 0.8, 0.9, 0.96];
/** Powers of `least` that safety is looked for at: 0 is "as often as the baseline". */
const safetyPowers = [0.6, 0.3, 0];
/** Distance kept from ratios of exactly 0 and 1, where logarithms end. */
const edge = 1e-4;

/**
 * Harm: evidence against "the canary succeeds at least `least` times as often as the baseline", where an opportunity has one
 * success or none (answers per routed request, buyers per visitor). Takes one batch in; read with `lnEvidenceOf`. Pure.
 *
 * Bets (θ₀, rθ₀) for nine r below `least`, divided by their projection on p₁ = least·p₀, with restarts. The null p₁ ≥ least·p₀
 * is convex in (p₀, p₁), so the proof of `null-projection.ts` holds as it is: an e-value at every null point, whatever the
 * sizes of the batch. `theta0` (0–1) must come from earlier data only; a wrong one costs speed, never validity.
 * Each success of the canary makes it smaller and each of the baseline larger, so what is still open is counted as a success of the
 * canary and as none of the baseline.
 * Reference: Turner, Ly, Grünwald (2022), with a ratio for margin; restarts see `restart-mixture.ts`.
 * Limits: more than one event per opportunity would break it: use `counts-evidence.ts` there. The two agree where successes
 * are rare; where nearly every opportunity succeeds this one needs a third to a half of the data.
 *
 * Example: θ₀ 0.99, least 0.7, 19 of 19 of the baseline and 1 of 4 of the canary → ln evidence 0.71.
 */
export function advanceSuccessHarm(
  state: RestartMixture,
  batch: SuccessPair & { atMs: number; weightChanged: boolean; theta0: number },
  test: SuccessTest,
): RestartMixture {
  const { atMs, weightChanged } = batch;
  const theta0 = inside(batch.theta0);
  const lnIncrements = harmScales.map((scale) =>
    lnSuccessEvidence(batch, { theta0, theta1: scale * test.least * theta0 }, test),
  );
  return advanceRestartMixture(state, { atMs, weightChanged, lnIncrements });
}

/**
 * ln of the likelihood of a bet over that of its projection on p₁ = least·p₀. Pure.
 *
 * Setting the weighted derivatives of both divergences to zero leaves a quadratic in q: L·N·q² − B·q + C = 0 with
 * N = n₀ + n₁, B = n₀(1 + θ₀L) + n₁(L + θ₁), C = n₀θ₀ + n₁θ₁; the smaller root lies in (0, 1).
 */
function lnSuccessEvidence(pair: SuccessPair, bet: { theta0: number; theta1: number }, test: SuccessTest): number {
  const { canary, baseline } = pair;
  if (!(canary.opportunities > 0) || !(baseline.opportunities > 0)) return 0;
  const q0 = projectOnRatio({ n0: baseline.opportunities, n1: canary.opportunities }, bet, test.least);
  const lnE =
    lnLikelihoodRatio(asCounts(baseline), bet.theta0, q0) +
    lnLikelihoodRatio(asCounts(canary), bet.theta1, test.least * q0);
  return lnE / Math.max(1, test.overdispersion ?? 1);
}

/** Baseline ratio q of the point (q, least·q) nearest to the bet. Pure. */
export function projectOnRatio(
  requests: { n0: number; n1: number },
  bet: { theta0: number; theta1: number },
  least: number,
): number {
  const { n0, n1 } = requests;
  const linear = n0 * (1 + bet.theta0 * least) + n1 * (least + bet.theta1);
  const constant = n0 * bet.theta0 + n1 * bet.theta1;
  const root = Math.sqrt(Math.max(0, linear * linear - 4 * least * (n0 + n1) * constant));
  return (2 * constant) / (linear + root);
}

function asCounts({ events, opportunities }: EventCounts): { requests: number; failures: number } {
  return { requests: opportunities, failures: events };
}

function inside(ratio: number): number {
  return Math.min(1 - edge, Math.max(edge / 10, ratio));
}

export const noSuccessSafety: readonly number[] = safetyPowers.map(() => 0);

/**
 * Safety: evidence against "the canary succeeds at most `least` times as often". State is the ln of the e-process for each of
 * three ratios above the limit; begin with `noSuccessSafety` at every bake, read with `lnSafetyOf`. Capped a little above `lnLimit`. Pure.
 */
export function advanceSuccessSafety(
  state: readonly number[],
  batch: SuccessPair & { theta0: number },
  test: SuccessTest & { lnLimit: number },
): number[] {
  const theta0 = inside(batch.theta0);
  return state.map((lnE, index) => {
    const theta1 = theta0 * test.least ** (safetyPowers[index] ?? 0);
    return Math.min(test.lnLimit + lnCapAboveLimit, lnE + lnSuccessEvidence(batch, { theta0, theta1 }, test));
  });
}

/** Guess of the baseline's success ratio (0–1) from data earlier than the batch. Pure. Example: nothing seen → 0.5. */
export function estimateSuccessRatio(seen: EventCounts): number {
  return inside((seen.events + 0.5) / (seen.opportunities + 1));
}

/**
 * Nats that one opportunity (of either arm) gives, on average, about which side of the limit the canary is. Pure.
 *
 * Example: 0.999 against 0.6 times that, least 0.7, share 0.05 → 0.00113, three times what the counts alone give.
 */
export function successInformation(situation: { p0: number; p1: number; least: number; canaryShare: number }): number {
  const { p0, p1, least, canaryShare } = situation;
  const q0 = projectOnRatio({ n0: 1 - canaryShare, n1: canaryShare }, { theta0: p0, theta1: p1 }, least);
  return (1 - canaryShare) * divergence(p0, q0) + canaryShare * divergence(p1, least * q0);
}
