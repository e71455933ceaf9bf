import { z } from 'zod';
import { logSumExp } from './log-sum-exp.ts';

/** State of one e-process with restarts. Plain JSON. */
export const restartMixtureSchema = z.strictObject({
  /** Restarts so far; 0 before the first batch. */
  restarts: z.number().int().nonnegative(),
  /** Arrival time of the first batch, Unix ms; null before it. */
  firstMs: z.number().nullable(),
  /** Whole periods since then that already had their restart. */
  periods: z.number().int().nonnegative(),
  /** ln of the weighted sum over restarts, one per alternative; empty before the first batch. */
  lnS: z.array(z.number()),
});
export type RestartMixture = z.infer<typeof restartMixtureSchema>;

/** Time between restarts, by arrival time. */
export const restartEveryMs = 10_000;

export const emptyRestartMixture: RestartMixture = { restarts: 0, firstMs: null, periods: 0, lnS: [] };

/**
 * Takes one batch into an e-process that begins anew again and again, so that a fault that sets in late is found as fast
 * as one that was there from the start. Restart k gets the share 1/(k(k+1)) of the stake, fixed beforehand, so the
 * whole is still one e-process. Restart 1 happens before the first batch, then one every 10 s and at each weight change. Pure.
 *
 * `lnIncrements`: ln e-value of the batch for each alternative (always equally many). `cap`: no alternative grows above
 * this; a capped e-process is one still, and forgets faster.
 * Reference: Shin, Ramdas, Rinaldo, "E-detectors" (2023), with weights that sum to 1.
 * Limits: a fault of onset at restart k must earn ln k(k+1) more.
 *
 * Example: after restart 1 (share ½) and increments of ln 8: lnS = ln 4 each, evidence 4 + ½ = 4.5.
 */
export function advanceRestartMixture(
  mixture: RestartMixture,
  batch: { atMs: number; weightChanged: boolean; lnIncrements: readonly number[]; cap?: number },
): RestartMixture {
  const firstMs = mixture.firstMs ?? batch.atMs;
  const periods = Math.max(mixture.periods, Math.floor((batch.atMs - firstMs) / restartEveryMs));
  const restart = mixture.restarts === 0 || periods > mixture.periods || batch.weightChanged;
  const restarts = mixture.restarts + (restart ? 1 : 0);
  const lnShare = restart ? -Math.log(restarts * (restarts + 1)) : Number.NEGATIVE_INFINITY;
  const cap = batch.cap ?? Number.POSITIVE_INFINITY;
  const lnS = batch.lnIncrements.map((increment, index) => {
    const before = mixture.lnS[index] ?? Number.NEGATIVE_INFINITY;
    return Math.min(cap, (restart ? logSumExp([before, lnShare]) : before) + increment);
  });
  return { restarts, firstMs, periods, lnS };
}

/**
 * ln of the evidence: mean over the alternatives plus the stake not yet used, which is 1/(k+1) after k restarts. Pure.
 * Before the first batch it is ln 1 = 0.
 */
export function lnEvidenceOf(mixture: RestartMixture): number {
  if (mixture.restarts === 0) return 0;
  const lnWeight = -Math.log(mixture.lnS.length);
  return logSumExp([...mixture.lnS.map((value) => value + lnWeight), -Math.log(mixture.restarts + 1)]);
}
