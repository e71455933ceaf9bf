import { highestWeight } from '../analysis/blast-budget.ts';
import { renderMs } from '../model/step.ts';
import type { ArmCounts, JudgeSettings, Verdict } from '../model/verdict.ts';
import { listUnproven } from './decide.ts';

export type RaiseSituation = {
  settings: JudgeSettings;
  verdicts: readonly Verdict[];
  bake: { weightPercent: number; elapsedMs: number; minMs: number; maxMs: number };
  /** Weight of the next step; null when the next step does not set one. */
  nextWeightPercent: number | null;
  /** What users met in the whole run. */
  canary: ArmCounts;
  baseline: ArmCounts;
  /** Requests per second of both arms together, lately. */
  perSecond: number;
  /** From a request's arrival until its failure has moved users back. */
  delayMs: number;
};

export type Raise = { weightPercent: number; expectedFailures: number; reason: string };

/** A raise by less than this factor is not worth beginning the proof anew. */
const leastGain = 1.2;

/**
 * The weight at which a bake with too few requests goes on; null when its evidence comes in time, when more users would not
 * help, or when the budget of failing requests does not allow them. Never more than the next step would give. Pure.
 */
export function planRaise(situation: RaiseSituation): Raise | null {
  const { settings, bake, nextWeightPercent, canary, baseline, perSecond, delayMs } = situation;
  if (settings.raiseWeight === null || nextWeightPercent === null || !comesTooLate(situation)) return null;
  const { upToPercent, blastBudget } = settings.raiseWeight;
  const { weightPercent, expectedFailures } = highestWeight(
    { canary, baseline, perSecond, delayMs, leftMs: Math.max(0, bake.maxMs - bake.elapsedMs) },
    {
      failures: blastBudget,
      delta: settings.errorMargin,
      alpha: settings.alphaRollback,
      mostPercent: Math.min(upToPercent, nextWeightPercent),
    },
  );
  if (weightPercent < bake.weightPercent * leastGain) return null;
  const left = renderMs(bake.maxMs - bake.elapsedMs);
  return {
    weightPercent,
    expectedFailures,
    reason: `at ${bake.weightPercent} % the evidence would not come within the ${left} left; ${weightPercent} % is expected to cost at most ${Math.ceil(expectedFailures)} more failing requests, with the ${canary.failures} so far within the ${blastBudget} allowed`,
  };
}

/** Whether any metric that must pass needs longer than the bake may last. */
function comesTooLate({ settings, verdicts, bake, perSecond }: RaiseSituation): boolean {
  if (bake.elapsedMs < bake.minMs || bake.elapsedMs >= bake.maxMs || perSecond === 0) return false;
  return listUnproven(settings, verdicts).some(({ verdict }) => {
    // Without one request at the candidate nothing can be forecast, and half of the time is a fair wait for one.
    if (verdict === null || verdict.moreMs === null) return bake.elapsedMs >= (bake.minMs + bake.maxMs) / 2;
    return bake.elapsedMs + verdict.moreMs > bake.maxMs;
  });
}
