import { z } from 'zod';
import type { ArmCounts } from '../model/verdict.ts';

/** Sums over the windows of history: enough for the estimate, whatever the number of windows. Plain JSON. */
export const dispersionHistorySchema = z.strictObject({
  /** Windows that had requests. */
  windows: z.number().int().nonnegative(),
  /** Windows that had failures. */
  clusters: z.number().int().nonnegative(),
  requests: z.number().nonnegative(),
  failures: z.number().nonnegative(),
  /** Σ failures²/requests. */
  squares: z.number().nonnegative(),
});
export type DispersionHistory = z.infer<typeof dispersionHistorySchema>;

export const noDispersionHistory: DispersionHistory = { windows: 0, clusters: 0, requests: 0, failures: 0, squares: 0 };

/** With fewer windows with failures than this nothing is claimed. */
export const clustersNeeded = 10;

export type Overdispersion =
  /** Too little history: count failing units instead of requests. */
  | { kind: 'unknown'; clusters: number; clustersNeeded: number }
  | {
      kind: 'measured';
      clusters: number;
      /** Variance of the failure counts over what independent failures would have. */
      estimate: number;
      /** Upper end at 95 %. */
      upper: number;
      /** Lower end at 99.9 %: above 1, the failures are certainly not independent. */
      lower: number;
      /** What counts are to be divided by: the upper end, at least 1. */
      factor: number;
    };

/** The history with one more window of equal length; windows without requests say nothing. Pure. */
export function addDispersionWindow(history: DispersionHistory, { requests, failures }: ArmCounts): DispersionHistory {
  if (!(requests > 0)) return history;
  return {
    windows: history.windows + 1,
    clusters: history.clusters + (failures > 0 ? 1 : 0),
    requests: history.requests + requests,
    failures: history.failures + failures,
    squares: history.squares + (failures * failures) / requests,
  };
}

/**
 * How much more failure counts scatter than those of independent requests would. Pure.
 *
 * φ = Σ (kᵢ − nᵢp)²/(nᵢp(1−p)) / (W − 1) over W windows, p = Σk/Σn: Pearson's dispersion statistic, which needs only sums, as
 * Σ (kᵢ − nᵢp)²/nᵢ = Σ kᵢ²/nᵢ − (Σk)²/Σn. Upper end: φ·ν/χ²(0.05; ν) with ν = clusters − 1, the quantile by Wilson & Hilferty
 * (1931): ν(1 − 2/(9ν) − 1.645·√(2/(9ν)))³. It is the clusters, not the windows, that tell how large clusters are: for sizes
 * that are spread exponentially Σs²/Σs has relative variance 2/K over K clusters, just that of χ²(K)/K.
 * Reference: McCullagh & Nelder, "Generalized Linear Models" (1989), 4.5.
 * Limits: a drift of p over the history counts as dispersion (makes tests slower, not wrong). Bursts longer than a window
 * are seen in part; bursts rarer than the history is long are not seen at all. Sizes with heavier tails than exponential
 * make the upper end too low. Below ten windows with failures the answer is "unknown", never a guess.
 *
 * Example: 100 windows of 100 requests, 20 of them with 5 failures each → estimate 4.08, upper 7.67.
 */
export function assessOverdispersion(history: DispersionHistory): Overdispersion {
  const { windows, clusters, requests, failures, squares } = history;
  const ratio = requests > 0 ? failures / requests : 0;
  if (clusters < clustersNeeded || windows < 2 || !(ratio < 1)) return { kind: 'unknown', clusters, clustersNeeded };
  const scatter = Math.max(0, squares - failures * ratio);
  const estimate = scatter / ((windows - 1) * ratio * (1 - ratio));
  const freedom = clusters - 1;
  const upper = (estimate * freedom) / chiSquare(freedom, z5);
  const lower = (estimate * freedom) / chiSquare(freedom, z999);
  return { kind: 'measured', clusters, estimate, upper, lower, factor: Math.max(1, upper) };
}

/** Normal quantiles of 5 % and 99.9 %. */
const z5 = -1.6448536269514722;
const z999 = 3.090232306167813;

/** The quantile of χ² that belongs to the normal quantile `z` (Wilson–Hilferty; within 1 % from nine degrees of freedom on). */
function chiSquare(freedom: number, z: number): number {
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + z * Math.sqrt(spread)) ** 3;
}
