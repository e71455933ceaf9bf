import type { EventCounts } from '../model/judged-window.ts';
import { lnCapAboveLimit } from './error-rate-evidence.ts';
import { advanceRestartMixture, type RestartMixture } from './restart-mixture.ts';

/** Events and their opportunities of both arms in one window. Need not be whole numbers. */
export type CountsWindow = {
  canary: EventCounts;
  baseline: EventCounts;
  /**
   * Share (0–1) of the opportunities that goes to the canary, if each is drawn by itself; what the window shows when absent.
   * That is also right when routing is sticky, and needs windows with opportunities in both arms.
   */
  canaryShare?: number;
};

export type CountsTest = {
  /** Least acceptable ratio (0–1) of events per opportunity, canary over baseline. */
  least: number;
  /** Variance of event counts over that of independent events, at least 1; counts are divided by it. 1 when absent. */
  overdispersion?: number;
};

/** Ratios that harm is looked for at, for a least acceptable ratio of 0.7; scaled with it. */
const harmRatios = [1e-4, 0.07, 0.14, 0.25, 0.35, 0.46, 0.56, 0.63, 0.67].map((ratio) => ratio / 0.7);
/** Powers of `least` that safety is looked for at: 0 is "as many as the baseline", negative ones are more. */
const safetyPowers = [0.6, 0.3, 0, -0.3];

/**
 * Harm: evidence against "the canary has at least `least` times as many events per opportunity as the baseline", such as
 * successful answers per routed request or orders per visit. Takes one window in; read the result with `lnEvidenceOf`. Pure.
 *
 * Given an event, it is the canary's with chance θ = ρλ₁/(ρλ₁ + (1−ρ)λ₀), ρ the canary's share of the opportunities, λ the
 * rates; the limit is θ at λ₁/λ₀ = `least`. Mixture over nine smaller ratios r of (θ_r/θ_lim)^s ((1−θ_r)/(1−θ_lim))^f for s
 * events of the canary and f of the baseline, with restarts. With limit 1/α the chance of ever crossing it without harm
 * is at most α. λ may drift as it likes: only their ratio is assumed.
 *
 * Why the mean is at most 1. Poisson events: given s + f events, s is binomial with θ ≥ θ_lim, and one event has mean factor
 * θ·θ_r/θ_lim + (1−θ)(1−θ_r)/(1−θ_lim), which falls in θ and is 1 at θ_lim. Binomial events (at most one per opportunity, n₁ and n₀
 * of them): one opportunity has mean factor 1 + p₁u and 1 + p₀v with u = θ_r/θ_lim − 1 < 0 and v = (1−θ_r)/(1−θ_lim) − 1. As
 * 1 + x ≤ eˣ and p₁ ≥ least·p₀, the mean is at most exp(p₀(n₁·least·u + n₀v)), and with θ_r = rn₁/(rn₁ + n₀) that bracket is
 * exactly 0. So it holds for anything between: Bernoulli events are only less scattered. Dividing counts by
 * φ ≥ 1 takes the φ-th root of each factor, whose mean is at most 1 by Jensen's inequality.
 *
 * Each event of the canary makes it smaller and each of the baseline larger, so what is still open is counted as an event of the
 * canary and as none of the baseline. `atMs`: start of the window, ascending. Reference: Lindon & Malek, "Anytime-valid inference for multinomial count
 * data" (NeurIPS 2022), with a one-sided margin; restarts see `restart-mixture.ts`.
 * Limits: events of one arm that come in bursts need `overdispersion`. Where nearly every opportunity has its one
 * event, `success-ratio-evidence.ts` knows more. A window without opportunities in one arm says nothing.
 *
 * Example: 5 of 100 events at share 0.05 (ratio 1), least 0.7 → −8.26 for ratio 0.07, −0.0666 for 0.67.
 */
export function advanceCountsHarm(
  state: RestartMixture,
  window: CountsWindow & { atMs: number; weightChanged: boolean },
  test: CountsTest,
): RestartMixture {
  const { atMs, weightChanged } = window;
  const lnIncrements = countsIncrements(deflate(window, test), test.least);
  return advanceRestartMixture(state, { atMs, weightChanged, lnIncrements });
}

/** ln e-value of one window against "ratio ≥ least" for each of the nine alternatives. Pure. */
export function countsIncrements(window: CountsWindow, least: number): number[] {
  return harmRatios.map((scale) => lnRatioEvidence(window, scale * least, least));
}

/**
 * ln of the likelihood of `ratio` over that of `limit`, given the number of events of both arms together. Pure.
 *
 * s ln(r/limit) + (s + f) ln((limit·ρ + 1 − ρ)/(r·ρ + 1 − ρ)), in which nothing can become 0/0 or overflow.
 */
export function lnRatioEvidence(window: CountsWindow, ratio: number, limit: number): number {
  const { canary, baseline } = window;
  const share = window.canaryShare ?? canary.opportunities / (canary.opportunities + baseline.opportunities);
  if (!(share > 0 && share < 1)) return 0;
  const lnShift = Math.log((limit * share + 1 - share) / (ratio * share + 1 - share));
  return canary.events * Math.log(ratio / limit) + (canary.events + baseline.events) * lnShift;
}

export const noCountsSafety: readonly number[] = safetyPowers.map(() => 0);

/**
 * Safety: evidence against "the canary has at most `least` times as many events per opportunity". State is the ln of the
 * e-process for each of four ratios above the limit; begin with `noCountsSafety` at every bake, read with `lnSafetyOf`. Pure.
 *
 * The same likelihood ratios on the other side; the proof holds with the signs of u and v exchanged. `lnLimit`: where it
 * certifies; the state is capped a little above, so that a good start cannot cover what sets in later.
 * Limits: `least` must be below 1, or the alternatives lie on the wrong side.
 *
 * Example: 65 events of the canary and 1,235 of the baseline at share 0.05, least 0.7: ln evidence 3.13, more than 20:1.
 */
export function advanceCountsSafety(
  state: readonly number[],
  window: CountsWindow,
  test: CountsTest & { lnLimit: number },
): number[] {
  const { least, lnLimit } = test;
  const deflated = deflate(window, test);
  return state.map((lnE, index) => {
    const ratio = least ** (safetyPowers[index] ?? 1);
    return Math.min(lnLimit + lnCapAboveLimit, lnE + lnRatioEvidence(deflated, ratio, least));
  });
}

function deflate(window: CountsWindow, test: CountsTest): CountsWindow {
  const factor = Math.max(1, test.overdispersion ?? 1);
  const shrink = ({ events, opportunities }: EventCounts): EventCounts => ({
    events: events / factor,
    opportunities: opportunities / factor,
  });
  return { ...window, canary: shrink(window.canary), baseline: shrink(window.baseline) };
}
