import type { JudgeSettings } from '../model/verdict.ts';
import { addPairs } from './add-counts.ts';
import { advanceBadRatioHarm, advanceBadRatioSafety } from './bad-ratio-evidence.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { JudgeSnapshot, ObjectiveState } from './judge-state.ts';
import type { ArmPair } from './null-projection.ts';
import { isInBake } from './take-batch.ts';

/** Requests that arrived at both arms in [fromMs, toMs) (Unix ms), and how many of them failed or were bad. */
export type CountedWindow = ArmPair & { fromMs: number; toMs: number };

/** The state of one objective after one more settled window. Pure. */
export function takeObjectiveWindow(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { window: CountedWindow; objective: ObjectiveState; allowedRatio: number },
): ObjectiveState {
  const { window, objective, allowedRatio } = about;
  const weightChanged = objective.restartFromMs !== null && window.fromMs >= objective.restartFromMs;
  const inBake = isInBake(state, window);
  const harmTest = { allowedRatio, lnLimit: -Math.log(settings.alphaRollback) };
  const harm = { atMs: window.fromMs, weightChanged };
  const safeTest = { allowedRatio, lnLimit: lnSafeLimitOf(state, settings) };
  return {
    takenUntilMs: window.toMs,
    bake: inBake ? addPairs(objective.bake, window) : objective.bake,
    restartFromMs: weightChanged ? null : objective.restartFromMs,
    canaryHarm: advanceBadRatioHarm(objective.canaryHarm, { counts: window.canary, ...harm }, harmTest),
    baselineHarm: advanceBadRatioHarm(objective.baselineHarm, { counts: window.baseline, ...harm }, harmTest),
    safe: inBake ? advanceBadRatioSafety(objective.safe, window.canary, safeTest) : objective.safe,
  };
}
