import { z } from 'zod';
import { binomialInterval } from './binomial-interval.ts';
import { lnGamma } from './log-gamma.ts';
import { describedAlpha } from './verdict-words.ts';

/** State of the check. Plain JSON. */
export const splitEvidenceSchema = z.strictObject({
  /** ln evidence of the shares that were asked for earlier. */
  lnBefore: z.number(),
  /** Share (0–1) of new units that is asked for now; null before the first. */
  share: z.number().min(0).max(1).nullable(),
  /** Units drawn while that share was asked for. */
  canary: z.number().nonnegative(),
  baseline: z.number().nonnegative(),
});
export type SplitEvidence = z.infer<typeof splitEvidenceSchema>;

export const noSplitEvidence: SplitEvidence = { lnBefore: 0, share: null, canary: 0, baseline: 0 };

/** Chance of a false alarm over a whole run, outside the one that is promised for the comparison of the arms. */
export const splitAlpha = 0.001;
/** How many units the prior guess "the router does what it is asked" is worth. */
const concentration = 100;
/** Stands for "impossible": a unit on a side that should have had none. Finite, so that it survives JSON. */
const lnImpossible = 1000;

/**
 * Whether the router splits as it was asked to, watched all the time: takes in units drawn while `share` (0–1) of them
 * was to go to the canary; read with `lnSplitOf`, compare with ln(1/`splitAlpha`). Pure.
 *
 * Under "each new unit goes to the canary with chance ρ" the Bayes factor O = [B(α₀ + S)/B(α₀)] / (ρ^s (1−ρ)^f), α₀ = k(ρ, 1−ρ),
 * k = 100, is an e-process; at a change of share a new factor begins and the old is multiplied on. In logarithms
 * throughout and nothing is cut off: an underflow clamped to a small number would turn a healthy split into an alarm.
 * Reference: Lindon & Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022).
 * Limits: units must be *newly drawn* ones. Routing is sticky, so requests depend on each other and would alarm falsely. A
 * unit belongs to the share that was asked for when it was drawn. A failure says that the data cannot be trusted, not that
 * the candidate is bad. For a share of 0 or 1 one unit on the wrong side is proof at once.
 *
 * Example: share 0.2, 52 new units of 168 on the canary → evidence 21.4 (p = 0.0468).
 */
export function advanceSplit(
  state: SplitEvidence,
  drawn: { canary: number; baseline: number; share: number },
): SplitEvidence {
  const { canary, baseline, share } = drawn;
  if (state.share === share) {
    return { ...state, canary: state.canary + canary, baseline: state.baseline + baseline };
  }
  return { lnBefore: lnSplitOf(state), share, canary, baseline };
}

/** ln of the evidence against "the split is as asked". Pure. */
export function lnSplitOf({ lnBefore, share, canary, baseline }: SplitEvidence): number {
  return share === null ? lnBefore : lnBefore + lnBayesFactor(share, canary, baseline);
}

function lnBayesFactor(share: number, canary: number, baseline: number): number {
  if (share <= 0) return canary > 0 ? lnImpossible : 0;
  if (share >= 1) return baseline > 0 ? lnImpossible : 0;
  const [a, b] = [concentration * share, concentration * (1 - share)];
  const lnMixture = lnBeta(a + canary, b + baseline) - lnBeta(a, b);
  return lnMixture - canary * Math.log(share) - baseline * Math.log1p(-share);
}

function lnBeta(a: number, b: number): number {
  return lnGamma(a) + lnGamma(b) - lnGamma(a + b);
}

/** `asked 5 %, seen 212 of 2,040 new users = 10.4 % [8.03, 13.1]`: the share asked for now. Pure. */
export function renderSplit({ share, canary, baseline }: SplitEvidence): string {
  if (share === null) return 'no split was asked for yet';
  const asked = `asked ${renderShare(share)} %`;
  const drawn = canary + baseline;
  if (drawn === 0) return `${asked}, no new users yet`;
  const [low, high] = binomialInterval({ requests: drawn, failures: canary }, describedAlpha);
  const seen = `seen ${renderCount(canary)} of ${renderCount(drawn)} new users = ${renderShare(canary / drawn)} %`;
  return `${asked}, ${seen} [${renderShare(low)}, ${renderShare(high)}]`;
}

/** Three digits: shares differ by less than failure ratios do. */
function renderShare(ratio: number): string {
  return String(Number((ratio * 100).toPrecision(3)));
}

function renderCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}
