import type { JudgeSettings, Verdict } from '../model/verdict.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { binomialInterval } from './binomial-interval.ts';
import { differenceInterval } from './difference-interval.ts';
import { lnSafetyOf } from './error-rate-evidence.ts';
import { evidenceShares } from './evidence-shares.ts';
import type { AgeState, JudgeSnapshot } from './judge-state.ts';
import { type EvidenceGap, moreCanaryRequests, moreRequestsAgainst } from './more-data.ts';
import type { ArmPair } from './null-projection.ts';
import { isAlone, type ReferenceLimit, referenceLimit } from './reference-limit.ts';
import { lnEvidenceOf } from './restart-mixture.ts';
import { lnSafeLimitOf } from './take-window.ts';
import { describedAlpha, renderArm, renderEvidence, renderMoreData, renderPercent } from './verdict-words.ts';

type Finding = EvidenceGap & {
  /** What is shown: the requests of the present bake, at the age that decided. */
  counts: ArmPair;
  /** Null while a concurrent baseline is there. */
  reference: ReferenceLimit | null;
  moreRequests: number | null;
  moreMs: number | null;
};

/** The verdict on the error rate: harm beyond the margin, safety within it, or neither yet. Pure. */
export function assessErrorRate(state: JudgeSnapshot, settings: JudgeSettings, nowMs: number): Verdict {
  const gap = evidenceGap(state, settings);
  const ending = decideEnding(state, { gap, settings, nowMs });
  const shown = shownAge(state, ending.outcome === 'fail');
  const counts = shownCounts(state, shown);
  const reference = counts.baseline.requests === 0 && isAlone(state, shown) ? referenceLimit(state, settings) : null;
  const moreRequests =
    ending.cause === 'more_data_needed' ? forecast(state, settings, { gap, counts, shown, reference }) : null;
  const moreMs = durationOf(state, moreRequests);
  const finding = { ...gap, counts, reference, moreRequests, moreMs };
  return {
    metric: 'errorRate',
    outcome: ending.outcome,
    cause: ending.cause,
    ...gap,
    canary: counts.canary,
    baseline: reference?.counts ?? counts.baseline,
    difference: describedDifference(state, counts),
    moreRequests,
    moreMs,
    sentence: `${ending.words ?? renderFinding(finding, settings)} → ${conclusion(ending, finding)}`,
  };
}

function evidenceGap(state: JudgeSnapshot, settings: JudgeSettings): EvidenceGap {
  const shares = evidenceShares(state.hasConcurrentBaseline);
  const harmAt = (name: 'fast' | 'full'): number =>
    Math.max(
      Math.log(shares.concurrentHarm[name]) + lnEvidenceOf(state.ages[name].harm),
      Math.log(shares.referenceHarm) + lnEvidenceOf(state.ages[name].referenceHarm),
    );
  const safeAt = (age: AgeState): number =>
    Math.max(
      Math.log(shares.concurrentSafe) + lnSafetyOf(age.safe),
      Math.log(shares.referenceSafe) + lnSafetyOf(age.referenceSafe),
    );
  const { fast, full } = state.ages;
  return {
    lnHarm: Math.max(harmAt('fast'), harmAt('full')),
    lnHarmLimit: -Math.log(settings.alphaRollback),
    // A canary whose requests hang looks safe after a second: safety must hold at both ages, harm at either.
    lnSafe: Math.min(safeAt(fast), safeAt(full)),
    lnSafeLimit: lnSafeLimitOf(state, settings),
  };
}

type Ending = Pick<Verdict, 'outcome' | 'cause'> & { words: string | null };

function decideEnding(
  state: JudgeSnapshot,
  about: { gap: EvidenceGap; settings: JudgeSettings; nowMs: number },
): Ending {
  const { gap, settings, nowMs } = about;
  const { fast, full } = state.ages;
  if (gap.lnHarm >= gap.lnHarmLimit) return { outcome: 'fail', cause: 'decided', words: null };
  const seen = [fast, full].some((age) => shownCounts(state, age).canary.requests > 0);
  const noData = { outcome: 'inconclusive', cause: 'no_data' } as const;
  if (!seen) return { ...noData, words: 'no canary request seen yet at this step' };
  const heardMs = Math.max(fast.takenUntilMs ?? 0, full.takenUntilMs ?? 0);
  if (nowMs - heardMs > settings.sourceGraceMs)
    return { ...noData, words: 'nothing was measured lately, so what is known is out of date' };
  if (state.bake !== null && gap.lnSafe >= gap.lnSafeLimit) return { outcome: 'pass', cause: 'decided', words: null };
  return { outcome: 'inconclusive', cause: 'more_data_needed', words: null };
}

/** The older age is the whole truth; the younger one is shown while there is nothing older, or when it proved harm. */
function shownAge(state: JudgeSnapshot, failed: boolean): AgeState {
  const { fast, full } = state.ages;
  const harmFoundFast = failed && lnEvidenceOf(fast.harm) >= lnEvidenceOf(full.harm);
  return harmFoundFast || shownCounts(state, full).canary.requests === 0 ? fast : full;
}

function shownCounts(state: JudgeSnapshot, age: AgeState): ArmPair {
  return state.bake === null ? age.run : age.bake;
}

function forecast(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { gap: EvidenceGap; counts: ArmPair; shown: AgeState; reference: ReferenceLimit | null },
): number | null {
  const { gap, counts, shown, reference } = about;
  if (reference !== null) return moreRequestsAgainst(gap, counts.canary, reference.safeRatio);
  const theta0 = estimateBaseline(shown.run.baseline, state.prior, settings.errorMargin);
  return moreCanaryRequests(gap, { ...counts, theta0 }, settings.errorMargin);
}

function durationOf(state: JudgeSnapshot, requests: number | null): number | null {
  const { ms, requests: paced } = state.pace;
  return requests === null || !(paced > 1e-6) ? null : Math.round((requests * ms) / paced);
}

function describedDifference(state: JudgeSnapshot, counts: ArmPair): [number, number] | null {
  const { seen, evidence } = state.difference;
  if (seen.canary.requests > 0 && seen.baseline.requests > 0) return differenceInterval(evidence, describedAlpha);
  if (counts.canary.requests === 0 || counts.baseline.requests === 0) return null;
  const [low0, high0] = binomialInterval(counts.baseline, describedAlpha / 2);
  const [low1, high1] = binomialInterval(counts.canary, describedAlpha / 2);
  return [low1 - high0, high1 - low0];
}

function renderFinding(finding: Finding, settings: JudgeSettings): string {
  const { counts, reference } = finding;
  const margin = renderPercent(settings.errorMargin);
  const harm = `evidence ${renderEvidence(finding.lnHarm)}`;
  if (reference === null)
    return `canary ${renderArm(counts.canary)}, baseline ${renderArm(counts.baseline)}, limit +${margin} points, ${harm}`;
  if (reference.kind === 'none')
    return `canary ${renderArm(counts.canary)}, no baseline to compare with, so held against ${margin} % itself, ${harm}`;
  return `canary ${renderArm(counts.canary)}, baseline ${renderArm(reference.counts)} (seen earlier, not concurrent), limit +${margin} points, ${harm}`;
}

function conclusion(ending: Ending, finding: Finding): string {
  if (ending.outcome === 'fail') return 'roll back';
  if (ending.outcome === 'pass')
    return `safe (${renderEvidence(finding.lnSafe)}, ${renderEvidence(finding.lnSafeLimit)} needed)`;
  if (ending.cause === 'no_data') return 'no verdict';
  return `no verdict yet: ${renderMoreData(finding.moreRequests, finding.moreMs)}`;
}
