import type { JudgeSettings, Verdict } from '../model/verdict.ts';
import { addCounts } from './add-counts.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { binomialInterval } from './binomial-interval.ts';
import { differenceInterval } from './difference-interval.ts';
import { lnHarmLimitOf, lnSafeLimitOf } from './judge-limits.ts';
import type { JudgeSnapshot } from './judge-state.ts';
import { type EvidenceGap, moreCanaryRequests, moreRequestsAgainst } from './more-data.ts';
import type { ArmPair } from './null-projection.ts';
import { errorRateEvidence } from './peek-evidence.ts';
import { countsOfBatch } from './pending-batch.ts';
import { type ReferenceLimit, referenceLimit } from './reference-limit.ts';
import { describedAlpha, renderArm, renderEvidence, renderMoreData, renderPercent } from './verdict-words.ts';

type Finding = EvidenceGap & {
  /** What is shown: the requests of the present bake, as far as known. */
  counts: ArmPair;
  /** Null while a concurrent baseline is there. */
  reference: ReferenceLimit | null;
  moreRequests: number | null;
  moreMs: number | null;
};

/** The verdict on the error rate: harm beyond the margin, safety within it, or neither yet. Pure. */
export function assessErrorRate(state: JudgeSnapshot, settings: JudgeSettings, nowMs: number): Verdict {
  const { lnHarm, lnSafe, decidedBy } = errorRateEvidence(state, settings);
  const gap = {
    lnHarm,
    lnHarmLimit: lnHarmLimitOf(settings, settings.errorRateShare),
    lnSafe,
    lnSafeLimit: lnSafeLimitOf(state, settings),
  };
  const counts = shownCounts(state);
  const ending = decideEnding(state, { gap, counts, settings, nowMs });
  const unaccompanied = counts.baseline.requests === 0 && counts.canary.requests > 0;
  const byReference = ending.outcome === 'fail' ? decidedBy === 'reference' : unaccompanied;
  const reference = byReference ? referenceLimit(state, settings) : null;
  const moreRequests =
    ending.cause === 'more_data_needed' ? forecast(state, settings, { gap, counts, reference }) : null;
  const finding = { ...gap, counts, reference, moreRequests, moreMs: durationOf(state, moreRequests) };
  return {
    metric: 'errorRate',
    outcome: ending.outcome,
    cause: ending.cause,
    ...gap,
    canary: counts.canary,
    baseline: reference === null ? counts.baseline : wholeCounts(reference.counts),
    difference: describedDifference(state, counts),
    moreRequests,
    moreMs: finding.moreMs,
    sentence: `${ending.words ?? renderFinding(finding, settings)} → ${conclusion(ending, finding, settings)}`,
  };
}

type Ending = Pick<Verdict, 'outcome' | 'cause'> & { words: string | null };

function decideEnding(
  state: JudgeSnapshot,
  about: { gap: EvidenceGap; counts: ArmPair; settings: JudgeSettings; nowMs: number },
): Ending {
  const { gap, counts, settings, nowMs } = about;
  if (gap.lnHarm >= gap.lnHarmLimit) return { outcome: 'fail', cause: 'decided', words: null };
  const noData = { outcome: 'inconclusive', cause: 'no_data' } as const;
  if (counts.canary.requests === 0) return { ...noData, words: 'no canary request seen yet at this step' };
  if (isStale(state, settings, nowMs))
    return { ...noData, words: 'nothing was measured lately, so what is known is out of date' };
  if (state.bake !== null && gap.lnSafe >= gap.lnSafeLimit) return { outcome: 'pass', cause: 'decided', words: null };
  return { outcome: 'inconclusive', cause: 'more_data_needed', words: null };
}

/** Nothing was measured lately, or the clock has gone back and nobody can tell. Pure. */
export function isStale(state: JudgeSnapshot, settings: JudgeSettings, nowMs: number): boolean {
  return Math.abs(nowMs - (state.seenUntilMs ?? 0)) > settings.sourceGraceMs;
}

/** Requests of the present bake (of the run before the first), those that are not settled included. */
function shownCounts(state: JudgeSnapshot): ArmPair {
  const fromMs = state.bake?.fromMs ?? Number.NEGATIVE_INFINITY;
  const settled = state.bake === null ? state.run : state.inBake;
  const pending = state.pending.filter((batch) => batch.fromMs >= fromMs).map(countsOfBatch);
  const sum = (arm: 'canary' | 'baseline'): ArmPair['canary'] =>
    pending.reduce((total, batch) => addCounts(total, batch[arm]), settled[arm]);
  return { canary: sum('canary'), baseline: sum('baseline') };
}

function forecast(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { gap: EvidenceGap; counts: ArmPair; reference: ReferenceLimit | null },
): number | null {
  const { gap, counts, reference } = about;
  if (reference !== null) return moreRequestsAgainst(gap, counts.canary, reference.safeRatio);
  const theta0 = estimateBaseline(state.errorRate.weighed.baseline, state.prior, settings.errorMargin);
  return moreCanaryRequests(gap, { ...counts, theta0 }, settings.errorMargin);
}

/** Ms until so many more canary requests have come, at the present traffic; null where that is unknown. Pure. */
export function durationOf(state: JudgeSnapshot, requests: number | null): number | null {
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

function wholeCounts({ requests, failures }: ArmPair['canary']): ArmPair['canary'] {
  return { requests: Math.round(requests), failures: Math.min(Math.round(failures), Math.round(requests)) };
}

function renderFinding(finding: Finding, settings: JudgeSettings): string {
  const { counts, reference } = finding;
  const margin = renderPercent(settings.errorMargin);
  const harm = `evidence ${renderEvidence(finding.lnHarm)}`;
  if (reference === null)
    return `canary ${renderArm(counts.canary)}, baseline ${renderArm(counts.baseline)}, limit +${margin} points, ${harm}`;
  if (reference.kind === 'none')
    return `canary ${renderArm(counts.canary)}, no baseline to compare with, so held against ${margin} % itself, ${harm}`;
  return `canary ${renderArm(counts.canary)}, baseline ${renderArm(wholeCounts(reference.counts))} (seen earlier, not concurrent), limit +${margin} points, ${harm}`;
}

/** Whether the counts shown are within the margin all the same: the fault set in late, and they are of the whole watch. */
function isOfLate({ counts, reference }: Finding, { errorMargin }: JudgeSettings): boolean {
  const { canary } = counts;
  const baseline = reference?.counts ?? counts.baseline;
  if (canary.requests === 0 || baseline.requests === 0) return false;
  return canary.failures / canary.requests - baseline.failures / baseline.requests <= errorMargin;
}

function conclusion(ending: Ending, finding: Finding, settings: JudgeSettings): string {
  if (ending.outcome === 'fail')
    return isOfLate(finding, settings) ? 'it failed of late, though not over the whole watch: roll back' : 'roll back';
  if (ending.outcome === 'pass')
    return `safe (${renderEvidence(finding.lnSafe)}, ${renderEvidence(finding.lnSafeLimit)} needed)`;
  if (ending.cause === 'no_data') return 'no verdict';
  return `no verdict yet: ${renderMoreData(finding.moreRequests, finding.moreMs)}`;
}
