import { renderMs } from '../model/step.ts';
import type { JudgeSettings, Verdict } from '../model/verdict.ts';
import { lnSafetyOf } from './error-rate-evidence.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { JudgeSnapshot, ObjectiveState } from './judge-state.ts';
import { moreRequestsAgainst } from './more-data.ts';
import { lnEvidenceOf } from './restart-mixture.ts';

import { renderArm, renderEvidence, renderMoreData, renderPercent } from './verdict-words.ts';

export type Objective = JudgeSettings['slos'][number];

/** How an objective is named in verdicts and triggers: `slo:latencyP99`. */
export function metricOfObjective(name: Objective['name']): string {
  return `slo:${name}`;
}

/**
 * Whether the baseline seems to break the limit too: evidence of at least the square root of the limit (10:1 at α = 1 %),
 * because going back would then not help. Pure.
 */
export function baselineBreaches(objective: ObjectiveState, settings: JudgeSettings): boolean {
  return lnEvidenceOf(objective.baselineHarm) >= -Math.log(settings.alphaRollback) / 2;
}

/** The verdict on one absolute limit of the canary. Each has its own α, outside the one of the run. Pure. */
export function assessObjective(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { objective: Objective; evidence: ObjectiveState; nowMs: number },
): Verdict {
  const { objective, evidence, nowMs } = about;
  const { canary, baseline } = evidence.bake;
  const gap = {
    lnHarm: lnEvidenceOf(evidence.canaryHarm),
    lnHarmLimit: -Math.log(settings.alphaRollback),
    lnSafe: lnSafetyOf(evidence.safe),
    lnSafeLimit: lnSafeLimitOf(state, settings),
  };
  const stale = Math.abs(nowMs - (evidence.takenUntilMs ?? 0)) > settings.sourceGraceMs;
  const known = canary.requests > 0 && !stale;
  const failed = gap.lnHarm >= gap.lnHarmLimit;
  const passed = known && state.bake !== null && gap.lnSafe >= gap.lnSafeLimit;
  const decided = failed || passed;
  const moreRequests = decided || !known ? null : moreRequestsAgainst(gap, canary, objective.badRatio);
  const { ms, requests } = state.pace;
  const moreMs = moreRequests === null || !(requests > 1e-6) ? null : Math.round((moreRequests * ms) / requests);
  const outcome = failed ? 'fail' : passed ? 'pass' : 'inconclusive';
  const facts = `${renderObjective(objective)}: canary ${renderArm(canary)}, allowed ${renderPercent(objective.badRatio)} %`;
  const ending = {
    fail: `, evidence ${renderEvidence(gap.lnHarm)} → breach, ${baselineBreaches(evidence, settings) ? 'and the baseline breaches it too' : 'the baseline does not'}`,
    pass: ` → met (${renderEvidence(gap.lnSafe)}, ${renderEvidence(gap.lnSafeLimit)} needed)`,
    inconclusive: known
      ? ` → no verdict yet: ${renderMoreData(moreRequests, moreMs)}`
      : ' → nothing measured, no verdict',
  };
  return {
    metric: metricOfObjective(objective.name),
    outcome,
    cause: decided ? 'decided' : known ? 'more_data_needed' : 'no_data',
    ...gap,
    canary,
    baseline,
    difference: null,
    moreRequests,
    moreMs,
    sentence: `${facts}${ending[outcome]}`,
  };
}

function renderObjective({ name, aboveMs }: Objective): string {
  if (name === 'latencyP99') return `p99 (requests slower than ${renderMs(aboveMs ?? 0)})`;
  return name === 'availability' ? 'availability (failed requests)' : 'error rate (failed requests)';
}
