import { latencyBuckets, logLatencyEdgesMs } from '../../src/model/traffic.ts';
import type { LatencyScenario } from './scenario.ts';

/** Buckets of lognormal latencies, one request at a time in constant time (Walker's alias method). */
export type LatencyTable = { threshold: Float64Array; alias: Uint16Array };

const tables = new Map<string, LatencyTable>();

/** Table for latencies `factor` times as long as the scenario's; kept for the runs to come. */
export function latencyTable(latency: LatencyScenario, factor: number): LatencyTable {
  const key = `${latency.medianMs}/${latency.sigma}/${latency.tail?.share}/${latency.tail?.factor}/${factor}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const table = aliasTable(bucketChances(latency, factor));
  tables.set(key, table);
  return table;
}

/** Bucket of one draw from `u`, uniform in [0, 1). */
export function drawBucket({ threshold, alias }: LatencyTable, u: number): number {
  const scaled = u * threshold.length;
  const cell = Math.floor(scaled);
  return scaled - cell < (threshold[cell] ?? 1) ? cell : (alias[cell] ?? cell);
}

/** Chance of every bucket. */
export function bucketChances({ medianMs, sigma, tail }: LatencyScenario, factor: number): Float64Array {
  const share = tail?.share ?? 0;
  const below = (edgeMs: number, median: number): number => normalBelow(Math.log(edgeMs / median) / sigma);
  const chances = new Float64Array(latencyBuckets.count);
  let before = 0;
  for (let bucket = 0; bucket < chances.length; bucket++) {
    const edge = logLatencyEdgesMs[bucket];
    const until =
      edge === undefined
        ? 1
        : (1 - share) * below(edge, medianMs * factor) + share * below(edge, medianMs * factor * (tail?.factor ?? 1));
    chances[bucket] = until - before;
    before = until;
  }
  return chances;
}

function aliasTable(chances: Float64Array): LatencyTable {
  const count = chances.length;
  const threshold = Float64Array.from(chances, (chance) => chance * count);
  const alias = Uint16Array.from(chances, (_, index) => index);
  const small: number[] = [];
  const large: number[] = [];
  threshold.forEach((value, index) => {
    (value < 1 ? small : large).push(index);
  });
  while (small.length > 0 && large.length > 0) {
    const low = small.pop() ?? 0;
    const high = large.at(-1) ?? 0;
    alias[low] = high;
    const rest = (threshold[high] ?? 0) - (1 - (threshold[low] ?? 0));
    threshold[high] = rest;
    if (rest < 1) small.push(large.pop() ?? 0);
  }
  for (const index of [...small, ...large]) threshold[index] = 1;
  return { threshold, alias };
}

/** Standard normal distribution; absolute error below 1e-7 (Abramowitz & Stegun 26.2.17), tails relative by reflection. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}
