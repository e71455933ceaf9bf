import { z } from 'zod';
import type { ArmCounts } from '../model/verdict.ts';
import { type ArmPair, lnBatchEvidence } from './null-projection.ts';

/** Differences (canary − baseline, ratio) that are tested; the interval ends on one of them. */
export const differenceGrid: readonly number[] = [
  -0.4, -0.2, -0.1, -0.05, -0.03, -0.02, -0.015, -0.01, -0.0075, -0.005, -0.0025, 0, 0.0025, 0.005, 0.0075, 0.01,
  0.0125, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7,
];

/** ln of the e-processes of both sides, one per grid point. Plain JSON. */
export const differenceEvidenceSchema = z.strictObject({
  /** Against "difference ≤ grid point". */
  lnAbove: z.array(z.number()).length(differenceGrid.length),
  /** Against "difference ≥ grid point". */
  lnBelow: z.array(z.number()).length(differenceGrid.length),
});
export type DifferenceEvidence = z.infer<typeof differenceEvidenceSchema>;

export const noDifferenceEvidence: DifferenceEvidence = {
  lnAbove: differenceGrid.map(() => 0),
  lnBelow: differenceGrid.map(() => 0),
};

/** The earlier canary data weigh against this many requests at the baseline's ratio. */
const shrinkRequests = 20;

/**
 * Takes one batch into the tests of every grid point. Each point bets on the present estimate of the canary, on the side
 * where that lies: 32 projections a batch, so give it a second at a time rather than a quarter. Pure.
 *
 * `theta0` and `canarySeen` must come from earlier batches only.
 * Reference: the RIPr e-process of `null-projection.ts` with a plug-in alternative, inverted.
 */
export function advanceDifference(
  evidence: DifferenceEvidence,
  batch: ArmPair & { theta0: number; canarySeen: ArmCounts },
): DifferenceEvidence {
  const { theta0, canarySeen } = batch;
  const theta1 = (canarySeen.failures + shrinkRequests * theta0) / (canarySeen.requests + shrinkRequests);
  const bet = { theta0, theta1: Math.min(0.98, Math.max(1e-5, theta1)) };
  const lnAbove = [...evidence.lnAbove];
  const lnBelow = [...evidence.lnBelow];
  differenceGrid.forEach((difference, index) => {
    const side = bet.theta1 - theta0 > difference ? lnAbove : lnBelow;
    side[index] = (side[index] ?? 0) + lnBatchEvidence(batch, bet, difference);
  });
  return { lnAbove, lnBelow };
}

/**
 * Interval [low, high] for canary − baseline (ratios, −1 to 1) that holds at all times at once with chance 1 − alpha. Pure.
 *
 * The grid points that neither side has rejected at alpha/2; ends at −1 and 1 where no point is rejected.
 * Limits: one constant difference over the run; as coarse as the grid; description, not the test that decides.
 *
 * Example: no batch yet → [−1, 1].
 */
export function differenceInterval(evidence: DifferenceEvidence, alpha: number): [number, number] {
  const lnLimit = Math.log(2 / alpha);
  const rejected = (lnE: readonly number[], index: number): boolean => (lnE[index] ?? 0) >= lnLimit;
  const low = differenceGrid.findLast((_, index) => rejected(evidence.lnAbove, index)) ?? -1;
  const high = differenceGrid.find((difference, index) => difference > low && rejected(evidence.lnBelow, index)) ?? 1;
  return [low, high];
}
