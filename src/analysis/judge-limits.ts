import type { JudgeSettings } from '../model/verdict.ts';

/** ln of the evidence at which a comparison with this share of the run's α proves harm. Pure. */
export function lnHarmLimitOf(settings: JudgeSettings, share: number): number {
  return -Math.log(settings.alphaRollback * share);
}

/** ln of the evidence for safety that certifies: the chance of a wrong one is shared among the bakes. Pure. */
export function lnSafeLimitOf(state: { bakes: number }, settings: JudgeSettings): number {
  return Math.log(state.bakes / settings.alphaPromote);
}
