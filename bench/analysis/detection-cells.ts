import { informationBound } from '../../src/analysis/information-bound.ts';
import { latencyInformationBound } from '../../src/analysis/latency-information.ts';
import { successInformation } from '../../src/analysis/success-ratio-evidence.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import {
  alphaRollback,
  errorMargin,
  errorRateAlone,
  fourMetrics,
  latencyAlone,
  latencyRatio,
  leastThroughput,
  throughputAlone,
} from './judge-settings.ts';
import type { JudgedCell } from './judged-cell.ts';
import { bucketChances } from './latency-draw.ts';
import { lognormalLatency, quietScenario, type Scenario } from './scenario.ts';

export type DetectionCell = JudgedCell & {
  /** Fewest requests of both arms that any test of this α needs on average. */
  boundRequests: number;
  /** What mean requests over the bound may be at most; null where the bound is no measure. */
  target: number | null;
  /** Share of the full number of runs: long ones get fewer. */
  runsShare: number;
};

const four = ['errorRate', 'latencyP99', 'throughput', 'orders'];
const tenHours = 36_000_000;
const fast = { ...quietScenario, windowMs: 125, limitMs: tenHours };
const wholeRun = { latency: lognormalLatency, events: { ratio: 0.1, canaryFactor: 1 } };

/** Faults that must be found, each with the least that finding it takes. */
export function detectionCells(): DetectionCell[] {
  return [
    ...[0.03, 0.05, 0.1, 0.25, 0.5].map((ratio) => errorCell(ratio, 5, false)),
    ...[0.05, 0.1].map((ratio) => errorCell(ratio, 50, false)),
    lateOnsetCell(false),
    slowCell('50 % instant errors, successes last 2 s', 0.5, { successMs: 2000, failureMs: 10 }),
    slowCell('10 % time-outs of 5 s', 0.1, { successMs: 50, failureMs: 5000 }),
    ...[0.05, 0.1, 0.5].map((ratio) => errorCell(ratio, 5, true)),
    lateOnsetCell(true),
    ...[1.5, 2, 3, 5].map((factor) => latencyCell(factor, false)),
    latencyCell(2, true),
    ...[0.6, 0.3].map((factor) => throughputCell(factor)),
  ];
}

function errorCell(ratio: number, percent: number, all: boolean): DetectionCell {
  const weights = [{ fromMs: 0, percent }];
  const scenario: Scenario = { ...fast, weights, canaryExcess: ratio - quietScenario.baselineRatio };
  const situation = { p0: scenario.baselineRatio, p1: ratio, delta: errorMargin, canaryShare: percent / 100 };
  const large = ratio > 0.1;
  return {
    ...common(all),
    name: `${100 * ratio} % errors, ${percent} % weight`,
    scenario: all ? { ...scenario, ...wholeRun } : scenario,
    boundRequests: informationBound(situation, alphaRollback),
    target: large ? null : all ? 2 : 1.6,
    runsShare: ratio < 0.05 ? 0.25 : all && !large ? 0.5 : 1,
  };
}

/** Nothing can be known of a request before it ends: the bound leaves that out. */
function slowCell(name: string, ratio: number, slow: NonNullable<Scenario['slow']>): DetectionCell {
  const cell = errorCell(ratio, 5, false);
  return { ...cell, name, scenario: { ...cell.scenario, slow }, target: null };
}

function lateOnsetCell(all: boolean): DetectionCell {
  const cell = errorCell(0.1, 5, all);
  const onsetMs = 1_800_000;
  return {
    ...cell,
    name: '10 % errors after 30 min of health',
    scenario: { ...cell.scenario, windowMs: 1000, onsetMs },
    target: null,
    runsShare: all ? 0.1 : 0.3,
  };
}

function latencyCell(factor: number, all: boolean): DetectionCell {
  const latency = { ...lognormalLatency, canaryFactor: factor };
  return {
    ...common(all),
    ...(all ? {} : { settings: latencyAlone, watch: ['latencyP99'], group: 'p99 alone' }),
    name: `p99 ×${factor}, 5 % weight`,
    scenario: { ...fast, windowMs: 1000, ...(all ? wholeRun : {}), latency },
    boundRequests: latencyBound(factor, 0.05),
    target: all ? null : 2.5,
    runsShare: factor < 2 ? 0.1 : 0.3,
  };
}

function throughputCell(factor: number): DetectionCell {
  return {
    ...common(false),
    settings: throughputAlone,
    watch: ['throughput'],
    group: 'throughput alone',
    name: `throughput ×${factor}, 5 % weight`,
    scenario: { ...fast, canarySuccess: factor },
    boundRequests: successBound(factor, 0.05),
    target: 1.5,
    runsShare: 1,
  };
}

/** As `latencyInformationBound`, for the distributions that the traces are drawn from. */
function latencyBound(factor: number, canaryShare: number): number {
  const arms = { baseline: bucketChances(lognormalLatency, 1), canary: bucketChances(lognormalLatency, factor) };
  const situation = { ...arms, edgesMs: logLatencyEdgesMs, canaryShare };
  return latencyInformationBound(situation, { quantile: 0.99, ratio: latencyRatio }, alphaRollback);
}

/**
 * Fewest requests that prove on average that the canary succeeds less than `leastThroughput` times as often: ln(1/α) over the
 * divergence to the nearest pair of success ratios for which that is wrong.
 */
function successBound(factor: number, canaryShare: number): number {
  const p0 = 1 - quietScenario.baselineRatio;
  return -Math.log(alphaRollback) / successInformation({ p0, p1: p0 * factor, least: leastThroughput, canaryShare });
}

function common(
  all: boolean,
): Pick<JudgedCell, 'group' | 'settings' | 'watch' | 'alpha' | 'historyMs' | 'readEveryMs'> {
  return {
    group: all ? 'four metrics' : 'error rate alone',
    settings: all ? fourMetrics : errorRateAlone,
    watch: all ? four : ['errorRate'],
    alpha: alphaRollback,
    historyMs: null,
    readEveryMs: fast.windowMs,
  };
}
