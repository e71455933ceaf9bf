import type { EnvironmentSpec } from '../../model/config/environment.ts';
import { renderMs } from '../../model/step.ts';
import { formatRatio, plainLine, trim } from '../format.ts';
import { bullets } from '../report-sections.ts';
import { type CardInput, cardHead } from './card-input.ts';

/** What is measured, what is promised, and what a broken promise does to a release. Pure. */
export function renderSloCard(input: CardInput): string {
  const { spec } = input;
  return `${[
    cardHead('SLO Definition and SLI Card', input, [`**Source of measurements**: ${spec.metrics.source}`]),
    `## Service Level Indicators\n\n${bullets([
      'Error rate: requests that failed, of all requests that arrived',
      'Availability: requests that were answered well, of all requests that arrived',
      'Latency p99: time to the last byte that 99 % of requests do not exceed',
      'Throughput: good answers per request, against the baseline at the same time',
    ])}`,
    `## Service Level Objectives\n\n| Objective | Target | Measurement window | During a release |\n| --- | --- | --- | --- |\n${objectives(spec).join('\n')}`,
    `## Comparison With the Baseline\n\n${bullets(comparisons(spec))}`,
    `## Business Metrics\n\n${bullets(spec.business.length === 0 ? ['none configured: conversion rate and user activity are not measured'] : spec.business.map(({ name }) => plainLine(name)))}`,
    `## Alerts\n\n${bullets([
      `A breach of the candidate: rolls back at once; one that the baseline shares holds the run`,
      'CPU and memory: not measured by seatrial; watch them where they are measured',
      `After a release: error budget asked for by pre-flight (error-budget-burn, error-budget-left)`,
    ])}`,
  ].join('\n\n')}\n`;
}

function objectives({ slos }: EnvironmentSpec): string[] {
  const row = (name: string, target: string | null, periodMs: number | null): string =>
    `| ${name} | ${target ?? 'not configured'} | ${periodMs === null ? '–' : renderMs(periodMs)} | ${target === null ? 'UNVERIFIED' : 'the candidate alone must keep it at every step'} |`;
  const { errorRate, availability, latencyP99 } = slos;
  return [
    row(
      'Error rate',
      errorRate === undefined ? null : `at most ${formatRatio(errorRate.target)}`,
      errorRate?.period ?? null,
    ),
    row(
      'Availability',
      availability === undefined ? null : `at least ${formatRatio(availability.target)}`,
      availability?.period ?? null,
    ),
    row(
      'Latency p99',
      latencyP99 === undefined ? null : `at most ${renderMs(latencyP99.target)}`,
      latencyP99?.period ?? null,
    ),
    row('Throughput', null, null),
  ];
}

function comparisons({ triggers, judge }: EnvironmentSpec): string[] {
  const { errorRate, latency, throughput } = triggers;
  const quantiles = latency === false ? [] : [latency.quantile].flat();
  return [
    `Error rate: at most ${trim(errorRate.above * 100, 2)} points above the baseline`,
    ...quantiles.map(
      (quantile) =>
        `Latency ${typeof quantile === 'number' ? `p${trim(quantile * 100, 3)}` : String(quantile)}: at most ${trim((latency === false ? 0 : latency.above - 1) * 100, 2)} % above the baseline`,
    ),
    throughput === false
      ? 'Throughput: not compared'
      : `Throughput: at most ${trim((1 - throughput.below) * 100, 2)} % below the baseline`,
    `Proven before the weight rises: ${judge.mustPass.length === 0 ? 'nothing' : judge.mustPass.join(', ')}`,
    `Chance of taking back a good release: at most ${formatRatio(judge.alphaRollback)}; of calling a bad one safe: at most ${formatRatio(judge.alphaPromote)}`,
  ];
}
