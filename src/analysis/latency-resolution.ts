import { mapEdges } from './latency-edges.ts';

/** What a histogram can show of a quantile of the baseline that lies in one of its buckets (lowerMs, upperMs]. */
export type LatencyResolution = {
  lowerMs: number;
  upperMs: number;
  /** The canary's quantile must be above this edge before harm can be proven. */
  provableAboveMs: number;
  /** Least true ratio that could be proven: with the baseline at the upper edge of its bucket. */
  leastRatio: number;
  /** From this ratio on every regression can be proven, wherever in its bucket the baseline lies; Infinity in the first bucket. */
  certainRatio: number;
  /** Whether a canary that is as fast as the baseline can be proven safe. */
  canShowSafety: boolean;
};

/**
 * Least ratios that a histogram with these edges (ms, ascending) can ever prove around a latency of the baseline, when the
 * limit is `ratio`. Null where none can: no edge is ratio times above it. Pure.
 *
 * The canary is compared at the first edge ≥ ratio·upperMs, whatever lies between is not known.
 * Limits: native histograms and log buckets resolve best where their growth is a root of the ratio.
 *
 * Example: edges 250, 500, 1000 ms, around 300 ms, ratio 1.2: above 1000 ms; least ×2, certain ×4.
 * The built-in log buckets: least ×1.2, certain ×1.22. Growth 2^(1/8) (native histogram, schema 3): ×1.30 and ×1.41.
 */
export function resolutionAround(
  edgesMs: readonly number[],
  aroundMs: number,
  ratio: number,
): LatencyResolution | null {
  const bucket = edgesMs.findIndex((edge) => edge >= aroundMs);
  const upperMs = edgesMs[bucket];
  if (upperMs === undefined) return null;
  const lowerMs = edgesMs[bucket - 1] ?? 0;
  const { above, below } = mapEdges(edgesMs, ratio);
  const provableAboveMs = edgesMs[above[bucket] ?? edgesMs.length];
  if (provableAboveMs === undefined) return null;
  return {
    lowerMs,
    upperMs,
    provableAboveMs,
    leastRatio: provableAboveMs / upperMs,
    certainRatio: lowerMs > 0 ? provableAboveMs / lowerMs : Number.POSITIVE_INFINITY,
    canShowSafety: (below[bucket] ?? -1) >= bucket,
  };
}

/** Least ratio from which on every regression around `aroundMs` (null: above the last edge) can be proven; null when none can be. Pure. */
export function minimumProvableRatio(
  edgesMs: readonly number[],
  aroundMs: number | null,
  ratio: number,
): number | null {
  const resolution = aroundMs === null ? null : resolutionAround(edgesMs, aroundMs, ratio);
  return resolution !== null && Number.isFinite(resolution.certainRatio) ? resolution.certainRatio : null;
}

/** Above this excess over the ratio asked for, people are told. */
const tolerated = 1.05;

/** A sentence for people when the edges cannot show what is asked for around `aroundMs` (null: above the last edge), else null. Pure. */
export function describeResolution(edgesMs: readonly number[], aroundMs: number | null, ratio: number): string | null {
  const lastMs = edgesMs.at(-1);
  const percent = Math.round((ratio - 1) * 100);
  if (lastMs === undefined) return "the arms' histograms have no edge in common; latencies cannot be compared";
  const resolution = aroundMs === null ? null : resolutionAround(edgesMs, aroundMs, ratio);
  if (resolution === null)
    return `the histogram's last edge ${rounded(lastMs)} ms is not ${percent} % above the baseline; a regression cannot be proven`;
  const { lowerMs, upperMs, leastRatio, certainRatio, canShowSafety } = resolution;
  if ((canShowSafety ? leastRatio : certainRatio) <= ratio * tolerated) return null;
  const edges = `the histogram's edges ${rounded(lowerMs)} ms and ${rounded(upperMs)} ms`;
  const certain = Number.isFinite(certainRatio)
    ? `, and show every regression only from ×${rounded(certainRatio)} on`
    : '';
  const between = canShowSafety ? 'cannot be proven' : 'can be neither proven nor excluded';
  return `${edges} cannot show less than ×${rounded(leastRatio)}${certain}; a ${percent} % regression ${between}`;
}

function rounded(value: number): number {
  return value >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
