import type { ArmPoint } from '../../../src/analysis/peers/peer-rule.ts';

export type TracePart = {
  seconds: number;
  /** Requests and failures of each arm in every second. */
  canary: readonly [number, number];
  baseline: readonly [number, number];
  /** Every request of an arm takes this long; null: latencies are not known. */
  canaryMs?: number;
  baselineMs?: number;
};

const edgesMs = [10, 100, 110, 125, 150, 500, 600, 1000];

/** One point a second for each arm, from t = 0. */
export function traceOf(...parts: TracePart[]): { points: ArmPoint[]; untilMs: number } {
  const points: ArmPoint[] = [];
  let second = 0;
  for (const part of parts) {
    for (let passed = 0; passed < part.seconds; passed++, second++) {
      for (const arm of ['baseline', 'canary'] as const) {
        const [requests, failures] = part[arm];
        const ms = arm === 'canary' ? part.canaryMs : part.baselineMs;
        const latency = ms === undefined ? null : { edgesMs, counts: [[bucketOf(ms), requests] as const], open: 0 };
        points.push({ tMs: second * 1000, arm, requests, failures, latency });
      }
    }
  }
  return { points, untilMs: second * 1000 };
}

function bucketOf(ms: number): number {
  const index = edgesMs.findIndex((edge) => edge >= ms);
  return index === -1 ? edgesMs.length : index;
}
