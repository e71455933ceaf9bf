import type { Clock } from '../model/clock.ts';
import type {
  BusinessMetricSpec,
  CommandSpec,
  JsonEndpointSpec,
  MetricsSpec,
  PrometheusSpec,
} from '../model/config/metrics.ts';
import type { Arm } from '../model/metric-source.ts';
import type { ArmRevisions } from './arm-revisions.ts';
import type { CommandSourceOptions } from './command-source.ts';
import type { JsonEndpointOptions, JsonShare } from './json-endpoint-source.ts';
import type { PrometheusQueries, PrometheusSourceOptions } from './prometheus-source.ts';
import { prometheusTemplateQueries } from './prometheus-templates.ts';

/** What every configured source is given beside its own settings. */
export type SourcePlace = {
  revisions: ArmRevisions;
  clock: Clock;
  environment: Readonly<Record<string, string | undefined>>;
  /** Where commands run. */
  directory: string;
  /** Longest life of a request: what ends later than this after a change of weight is not judged. */
  requestTimeoutMs: number;
};

/** One of the sources that are asked again and again, with everything it needs. */
export type SampledSpec =
  | { source: 'prometheus'; options: PrometheusSourceOptions }
  | { source: 'json-endpoint'; options: JsonEndpointOptions }
  | { source: 'command'; options: CommandSourceOptions };

/** Settings of the metrics source as options of its driver; null for those of the target. Throws an Error for what does not fit. */
export function sampledSpec(metrics: MetricsSpec, place: SourcePlace): SampledSpec | null {
  switch (metrics.source) {
    case 'proxy':
    case 'prober':
      return null;
    case 'prometheus':
      return { source: 'prometheus', options: prometheusOptions(metrics, place) };
    case 'json-endpoint':
      return { source: 'json-endpoint', options: jsonOptions(metrics, place) };
    case 'command':
      return { source: 'command', options: commandOptions(metrics, place) };
  }
}

/** The same for one business metric. */
export function businessSpec({ name, from }: BusinessMetricSpec, place: SourcePlace): SampledSpec {
  switch (from.source) {
    case 'prometheus': {
      const events = { [name]: { events: from.events, opportunities: from.opportunities } };
      const queries = { requests: null, failures: [], latency: null, inFlight: null, events };
      return { source: 'prometheus', options: { ...prometheusAccess(from, place), queries } };
    }
    case 'json-endpoint': {
      const events = { [name]: eventShare(from.counts) };
      return {
        source: 'json-endpoint',
        options: { ...jsonAccess(from, place), requests: null, latency: null, events },
      };
    }
    case 'command':
      return {
        source: 'command',
        options: { ...commandAccess(from, place), countsRequests: false, latency: false, events: [name] },
      };
  }
}

type Business<Source> = Extract<BusinessMetricSpec['from'], { source: Source }>;

function prometheusOptions(spec: PrometheusSpec, place: SourcePlace): PrometheusSourceOptions {
  return { ...prometheusAccess(spec, place), queries: prometheusQueries(spec) };
}

/** The selectors of a template with the configured ones in their place. Throws an Error when something is missing. Pure. */
export function prometheusQueries(spec: PrometheusSpec): PrometheusQueries {
  const template = spec.template === undefined ? null : prometheusTemplateQueries[spec.template];
  const requests = spec.requests ?? template?.requests;
  // Own requests are of another metric, and the failures of the template would not be theirs.
  const failures =
    spec.failures !== undefined ? [spec.failures] : spec.requests === undefined ? template?.failures : undefined;
  if (requests === undefined || failures === undefined)
    throw new Error('metrics.source prometheus needs requests and failures, or a template that has both');
  const latency = spec.latency ?? (template?.latency ? { ...template.latency, native: false } : null);
  return { requests, failures, latency, inFlight: spec.inFlight ?? null, events: spec.events };
}

function prometheusAccess(
  spec: PrometheusSpec | Business<'prometheus'>,
  place: SourcePlace,
): Omit<PrometheusSourceOptions, 'queries'> {
  const matchOf = (arm: Arm): string | null =>
    spec.match === undefined ? null : typeof spec.match === 'string' ? spec.match : spec.match[arm];
  return {
    url: spec.url,
    timeoutMs: spec.timeout,
    headersFromEnv: spec.headersFromEnv,
    environment: place.environment,
    everyMs: spec.every,
    settleMs: settleOf(spec, place),
    match: { baseline: matchOf('baseline'), canary: matchOf('canary') },
    revisions: place.revisions,
    clock: place.clock,
  };
}

function jsonOptions(spec: JsonEndpointSpec, place: SourcePlace): JsonEndpointOptions {
  const { counts, latency, events } = spec;
  const requests: JsonShare =
    counts.kind === 'counter' ? { kind: 'counter', part: counts.failures, of: counts.requests } : counts;
  return {
    ...jsonAccess(spec, place),
    requests,
    latency: latency ?? null,
    events: Object.fromEntries(Object.entries(events).map(([name, one]) => [name, eventShare(one)])),
  };
}

function eventShare(one: JsonEndpointSpec['events'][string]): JsonShare {
  return one.kind === 'counter' ? { kind: 'counter', part: one.events, of: one.opportunities } : one;
}

function jsonAccess(
  spec: JsonEndpointSpec | Business<'json-endpoint'>,
  place: SourcePlace,
): Omit<JsonEndpointOptions, 'requests' | 'latency' | 'events'> {
  return {
    url: spec.url,
    everyMs: spec.every,
    timeoutMs: spec.timeout,
    settleMs: settleOf(spec, place),
    headersFromEnv: spec.headersFromEnv,
    environment: place.environment,
    select: spec.select,
    since: spec.since ?? null,
    revisions: place.revisions,
    clock: place.clock,
  };
}

function commandOptions(spec: CommandSpec, place: SourcePlace): CommandSourceOptions {
  return { ...commandAccess(spec, place), countsRequests: true, latency: spec.latency, events: spec.events };
}

function commandAccess(
  spec: CommandSpec | Business<'command'>,
  place: SourcePlace,
): Omit<CommandSourceOptions, 'countsRequests' | 'latency' | 'events'> {
  return {
    argv: spec.command,
    calls: spec.calls,
    everyMs: spec.every,
    timeoutMs: spec.timeout,
    settleMs: settleOf(spec, place),
    pass: spec.pass,
    directory: place.directory,
    revisions: place.revisions,
    clock: place.clock,
  };
}

function settleOf(spec: { settle?: number | undefined } | object, place: SourcePlace): number {
  return 'settle' in spec && spec.settle !== undefined ? spec.settle : place.requestTimeoutMs;
}
