import type { ArmCounts, Comparison, JudgeSettings } from '../model/verdict.ts';
import { addEvents, addPairs } from './add-counts.ts';
import { advanceBadRatioHarm, advanceBadRatioSafety } from './bad-ratio-evidence.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { advanceDifference } from './difference-interval.ts';
import { advanceErrorRateHarm, advanceErrorRateSafety } from './error-rate-evidence.ts';
import { harmShares, safeReferenceShare } from './evidence-shares.ts';
import { lnHarmLimitOf, lnSafeLimitOf } from './judge-limits.ts';
import {
  type ComparisonState,
  type CountsState,
  comparisonOf,
  type ErrorRateState,
  type JudgeSnapshot,
} from './judge-state.ts';
import { takeLatencies } from './latency-evidence.ts';
import type { ArmPair } from './null-projection.ts';
import { addDispersionWindow } from './overdispersion.ts';
import {
  countsOfBatch,
  everyFailure,
  leastHarmful,
  leastThroughputHarm,
  type PendingBatch,
  throughputOf,
} from './pending-batch.ts';
import { referenceLimit } from './reference-limit.ts';
import type { RestartMixture } from './restart-mixture.ts';
import { advanceSuccessHarm, advanceSuccessSafety } from './success-ratio-evidence.ts';

const differenceEveryMs = 1000;

/** The judge's state after a batch in which nothing can change any more. Pure. */
export function takeBatch(state: JudgeSnapshot, settings: JudgeSettings, batch: PendingBatch): JudgeSnapshot {
  const counts = countsOfBatch(batch);
  const inBake = isInBake(state, batch);
  const weighed = leastHarmful(batch);
  return {
    ...state,
    settledUntilMs: batch.toMs,
    run: addPairs(state.run, pairOf(counts)),
    inBake: inBake ? addPairs(state.inBake, pairOf(counts)) : state.inBake,
    errorRate: takeErrorRate(state, settings, batch),
    dispersion: addDispersionWindow(state.dispersion, counts.baseline),
    comparisons: Object.fromEntries(
      settings.comparisons.map((comparison) => [
        comparison.metric,
        takeComparison(state, { comparison, batch, lnLimit: lnSafeLimitOf(state, settings) }),
      ]),
    ),
    difference: batch.concurrent ? takeDifference(state, settings, { batch, weighed }) : state.difference,
  };
}

/** Whether the batch arrived in the present bake. Pure. */
export function isInBake(state: JudgeSnapshot, batch: { fromMs: number }): boolean {
  return state.bake !== null && batch.fromMs >= state.bake.fromMs;
}

function takeErrorRate(state: JudgeSnapshot, settings: JudgeSettings, batch: PendingBatch): ErrorRateState {
  const { errorRate } = state;
  const test = { delta: settings.errorMargin, lnLimit: lnSafeLimitOf(state, settings) };
  const certifies = batch.concurrent && isInBake(state, batch);
  return {
    harm: advanceHarm(errorRate.harm, batch, settings.errorMargin),
    safe: certifies
      ? advanceErrorRateSafety(errorRate.safe, { ...everyFailure(batch), theta0: batch.theta0 }, test)
      : errorRate.safe,
    referenceHarm: advanceReferenceHarm(errorRate.referenceHarm, { state, settings, batch }),
    referenceSafe: advanceReferenceSafe(errorRate.referenceSafe, { state, settings, batch }),
    weighed: addPairs(errorRate.weighed, leastHarmful(batch)),
  };
}

/** Evidence for harm with one more batch, its open requests counted against it. Pure. */
export function advanceHarm(harm: RestartMixture, batch: PendingBatch, delta: number): RestartMixture {
  const { fromMs: atMs, weightChanged, theta0, bet, concurrent, lnCap } = batch;
  if (bet === null || !concurrent) return harm;
  const counts = leastHarmful(batch);
  const made = isBetOn(batch, counts) ? bet : null;
  return advanceErrorRateHarm(harm, { ...counts, atMs, weightChanged, theta0, bet: made, lnCap }, delta);
}

/** Where repeated failures were left out the arms have another proportion than the bet was made for. */
function isBetOn(batch: PendingBatch, { canary, baseline }: ArmPair): boolean {
  const all = countsOfBatch(batch);
  const { divisor } = batch;
  return canary.requests * divisor === all.canary.requests && baseline.requests * divisor === all.baseline.requests;
}

type Alone = { state: JudgeSnapshot; settings: JudgeSettings; batch: PendingBatch };

/** The same for the test without a concurrent baseline. Pure. */
export function advanceReferenceHarm(harm: RestartMixture, { state, settings, batch }: Alone): RestartMixture {
  const counts = leastHarmful(batch).canary;
  const { reference } = harmShares(state);
  if (batch.concurrent || reference === 0 || counts.requests === 0) return harm;
  return advanceBadRatioHarm(
    harm,
    { counts, atMs: batch.fromMs, weightChanged: batch.weightChanged },
    {
      allowedRatio: referenceLimit(state, settings).harmRatio,
      lnLimit: lnHarmLimitOf(settings, settings.errorRateShare) - Math.log(reference),
    },
  );
}

/** The same for safety. Pure. */
export function advanceReferenceSafe(safe: readonly number[], { state, settings, batch }: Alone): number[] {
  const counts = everyFailure(batch).canary;
  if (batch.concurrent || counts.requests === 0 || !isInBake(state, batch)) return [...safe];
  const lnLimit = lnSafeLimitOf(state, settings) - Math.log(safeReferenceShare);
  return advanceBadRatioSafety(safe, counts, { allowedRatio: referenceLimit(state, settings).safeRatio, lnLimit });
}

function takeComparison(
  state: JudgeSnapshot,
  about: { comparison: Comparison; batch: PendingBatch; lnLimit: number },
): ComparisonState {
  const { comparison, batch } = about;
  const known = comparisonOf(state, comparison.metric);
  if (!batch.concurrent) return known;
  if (known.kind === 'latency' && comparison.kind === 'latency') {
    // What arrived before this bake was taken in, at its bound, when the bake began.
    if (batch.latency === null || (state.bake !== null && !isInBake(state, batch))) return known;
    const { fromMs, toMs, weightChanged, latency } = batch;
    return {
      ...known,
      evidence: takeLatencies(known.evidence, { fromMs, toMs, weightChanged, ...latency }, comparison),
    };
  }
  if (known.kind !== 'counts' || comparison.kind !== 'throughput') return known;
  return takeThroughput(known, { ...about, least: comparison.least, inBake: isInBake(state, batch) });
}

function takeThroughput(
  known: CountsState,
  about: { batch: PendingBatch; least: number; lnLimit: number; inBake: boolean },
): CountsState {
  const { batch, least, lnLimit, inBake } = about;
  const counts = leastThroughputHarm(batch);
  return {
    ...known,
    takenUntilMs: batch.toMs,
    harm: advanceThroughput(known.harm, batch, least),
    safe: inBake
      ? advanceSuccessSafety(known.safe, { ...throughputOf(batch), theta0: 1 - batch.theta0 }, { least, lnLimit })
      : known.safe,
    canary: inBake ? addEvents(known.canary, counts.canary) : known.canary,
    baseline: inBake ? addEvents(known.baseline, counts.baseline) : known.baseline,
  };
}

/** Evidence for a drop of throughput with one more batch, its open requests counted against it. Pure. */
export function advanceThroughput(harm: RestartMixture, batch: PendingBatch, least: number): RestartMixture {
  const { fromMs: atMs, weightChanged, theta0 } = batch;
  const counts = { ...leastThroughputHarm(batch), theta0: 1 - theta0 };
  return advanceSuccessHarm(harm, { ...counts, atMs, weightChanged }, { least });
}

function takeDifference(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  { batch, weighed }: { batch: PendingBatch; weighed: ArmPair },
): JudgeSnapshot['difference'] {
  const { difference } = state;
  const pending = addPairs(difference.pending, weighed);
  const pendingMs = difference.pendingMs + batch.toMs - batch.fromMs;
  if (pendingMs < differenceEveryMs) return { ...difference, pending, pendingMs };
  const theta0 = estimateBaseline(difference.seen.baseline, state.prior, settings.errorMargin);
  const canarySeen = difference.seen.canary;
  return {
    evidence: advanceDifference(difference.evidence, { ...pending, theta0, canarySeen }),
    pending: { baseline: { requests: 0, failures: 0 }, canary: { requests: 0, failures: 0 } },
    pendingMs: 0,
    seen: addPairs(difference.seen, pending),
  };
}

function pairOf(counts: ReturnType<typeof countsOfBatch>): ArmPair {
  const only = ({ requests, failures }: ArmCounts): ArmCounts => ({ requests, failures });
  return { canary: only(counts.canary), baseline: only(counts.baseline) };
}
