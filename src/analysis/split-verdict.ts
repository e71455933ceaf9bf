import type { JudgeSettings, Verdict } from '../model/verdict.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { JudgeSnapshot } from './judge-state.ts';
import { lnSplitOf, renderSplit, splitAlpha } from './split-evidence.ts';
import { renderEvidence } from './verdict-words.ts';

/**
 * Whether the router does what it is asked. Pure. `fail` means that the data cannot be trusted, not that the candidate is bad.
 * It never passes: that a split is right cannot be proven, only not be refuted.
 */
export function assessSplit(state: JudgeSnapshot, settings: JudgeSettings): Verdict {
  const lnHarm = lnSplitOf(state.split);
  const lnHarmLimit = -Math.log(splitAlpha);
  const failed = lnHarm >= lnHarmLimit;
  const units = state.split.canary + state.split.baseline;
  const ending = failed ? 'the router does not do what it was asked' : 'nothing against the router';
  const evidence = units === 0 ? '' : `, evidence ${renderEvidence(lnHarm)}`;
  return {
    metric: 'split',
    outcome: failed ? 'fail' : 'inconclusive',
    cause: failed ? 'decided' : units === 0 ? 'no_data' : 'more_data_needed',
    lnHarm,
    lnHarmLimit,
    lnSafe: 0,
    lnSafeLimit: lnSafeLimitOf(state, settings),
    canary: { requests: units, failures: state.split.canary },
    baseline: { requests: units, failures: state.split.baseline },
    difference: null,
    moreRequests: null,
    moreMs: null,
    sentence: `${renderSplit(state.split)}${evidence} → ${ending}`,
  };
}
