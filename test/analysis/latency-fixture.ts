import type { LatencyReading } from '../../src/model/metric-source.ts';
import { latencyBucketOf, logLatencyEdgesMs } from '../../src/model/traffic.ts';

/** Reading of single latencies in ms. */
export function readingOf(
  latenciesMs: readonly number[],
  edgesMs: readonly number[] = logLatencyEdgesMs,
  open = 0,
): LatencyReading {
  const counts = new Map<number, number>();
  for (const ms of latenciesMs) {
    const bucket = bucketOf(ms, edgesMs);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return { edgesMs, counts: [...counts].sort(([a], [b]) => a - b), open };
}

function bucketOf(ms: number, edgesMs: readonly number[]): number {
  if (edgesMs === logLatencyEdgesMs) return latencyBucketOf(ms);
  const bucket = edgesMs.findIndex((edge) => ms <= edge);
  return bucket < 0 ? edgesMs.length : bucket;
}

/** Dense counts: `edges + 1` numbers. */
export function countsOf(latenciesMs: readonly number[], edgesMs: readonly number[] = logLatencyEdgesMs): Float64Array {
  const counts = new Float64Array(edgesMs.length + 1);
  for (const [bucket, count] of readingOf(latenciesMs, edgesMs).counts) counts[bucket] = count;
  return counts;
}

/** Latency in ms with median 50 and σ = 0.6 (lognormal), p99 at 202 ms. */
export function drawLatencyMs(random: () => number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 50 * Math.exp(0.6 * normal);
}

/** The mid-quantiles of the same distribution, `count` of them: a sample without chance. */
export function evenLatenciesMs(count: number, medianMs: number): number[] {
  return Array.from({ length: count }, (_, index) => medianMs * Math.exp(0.6 * normalQuantile((index + 0.5) / count)));
}

/** Acklam's rational approximation, relative error below 1.2e-9. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const horner = (coefficients: readonly number[], at: number): number =>
    coefficients.reduce((sum, coefficient) => sum * at + coefficient, 0);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    const top = [
      -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
      2.938163982698783,
    ];
    const bottom = [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
    return horner(top, q) / horner(bottom, q);
  }
  const q = p - 0.5;
  const top = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const bottom = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  return (horner(top, q * q) * q) / horner(bottom, q * q);
}
