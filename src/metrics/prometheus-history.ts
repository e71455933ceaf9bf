import type { Arm, Measurement, PastQuery, Window } from '../model/metric-source.ts';
import { arms } from './arm-revisions.ts';
import { type BucketCounts, bucketsOfCumulative, countSlower, mergeBuckets } from './latency-buckets.ts';
import { askSteps, type PrometheusAccess, type RawSeries } from './prometheus-client.ts';
import { type Increase, increasesOf, type QueryKind } from './prometheus-increases.ts';
import { pastSelector } from './prometheus-selectors.ts';
import type { ShareCounts } from './sampled-window.ts';

export type PrometheusPast = PrometheusAccess & {
  everyMs: number;
  queries: {
    requests: string | null;
    failures: readonly string[];
    latency: { histogram: string; unit: 's' | 'ms'; native: boolean } | null;
  };
  match: Readonly<Record<Arm, string | null>>;
};

/** Readings over a long window; a restart between two of them loses what was counted between the last one and it. */
const steps = 500;
/** Long windows take Prometheus longer than a look at the last seconds. */
const leastTimeoutMs = 10_000;

/** Counts of both arms and of what served before, over hours and days. Never throws. */
export async function prometheusCountsOver(
  past: PrometheusPast,
  asked: { window: Window; query: PastQuery },
  signal: AbortSignal,
): Promise<Measurement> {
  const { window, query } = asked;
  const place = { window, source: 'prometheus' };
  try {
    const counts =
      query.kind === 'requests'
        ? await pastRequests(past, window, signal)
        : await pastSlower(past, { window, aboveMs: query.aboveMs }, signal);
    if (counts === null || counts.samples === 0)
      return { status: 'no_data', ...place, reason: 'Prometheus has recorded nothing in this time' };
    const { samples, failures } = counts;
    const value = failures / samples;
    return { status: 'measured', ...place, value, samples, failures, open: 0, failedUnits: null, newUnits: null };
  } catch (thrown) {
    return { status: 'error', ...place, reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function pastRequests(past: PrometheusPast, window: Window, signal: AbortSignal): Promise<ShareCounts | null> {
  const { requests, failures } = past.queries;
  if (requests === null) return null;
  const [all, failed] = await Promise.all([
    askPast(past, { texts: [requests], suffix: '', window }, signal),
    askPast(past, { texts: failures, suffix: '', window }, signal),
  ]);
  // A series of failures begins with the first of them, at an instance that was there before.
  const present = presenceIn([...all, ...failed]);
  const grown = (series: readonly RawSeries[]): number =>
    Math.round(
      sumOf(series.flatMap((one) => pastIncreases(one, 'counter', { present, stepMs: stepOf(past, window) }))),
    );
  const samples = grown(all);
  return { samples, failures: Math.min(samples, grown(failed)) };
}

async function pastSlower(
  past: PrometheusPast,
  { window, aboveMs }: { window: Window; aboveMs: number },
  signal: AbortSignal,
): Promise<ShareCounts | null> {
  const { latency } = past.queries;
  if (latency === null) throw new Error('no histogram of request durations is configured');
  const toMs = latency.unit === 'ms' ? 1 : 1000;
  const kind = latency.native ? 'native' : 'buckets';
  const suffix = latency.native ? '' : '_bucket';
  const all = await askPast(past, { texts: [latency.histogram], suffix, window }, signal);
  const present = presenceIn(all);
  const found = all.map((series) => ({
    series,
    increases: pastIncreases(series, kind, { present, stepMs: stepOf(past, window) }),
  }));
  const reading = mergeBuckets(latency.native ? nativeBuckets(found, toMs) : classicBuckets(found, toMs));
  return reading === null ? null : countSlower(reading, aboveMs);
}

type Grown = { series: RawSeries; increases: Increase[] };

function stepOf({ everyMs }: PrometheusPast, { fromMs, toMs }: Window): number {
  return Math.max(everyMs, Math.ceil((toMs - fromMs) / steps));
}

/** Each series once, whichever selectors match it. */
async function askPast(
  past: PrometheusPast,
  asked: { texts: readonly string[]; suffix: string; window: Window },
  signal: AbortSignal,
): Promise<RawSeries[]> {
  const { texts, suffix, window } = asked;
  const selectors = texts.flatMap((text) => arms.map((arm) => pastSelector(text, past.match[arm], suffix)));
  const access = { ...past, timeoutMs: Math.max(past.timeoutMs, leastTimeoutMs) };
  const range = { ...window, stepMs: stepOf(past, window) };
  const answers = await Promise.all(
    [...new Set(selectors)].map((selector) => askSteps(access, { selector, ...range }, signal)),
  );
  return [...new Map(answers.flat().map((one) => [one.key, one])).values()];
}

/** Instances and the steps at which they were there. */
function presenceIn(all: readonly RawSeries[]): ReadonlySet<string> {
  return new Set(all.flatMap((one) => timesOf(one).map((atMs) => `${instanceOf(one)} ${atMs}`)));
}

function pastIncreases(
  series: RawSeries,
  kind: QueryKind,
  { present, stepMs }: { present: ReadonlySet<string>; stepMs: number },
): Increase[] {
  return increasesOf(series, null, {
    kind,
    // Over days there are always gaps, and the totals bridge them.
    gapMs: Number.POSITIVE_INFINITY,
    beganAtZero: (atMs) => present.has(`${instanceOf(series)} ${atMs - stepMs}`),
    restartedAt: () => false,
  }).increases;
}

function timesOf({ values, histograms }: RawSeries): number[] {
  return [...values.map(([atMs]) => atMs), ...histograms.map(([atMs]) => atMs)];
}

function instanceOf({ labels }: RawSeries): string {
  return `${labels['job'] ?? ''} ${labels['instance'] ?? ''}`;
}

function sumOf(increases: readonly Increase[]): number {
  return increases.reduce((sum, one) => sum + (one.kind === 'number' ? one.by : 0), 0);
}

function classicBuckets(found: readonly Grown[], toMs: number): BucketCounts[] {
  const groups = new Map<string, Map<number, number>>();
  for (const { series, increases } of found) {
    const { le, ...rest } = series.labels;
    const group = JSON.stringify(Object.entries(rest).sort());
    const cumulative = groups.get(group) ?? new Map<number, number>();
    cumulative.set(Number((le ?? 'NaN').replace('+Inf', 'Infinity')) * toMs, sumOf(increases));
    groups.set(group, cumulative);
  }
  return [...groups.values()].flatMap((cumulative) => {
    const buckets = bucketsOfCumulative(cumulative);
    return buckets === null ? [] : [buckets];
  });
}

function nativeBuckets(found: readonly Grown[], toMs: number): BucketCounts[] {
  return found.flatMap(({ increases }) =>
    increases.flatMap((one) =>
      one.kind === 'native'
        ? [
            one.by.map(({ lower, upper, count }) => ({
              lowerMs: Math.max(0, lower * toMs),
              upperMs: upper * toMs,
              count,
            })),
          ]
        : [],
    ),
  );
}
