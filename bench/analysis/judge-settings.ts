import type { Comparison, JudgeSettings } from '../../src/model/verdict.ts';

export const errorMargin = 0.02;
export const alphaRollback = 0.01;
export const latencyRatio = 1.2;
export const leastThroughput = 0.7;

const latency: Comparison = { kind: 'latency', metric: 'latencyP99', share: 1, quantile: 0.99, ratio: latencyRatio };
const throughput: Comparison = { kind: 'throughput', metric: 'throughput', share: 1, least: leastThroughput };
const orders: Comparison = { kind: 'events', metric: 'orders', share: 1, least: leastThroughput, lagMs: 0 };

/** Share of the error rate where another metric has all of α to itself. */
const nextToNothing = 1e-9;

export const errorRateAlone = settingsOf(1, []);
export const latencyAlone = settingsOf(nextToNothing, [latency]);
export const throughputAlone = settingsOf(nextToNothing, [throughput]);
export const ordersAlone = settingsOf(nextToNothing, [orders]);
/** As a configured run divides α: half to the error rate, the rest in equal shares. */
export const fourMetrics = settingsOf(
  1 / 2,
  [latency, throughput, orders].map((comparison) => ({ ...comparison, share: 1 / 6 })),
);

function settingsOf(errorRateShare: number, comparisons: Comparison[]): JudgeSettings {
  return {
    errorMargin,
    alphaRollback,
    alphaPromote: 0.05,
    mustPass: ['errorRate'],
    errorRateShare,
    comparisons,
    overdispersion: null,
    raiseWeight: null,
    synthetic: null,
    sourceGraceMs: 120_000,
    onInconclusive: 'hold',
    requestTimeoutMs: 5000,
    slos: [],
    hardRules: {
      restarts: 3,
      restartsWindowMs: 300_000,
      canaryExits: 2,
      exitsWindowMs: 60_000,
      oom: true,
      unhealthyRatio: 0.5,
      wrongRevision: true,
    },
    stratum: 'user',
  };
}
