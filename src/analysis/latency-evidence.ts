import { safetyBets } from './latency-bets.ts';
import { addReading, commonEdgesMs, edgesOf, mapEdges, nameEdges } from './latency-edges.ts';
import { quantileOfCounts } from './latency-quantile.ts';
import { describeResolution, minimumProvableRatio } from './latency-resolution.ts';
import { type LatencyArms, lnLeastSafety } from './latency-scan.ts';
import {
  beginsStep,
  emptyArms,
  foldWindows,
  type LatencyEvidence,
  type LatencyTest,
  type LatencyWindow,
  lnLatencyHarm,
  type PlacedWindow,
  stepArms,
} from './latency-state.ts';

export { emptyLatencyEvidence, type LatencyEvidence, latencyEvidenceSchema } from './latency-state.ts';

/**
 * Takes one settled window into the evidence against "Q1 ≤ ratio·Q0". Requests that are still open have timed out: they
 * count as slower than everything. Pure. Read with `assessLatencies`.
 *
 * Evidence = reserve + Σ stake_k · M_k over the restarts k that run. M_k is the least over x of an e-process E_k(x) over the
 * requests since restart k (`lnLeastHarm`), so M_k ≤ E_k(x*) at the true quantile x* of the step, and the sum is never
 * above wealth* = reserve + Σ stake_k · E_k(x*).
 *
 * Why the whole run is one e-process, although each step has a quantile of its own: wealth* is a non-negative
 * supermartingale that begins at 1. When a weight changes, or a restart is given up, what its bet is provably worth,
 * stake·M, is cashed, and that is at most its true worth stake·E(x*): throwing the difference away can only lower a
 * supermartingale. The cash is the stake of a fresh bet on the histogram and the quantile of the new step. A single bet
 * over two steps is thus worth M(step 1)·M(step 2): the product of frozen minima. When to restart, what to give up and
 * how much new stake to bet depends on arrival times only. By Ville, with limit 1/α the chance of ever crossing it
 * without harm is at most α.
 *
 * A frozen factor far below 1 ruins only what was bet: each step and each restart gets new stake from the reserve, with
 * shares fixed beforehand (`restartShare`), so the evidence never falls below the reserve and a late regression is found.
 * Reference: Howard & Ramdas (2022), theorem 5; restarts: Shin, Ramdas, Rinaldo (2023).
 * Limits: within a step latencies must be stationary from each restart on; requests must be independent.
 */
export function takeLatencies(state: LatencyEvidence, window: LatencyWindow, test: LatencyTest): LatencyEvidence {
  return foldWindows(state, [{ ...window, canaryOpen: 'aboveAll', baselineOpen: 'aboveAll' }], test);
}

/**
 * A window that is not settled yet, as known now; every request in it has been there for more than `ageMs`. `fromMs` must be
 * the one that it will be taken in with, because restarts go by it.
 */
export type PendingLatencies = Omit<LatencyWindow, 'toMs' | 'weightChanged'> & {
  ageMs: number;
  weightChanged?: boolean;
};

/**
 * Ends the present step: the next window begins with empty histograms, and safety anew. A changed weight does so too. Pure.
 *
 * `pending`: windows of the ending step that have not settled. They are taken in at the bound that is unfavourable to harm.
 * To leave them out instead would leave out just those with slow requests.
 */
export function beginLatencyBake(
  state: LatencyEvidence,
  ending?: { pending: readonly PendingLatencies[]; test: LatencyTest },
): LatencyEvidence {
  const taken = ending === undefined ? state : foldWindows(state, ending.pending.map(leastHarmful), ending.test);
  return { ...taken, firstMs: null };
}

export type LatencyAssessment = {
  /** ln of the evidence for "the canary's quantile is above ratio times the baseline's"; over the whole run. */
  lnHarm: number;
  /** ln of the evidence for "it is not", since the present step began. */
  lnSafe: number;
  /** Requests of the present step, open ones included. */
  canaryRequests: number;
  baselineRequests: number;
  /** Quantiles of the present step in ms, upper edge of their bucket; null while empty or above the last edge. */
  canaryMs: number | null;
  baselineMs: number | null;
  /** A regression of at least this ratio can be proven at the baseline's present quantile; null when unknown or none can. */
  minProvableRatio: number | null;
  /** For people, when the histogram's edges are too coarse for the ratio asked for; null when they are not. */
  tooCoarse: string | null;
};

/**
 * What is known of the comparison: the settled windows in `state` and the later ones that are still `pending`, in order.
 * Pure; `state` is not changed.
 *
 * Harm takes what is pending at the bound that is unfavourable to it: an open canary request is only as slow as its age
 * (above the edges ≤ `ageMs`), an open baseline request slower than everything. Evidence grows with every canary
 * latency and falls with every baseline latency, so what is said here is never more than the same windows will say when they
 * are settled, and looking early costs nothing of α.
 * Safety counts settled windows only, and says no more than it would with what is known of the pending ones. It is of
 * the present step: after `beginLatencyBake` or a change of weight it begins at 0.
 * Reference: `takeLatencies`; safety: the same test with the sides changed.
 * Limits: a latency is only placed in its bucket: evidence that needs more is not claimed (`tooCoarse`).
 */
export function assessLatencies(
  state: LatencyEvidence,
  pending: readonly PendingLatencies[],
  test: LatencyTest,
): LatencyAssessment {
  const harm = foldWindows(state, pending.map(leastHarmful), test);
  const known = knownArms(state, pending);
  const { arms, edgesMs } = known;
  const baselineMs = quantileOfCounts(arms.baseline, edgesMs, test.quantile);
  return {
    lnHarm: lnLatencyHarm(harm, test),
    lnSafe: known.settledToo ? lnSafety(state, { known, pending: pending.length > 0 }, test) : 0,
    canaryRequests: totalOf(arms.canary),
    baselineRequests: totalOf(arms.baseline),
    canaryMs: quantileOfCounts(arms.canary, edgesMs, test.quantile),
    baselineMs,
    minProvableRatio: minimumProvableRatio(edgesMs, baselineMs, test.ratio),
    tooCoarse: totalOf(arms.baseline) === 0 ? null : describeResolution(edgesMs, baselineMs, test.ratio),
  };
}

/** Places open requests where they speak least for harm. */
function leastHarmful(window: PendingLatencies): PlacedWindow {
  const { fromMs, canary, baseline, ageMs, weightChanged = false } = window;
  return { fromMs, weightChanged, canary, baseline, canaryOpen: { ageMs }, baselineOpen: 'aboveAll' };
}

type KnownArms = { arms: LatencyArms; edgesMs: readonly number[]; settledToo: boolean };

/** Counts of the newest step, open requests at their age. */
function knownArms(state: LatencyEvidence, pending: readonly PendingLatencies[]): KnownArms {
  const settledToo = state.firstMs !== null;
  const settledEdgesMs = edgesOf(state.edges);
  const settledArms = settledToo ? stepArms(state) : emptyArms(settledEdgesMs);
  let known: KnownArms = { arms: settledArms, edgesMs: settledEdgesMs, settledToo };
  let present = state;
  for (const window of pending) {
    const edgesMs = commonEdgesMs(window.canary.edgesMs, window.baseline.edgesMs);
    if (beginsStep(present, { weightChanged: window.weightChanged ?? false }, edgesMs)) {
      known = { arms: emptyArms(edgesMs), edgesMs, settledToo: false };
      present = { ...present, firstMs: window.fromMs, edges: nameEdges(edgesMs) };
    }
    const how = { edgesMs, open: { ageMs: window.ageMs } };
    addReading(known.arms.canary, window.canary, how);
    addReading(known.arms.baseline, window.baseline, how);
  }
  return known;
}

function lnSafety(state: LatencyEvidence, seen: { known: KnownArms; pending: boolean }, test: LatencyTest): number {
  const { arms, edgesMs } = seen.known;
  const { below } = mapEdges(edgesMs, test.ratio);
  const bets = safetyBets(test.quantile);
  const lnKnown = lnLeastSafety(arms, below, bets);
  return seen.pending ? Math.min(lnKnown, lnLeastSafety(stepArms(state), below, bets)) : lnKnown;
}

function totalOf(counts: Float64Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
