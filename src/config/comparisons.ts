import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { Comparison } from '../model/verdict.ts';
import { type SourceAbilities, sourceAbilities, tellsRequests } from './source-abilities.ts';

type Wanted = Unshared<Comparison>;
type Unshared<C> = C extends Comparison ? Omit<C, 'share'> : never;

/** Part of the chance of a false rollback that is the error rate's, where there are other comparisons. */
const errorRatePart = 0.5;

/**
 * What is compared between the arms beside the error rate, and what is configured but cannot be measured by the source,
 * as sentences. The others share equally what the error rate leaves of the chance of a false rollback. Pure.
 */
export function planComparisons(spec: EnvironmentSpec): {
  errorRateShare: number;
  comparisons: Comparison[];
  /** Of the synthetic requests; null where there are none. */
  syntheticShare: number | null;
  notes: string[];
} {
  const abilities = sourceAbilities(spec);
  const wanted = [...latencies(spec), ...throughputs(spec), ...businessEvents(spec)];
  const judged = wanted.map((one) => ({ one, obstacle: obstacleTo(one, abilities, seesRequests(spec)) }));
  const able = judged.filter(({ obstacle }) => obstacle === null).map(({ one }) => one);
  const source = spec.metrics.source;
  const synthetic = spec.judge.lowTraffic.synthetic !== false;
  const others = able.length + (synthetic ? 1 : 0);
  return {
    errorRateShare: others === 0 ? 1 : errorRatePart,
    comparisons: able.map((one) => ({ ...one, share: shareOf(others) })),
    syntheticShare: synthetic ? shareOf(others) : null,
    notes: [
      ...judged.flatMap(({ one, obstacle }) =>
        obstacle === null
          ? []
          : [`${one.metric} is not judged: the metrics source ${source} ${obstacle}${wayOut(spec)}`],
      ),
      ...(source === 'proxy' && spec.target.kind === 'haproxy' && spec.target.requestLog
        ? ['websockets and event streams are not judged: HAProxy tells of them when they are closed']
        : []),
      ...(seesRequests(spec) || spec.judge.overdispersion !== undefined
        ? []
        : [
            `the metrics source ${source} cannot tell clients apart: harm is proven by failures in at least three windows, and slower where failures come in bursts; strategy.aaPhase learns how they scatter before the candidate has users`,
          ]),
      ...(abilities.latency === 'coarse' && able.some((one) => one.kind === 'latency')
        ? [
            `the metrics source ${source} counts latencies in wide buckets: only a slowdown of more than one bucket can be proven`,
          ]
        : []),
    ],
  };
}

/** Rounded down, so that the shares never sum to more than 1. */
function shareOf(count: number): number {
  return Math.floor(((1 - errorRatePart) / count) * 1e9) / 1e9;
}

function latencies({ triggers }: EnvironmentSpec): Wanted[] {
  if (triggers.latency === false) return [];
  const { quantile, above } = triggers.latency;
  return [quantile].flat().map((one) => ({
    kind: 'latency',
    metric: `latency${quantileName(one)}`,
    quantile: one,
    ratio: above,
  }));
}

/** 0.99 → `P99`, 0.999 → `P99.9`. */
function quantileName(quantile: number): string {
  return `P${Number((quantile * 100).toPrecision(6))}`;
}

function throughputs({ triggers }: EnvironmentSpec): Wanted[] {
  return triggers.throughput === false
    ? []
    : [{ kind: 'throughput', metric: 'throughput', least: triggers.throughput.below }];
}

/** Each has a source of its own, so that it can always be measured. */
function businessEvents({ business }: EnvironmentSpec): Wanted[] {
  return business.map(({ name, least, lag }) => ({ kind: 'events', metric: name, least, lagMs: lag }));
}

/** Why the source cannot tell it; null when it can. */
function obstacleTo(wanted: Wanted, { latency }: SourceAbilities, requestsSeen: boolean): string | null {
  switch (wanted.kind) {
    case 'latency':
      return latency === 'none' ? 'has no latencies' : null;
    case 'throughput':
      return requestsSeen ? null : 'learns of requests when they end, so that it does not see those that never do';
    case 'events':
      return null;
  }
}

/** What would make it judged. */
function wayOut({ metrics: { source }, target }: EnvironmentSpec): string {
  const offered = source === 'proxy' && target.kind === 'haproxy' && !target.requestLog;
  return offered ? '; with target.requestLog HAProxy tells of each request' : '';
}

/** Whether single requests are seen: each from its begin to its end, and several failures of one client as such. */
function seesRequests({ metrics: { source }, target }: EnvironmentSpec): boolean {
  return (source === 'proxy' && tellsRequests(target)) || source === 'prober';
}
