import type { Comparison, JudgeSettings } from '../model/verdict.ts';
import { advanceErrorRateSafety, lnSafetyOf } from './error-rate-evidence.ts';
import { harmShares, safeReferenceShare } from './evidence-shares.ts';
import { lnSafeLimitOf } from './judge-limits.ts';
import type { CountsState, JudgeSnapshot, LatencyState } from './judge-state.ts';
import { assessLatencies, type LatencyAssessment, type PendingLatencies } from './latency-evidence.ts';
import type { LatencyTest } from './latency-state.ts';
import { everyFailure, type PendingBatch } from './pending-batch.ts';
import { lnEvidenceOf, type RestartMixture } from './restart-mixture.ts';
import { advanceHarm, advanceReferenceHarm, advanceReferenceSafe, advanceThroughput, isInBake } from './take-batch.ts';

/** ln of the evidence in both directions. */
export type Evidence = { lnHarm: number; lnSafe: number };

/**
 * Evidence about the error rate now, settled batches and what is known of those that are not. Pure.
 *
 * Harm: open requests count against it, so this is a lower bound of the evidence that the same batches give when they have
 * settled. Whoever crosses the limit here crosses it there as well, and the chance of that without harm is at most α
 * however often one looks: no part of α is spent on looking early.
 * Safety: certified by settled batches alone, and withdrawn when the failures that are already known among the others
 * speak against it.
 */
export function errorRateEvidence(
  state: JudgeSnapshot,
  settings: JudgeSettings,
): Evidence & { decidedBy: 'concurrent' | 'reference' } {
  const shares = harmShares(state);
  const { errorRate } = state;
  const closed = state.pending.filter((batch) => batch.closed);
  const alone = (sum: RestartMixture, batch: PendingBatch): RestartMixture =>
    advanceReferenceHarm(sum, { state, settings, batch });
  const concurrent =
    Math.log(shares.concurrent) +
    highestEvidence(errorRate.harm, closed, (sum, batch) => advanceHarm(sum, batch, settings.errorMargin));
  const reference = Math.log(shares.reference) + highestEvidence(errorRate.referenceHarm, closed, alone);
  return {
    lnHarm: Math.max(concurrent, reference),
    lnSafe: safeEvidence(state, settings, closed),
    decidedBy: reference > concurrent ? 'reference' : 'concurrent',
  };
}

/**
 * The most that settled batches with any number of the following ones show. Each is a lower bound of what those batches will show
 * when they have settled, so none crosses the limit that the final process does not cross. The newest, in which nearly
 * everything is open, would otherwise hide what is known of the older ones.
 */
function highestEvidence(
  settled: RestartMixture,
  closed: readonly PendingBatch[],
  advance: (harm: RestartMixture, batch: PendingBatch) => RestartMixture,
): number {
  let [harm, highest] = [settled, lnEvidenceOf(settled)];
  for (const batch of closed) {
    harm = advance(harm, batch);
    highest = Math.max(highest, lnEvidenceOf(harm));
  }
  return highest;
}

function safeEvidence(state: JudgeSnapshot, settings: JudgeSettings, closed: readonly PendingBatch[]): number {
  const { safe, referenceSafe } = state.errorRate;
  const test = { delta: settings.errorMargin, lnLimit: lnSafeLimitOf(state, settings) };
  const certifying = closed.filter((batch) => batch.concurrent && isInBake(state, batch));
  const soFar = certifying.reduce(
    (sum, batch) => advanceErrorRateSafety(sum, { ...everyFailure(batch), theta0: batch.theta0 }, test),
    [...safe],
  );
  const aloneSoFar = closed.reduce(
    (sum, batch) => advanceReferenceSafe(sum, { state, settings, batch }),
    [...referenceSafe],
  );
  const concurrent = Math.min(lnSafetyOf(safe), lnSafetyOf(soFar));
  const reference = Math.log(safeReferenceShare) + Math.min(lnSafetyOf(referenceSafe), lnSafetyOf(aloneSoFar));
  return Math.max(concurrent, reference);
}

/** The same for a comparison of throughput; for counted events, which are never open, what is settled. Pure. */
export function countsEvidence(state: JudgeSnapshot, known: CountsState, comparison: Comparison): Evidence {
  const lnSafe = lnSafetyOf(known.safe);
  if (comparison.kind !== 'throughput') return { lnHarm: lnEvidenceOf(known.harm), lnSafe };
  const closed = state.pending.filter((batch) => batch.closed && batch.concurrent);
  const advance = (sum: RestartMixture, batch: PendingBatch): RestartMixture =>
    advanceThroughput(sum, batch, comparison.least);
  return { lnHarm: highestEvidence(known.harm, closed, advance), lnSafe };
}

/** The same for latencies. Pure. */
export function latencyEvidenceNow(state: JudgeSnapshot, known: LatencyState, test: LatencyTest): LatencyAssessment {
  const pending = latenciesPending(state);
  const now = assessLatencies(known.evidence, pending, test);
  if (pending.length === 0) return now;
  // As with the error rate: what is open now must not hide what has settled.
  return { ...now, lnHarm: Math.max(now.lnHarm, assessLatencies(known.evidence, [], test).lnHarm) };
}

/** Latencies of the present bake (of the run before the first) in batches that are not settled. Pure. */
export function latenciesPending(state: JudgeSnapshot): PendingLatencies[] {
  const nowMs = state.seenUntilMs ?? 0;
  return state.pending
    .filter((batch) => batch.closed && batch.concurrent && (state.bake === null || isInBake(state, batch)))
    .flatMap((batch) => latenciesOf(batch, nowMs));
}

/** What a batch has settled and each of its open windows, all at the time at which the batch will be taken in. */
function latenciesOf({ fromMs, toMs, weightChanged, latency, open }: PendingBatch, nowMs: number): PendingLatencies[] {
  const readings = [
    ...(latency === null ? [] : [{ ...latency, ageMs: 0 }]),
    ...open.flatMap((window) => (window.latency === null ? [] : [{ ...window.latency, ageMs: nowMs - window.toMs }])),
  ];
  return readings.map((reading, index) => ({ ...reading, fromMs, toMs, weightChanged: weightChanged && index === 0 }));
}
