import { z } from 'zod';
import { logSpaced } from './log-spaced.ts';
import { logMeanExp } from './log-sum-exp.ts';
import { type ArmPair, lnBatchEvidence, projectOnBoundary } from './null-projection.ts';
import { advanceRestartMixture, type RestartMixture } from './restart-mixture.ts';

const alternativesOfHarm = 12;
/** Smallest excess over the margin that harm is looked for at. */
const smallestExcess = 0.005;
const highestRatio = 0.98;
/** Capped evidence is kept below its limit times e⁴, so that it does not outlive the facts it came from. */
export const lnCapAboveLimit = 4;

/**
 * Harm: evidence against "the canary fails at most `delta` more often than the concurrent baseline", in every batch,
 * whatever the rates do meanwhile. Takes one batch in; read the result with `lnEvidenceOf`. Pure.
 *
 * Batch RIPr e-process with 12 log-spaced alternatives above the margin and restarts. With limit 1/α the chance of ever
 * crossing it without harm is at most α, however often one looks (Ville).
 * `theta0` (0–1) must come from earlier data only. `atMs`: start of the window (arrival), ascending.
 * Reference: Turner, Ly, Grünwald (2022); restarts see `restart-mixture.ts`.
 * Limits: requests must fail independently given the rates; bursts of one arm only make it too eager.
 * Batches must be by arrival and of the same age in both arms.
 *
 * Example: theta0 0.001, delta 0.02, forty batches of 95 and 5 requests: oracle-vectors.json, `harmRun`.
 */
export function advanceErrorRateHarm(state: RestartMixture, batch: HarmBatch, delta: number): RestartMixture {
  const { atMs, weightChanged, theta0, baseline, canary, lnCap = null } = batch;
  const bet = batch.bet ?? betOnHarm({ n0: baseline.requests, n1: canary.requests }, theta0, delta);
  const increments = harmIncrements(bet, batch);
  const lnIncrements = lnCap === null ? increments : increments.map((increment) => Math.min(lnCap, increment));
  return advanceRestartMixture(state, { atMs, weightChanged, lnIncrements });
}

type HarmBatch = ArmPair & {
  atMs: number;
  weightChanged: boolean;
  theta0: number;
  /** The bet on just these numbers of requests, where it was made before; else it is made here. */
  bet?: HarmBet | null;
  /** Most that the batch may add to the ln evidence of an alternative; null or absent: no limit. */
  lnCap?: number | null;
};

/** What each request adds to the ln evidence of each alternative, by arm and by how it ended. */
export const harmBetSchema = z.strictObject({
  baselineFailed: z.array(z.number()),
  baselineGood: z.array(z.number()),
  canaryFailed: z.array(z.number()),
  canaryGood: z.array(z.number()),
});
export type HarmBet = z.infer<typeof harmBetSchema>;

/**
 * The bet on a batch of which only the numbers of requests are known. Pure. A failed request of the baseline never adds
 * evidence and a good one never takes any; with the canary it is the other way round. So evidence from open requests counted
 * as failed in the baseline and as good in the canary is at most what it will be when they have ended.
 */
export function betOnHarm(requests: { n0: number; n1: number }, theta0: number, delta: number): HarmBet {
  const bet: HarmBet = { baselineFailed: [], baselineGood: [], canaryFailed: [], canaryGood: [] };
  for (const theta1 of harmAlternatives(theta0, delta)) {
    const q0 = requests.n0 + requests.n1 > 0 ? projectOnBoundary(requests, { theta0, theta1 }, delta) : theta0;
    bet.baselineFailed.push(Math.log(theta0 / q0));
    bet.baselineGood.push(Math.log((1 - theta0) / (1 - q0)));
    bet.canaryFailed.push(Math.log(theta1 / (q0 + delta)));
    bet.canaryGood.push(Math.log((1 - theta1) / (1 - q0 - delta)));
  }
  return bet;
}

/** ln e-value of a batch for each alternative of its bet. Pure. */
function harmIncrements(bet: HarmBet, { baseline, canary }: ArmPair): number[] {
  return bet.baselineFailed.map(
    (baselineFailed, index) =>
      baseline.failures * baselineFailed +
      (baseline.requests - baseline.failures) * (bet.baselineGood[index] ?? 0) +
      canary.failures * (bet.canaryFailed[index] ?? 0) +
      (canary.requests - canary.failures) * (bet.canaryGood[index] ?? 0),
  );
}

/** Canary ratios (0–1) that harm is tested at. Pure. */
export function harmAlternatives(theta0: number, delta: number): number[] {
  const excesses = logSpaced(smallestExcess, highestRatio - theta0 - delta, alternativesOfHarm);
  return excesses.map((excess) => Math.min(theta0 + delta + excess, highestRatio));
}

/**
 * Safety: evidence against "the canary fails at least `delta` more often than the concurrent baseline". State is the
 * ln of the e-process for each of four canary ratios between the baseline's and the margin; begin with `noSafetyEvidence`
 * at every bake. Pure.
 *
 * Reference and limits as for harm, but without restarts. `lnLimit` is the limit at which it certifies: the state is capped
 * a little above, so that evidence of a good start cannot cover a fault that sets in later.
 *
 * Example: 205 canary requests without failure, beside 19 times as many of a baseline without failures, certify 2 points
 * at 95 % (149 would be the least for any test).
 */
export function advanceErrorRateSafety(
  state: readonly number[],
  batch: ArmPair & { theta0: number },
  test: { delta: number; lnLimit: number },
): number[] {
  const { theta0 } = batch;
  const { delta, lnLimit } = test;
  return state.map((lnE, index) => {
    const theta1 = theta0 + (delta * index) / 4;
    return Math.min(lnLimit + lnCapAboveLimit, lnE + lnBatchEvidence(batch, { theta0, theta1 }, delta));
  });
}

export const noSafetyEvidence: readonly number[] = [0, 0, 0, 0];

/** ln of the evidence for safety: mean over its alternatives. Pure. */
export function lnSafetyOf(state: readonly number[]): number {
  return logMeanExp(state);
}
