import type { Clock } from '../model/clock.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import { type ArmRevisions, arms } from './arm-revisions.ts';
import { askPrometheusTime, askRawSeries, type PrometheusAccess } from './prometheus-client.ts';
import { prometheusCountsOver } from './prometheus-history.ts';
import type { QueryKind } from './prometheus-increases.ts';
import { PrometheusLedger, type QueryAnswer } from './prometheus-ledger.ts';
import { fillSelector } from './prometheus-selectors.ts';
import { createSampledSource } from './sampled-source.ts';
import type { ArmWindow, Sampled, SampledWindow, Sampler } from './sampled-window.ts';

export type PrometheusQueries = {
  /** Null for a source of events only. */
  requests: string | null;
  /** A series that several of them match counts once. */
  failures: readonly string[];
  latency: { histogram: string; unit: 's' | 'ms'; native: boolean } | null;
  inFlight: string | null;
  events: Readonly<Record<string, { events: string; opportunities: string }>>;
};

export type PrometheusSourceOptions = PrometheusAccess & {
  everyMs: number;
  settleMs: number;
  queries: PrometheusQueries;
  /** Matchers added to every selector. */
  match: Readonly<Record<Arm, string | null>>;
  revisions: ArmRevisions;
  clock: Clock;
};

/** One question about an arm; placeholders are filled. */
export type ArmQuery = { role: string; kind: QueryKind; selector: string };

/** How far before the start the first windows lie, so that what the stable revision did before is known. */
const priorMs = 60_000;
/** Longest time that is made up for after an outage. */
const longestBackfillMs = 15 * 60_000;
/** A clock that differs by more is not believed. */
const greatestSkewMs = 5 * 60_000;

/**
 * Counters that Prometheus has scraped, read as raw samples. Windows are in Prometheus' clock. While Prometheus cannot be
 * asked nothing is lost: what it scraped meanwhile is read afterwards, and what it did not scrape is an error.
 */
export function createPrometheusSource(options: PrometheusSourceOptions): MetricSource {
  const { everyMs, settleMs, queries, clock } = options;
  const byArrival = queries.inFlight !== null;
  return createSampledSource({
    kind: 'prometheus',
    clock,
    traits: {
      windowMs: everyMs,
      countedBy: byArrival ? 'arrival' : 'completion',
      // What grew before a change of weight may be scraped up to an interval after it.
      // With a gauge of open requests too: failures of requests that hang are known when those end.
      settleMs: settleMs + everyMs,
      latency: queries.latency === null ? 'none' : 'coarse',
      events: Object.keys(queries.events),
    },
    sampler: createPrometheusSampler(options),
    countsOver: (window, query, signal) => prometheusCountsOver(options, { window, query }, signal),
  });
}

/** Every question about an arm, with its placeholders filled. Pure. */
export function armQueries(
  options: Pick<PrometheusSourceOptions, 'queries' | 'match' | 'revisions'>,
  arm: Arm,
): ArmQuery[] {
  const { queries } = options;
  const revision = options.revisions[arm];
  if (revision === null) return [];
  const fill = (text: string, suffix = ''): string =>
    fillSelector(text, { match: options.match[arm], revision, suffix });
  const { requests, failures, latency, inFlight, events } = queries;
  return [
    ...(requests === null ? [] : [{ role: 'requests', kind: 'counter', selector: fill(requests) } as const]),
    ...failures.map((one) => ({ role: 'failures', kind: 'counter', selector: fill(one) }) as const),
    ...(inFlight === null ? [] : [{ role: 'inFlight', kind: 'gauge', selector: fill(inFlight) } as const]),
    ...(latency === null
      ? []
      : [
          {
            role: 'latency',
            kind: latency.native ? 'native' : 'buckets',
            selector: fill(latency.histogram, latency.native ? '' : '_bucket'),
          } as const,
        ]),
    ...Object.entries(events).flatMap(([name, one]) => [
      { role: `events ${name}`, kind: 'counter', selector: fill(one.events) } as const,
      { role: `opportunities ${name}`, kind: 'counter', selector: fill(one.opportunities) } as const,
    ]),
  ];
}

type Ledgers = Readonly<Record<Arm, PrometheusLedger>>;

function createPrometheusSampler(options: PrometheusSourceOptions): Sampler {
  const { everyMs, clock } = options;
  // A window is complete soon after its last scrape, which may be at any time in it.
  const pauseMs = Math.min(5000, Math.max(200, everyMs / 5));
  const wallMs = clock.now() - clock.monotonic();
  let nextAt = clock.monotonic();
  let state: { ledgers: Ledgers; openFromMs: number; readUntilMs: number } | null = null;
  return {
    untilNextMs: () => nextAt - clock.monotonic(),
    sample: async (signal): Promise<Sampled> => {
      nextAt = clock.monotonic() + pauseMs;
      const { atMs, skewMs } = await askPrometheusTime(options, () => wallMs + clock.monotonic(), signal);
      if (Math.abs(skewMs) > greatestSkewMs)
        throw new Error(`the clock of Prometheus is off by ${Math.round(skewMs / 1000)} s`);
      const fromMs = state?.openFromMs ?? Math.ceil((atMs - Math.max(priorMs, 4 * everyMs)) / everyMs) * everyMs;
      const newMs = Math.min(longestBackfillMs, atMs - (state?.readUntilMs ?? fromMs));
      const answers = await askArms(options, { atMs, rangeMs: Math.max(0, newMs) + 3 * everyMs }, signal);
      const ledgers = state?.ledgers ?? { baseline: openLedger(options, fromMs), canary: openLedger(options, fromMs) };
      for (const arm of arms) ledgers[arm].take(answers[arm], atMs);
      const windows = closeWindows(options, { ledgers, fromMs, atMs });
      const openFromMs = fromMs + windows.length * everyMs;
      state = { ledgers, openFromMs, readUntilMs: atMs };
      return { knownUntilMs: openFromMs, windows, problem: null };
    },
  };
}

function openLedger({ everyMs, queries }: PrometheusSourceOptions, fromMs: number): PrometheusLedger {
  return new PrometheusLedger({
    everyMs,
    fromMs,
    countsRequests: queries.requests !== null,
    edgeToMs: queries.latency?.unit === 'ms' ? 1 : 1000,
    hasInFlight: queries.inFlight !== null,
    hasLatency: queries.latency !== null,
    events: Object.keys(queries.events),
  });
}

/** Both arms at the same instant of Prometheus, or neither. */
async function askArms(
  options: PrometheusSourceOptions,
  asked: { atMs: number; rangeMs: number },
  signal: AbortSignal,
): Promise<Record<Arm, QueryAnswer[]>> {
  const askArm = (arm: Arm): Promise<QueryAnswer[]> =>
    Promise.all(
      armQueries(options, arm).map(async ({ role, kind, selector }) => ({
        role,
        kind,
        series: await askRawSeries(options, { selector, ...asked }, signal),
      })),
    );
  const [baseline, canary] = await Promise.all([askArm('baseline'), askArm('canary')]);
  return { baseline: mergeRoles(baseline), canary: mergeRoles(canary) };
}

/** Several selectors of one role are one answer, in which each series stands once. */
function mergeRoles(answers: readonly QueryAnswer[]): QueryAnswer[] {
  const merged = new Map<string, QueryAnswer>();
  for (const answer of answers) {
    const known = merged.get(answer.role);
    const seen = new Set(known?.series.map(({ key }) => key));
    const series = [...(known?.series ?? []), ...answer.series.filter(({ key }) => !seen.has(key))];
    merged.set(answer.role, { ...answer, series });
  }
  return [...merged.values()];
}

function closeWindows(
  { everyMs }: PrometheusSourceOptions,
  { ledgers, fromMs, atMs }: { ledgers: Ledgers; fromMs: number; atMs: number },
): SampledWindow[] {
  const windows: SampledWindow[] = [];
  while (ledgers.baseline.isClosable(atMs) && ledgers.canary.isClosable(atMs)) {
    const told = { baseline: ledgers.baseline.close(), canary: ledgers.canary.close() };
    const atFromMs = fromMs + windows.length * everyMs;
    const scraped = arms.every((arm) => ledgers[arm].hasSamplesBefore(atFromMs));
    windows.push({ fromMs: atFromMs, arms: scraped ? withoutScrapes(told) : told });
  }
  return windows;
}

/** One arm without samples is gone; when both fall silent at once it is the scraping that stopped, and that tells nothing of them. */
function withoutScrapes(told: Record<Arm, ArmWindow>): Record<Arm, ArmWindow> {
  const lost: ArmWindow = { status: 'error', reason: 'nothing was scraped of either revision' };
  return arms.every((arm) => told[arm].status === 'no_data') ? { baseline: lost, canary: lost } : told;
}
