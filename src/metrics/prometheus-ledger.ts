import { type BucketCounts, bucketsOfCumulative } from './latency-buckets.ts';
import type { NativeHistogram, RawSeries } from './prometheus-client.ts';
import { fallsOf, type Increase, increasesOf, type QueryKind, type Track } from './prometheus-increases.ts';
import type { ArmWindow, ShareCounts } from './sampled-window.ts';

/** What one query of an arm brought. `role`: requests, failures, inFlight, latency, `events <name>` or `opportunities <name>`. */
export type QueryAnswer = { role: string; kind: QueryKind; series: readonly RawSeries[] };

export type LedgerOptions = {
  everyMs: number;
  /** Windows before this are not kept. */
  fromMs: number;
  countsRequests: boolean;
  /** Factor from the unit of latency edges to ms. */
  edgeToMs: number;
  hasInFlight: boolean;
  hasLatency: boolean;
  events: readonly string[];
};

type Open = {
  numbers: Map<string, number>;
  classic: Map<string, Map<number, number>>;
  native: Array<NativeHistogram['buckets']>;
  lost: string | null;
  hasSamples: boolean;
};

/** Scrapes further apart than this many intervals have others missing between them. */
const gapIntervals = 1.5;
/** A series without a sample for this many intervals has ended. */
const staleIntervals = 2.5;
const rememberMs = 15 * 60_000;

/**
 * Counts of one arm, window by window, from raw samples. Growth between two scrapes belongs to the window of the later
 * one. Resets are found in each series before anything is added up, nothing is extrapolated, and growth over missing
 * scrapes is given up together with its windows.
 */
export class PrometheusLedger {
  readonly #options: LedgerOptions;
  readonly #tracks = new Map<string, Track>();
  readonly #open = new Map<number, Open>();
  #openFromMs: number;
  /** Samples of what everything else is a part of. */
  #oldestMs = Number.POSITIVE_INFINITY;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** Arrivals that were counted too late, and failures that ended after their window: carried into the next. */
  #carry = { arrivals: 0, failures: 0 };

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#openFromMs = options.fromMs;
  }

  /** Takes in everything that is newer than what it has. `atMs`: until when Prometheus was asked. */
  take(answers: readonly QueryAnswer[], atMs: number): void {
    const scrapes = scrapesByTarget(answers);
    for (const answer of answers) {
      const restarts = this.#restartsIn(answer, answers);
      for (const series of answer.series) this.#takeSeries(answer, series, { scrapes, restarts });
    }
    for (const [key, track] of this.#tracks) if (track.atMs < atMs - rememberMs) this.#tracks.delete(key);
  }

  /** Whether nothing of the window that begins at `openFromMs` can come any more. */
  isClosable(atMs: number): boolean {
    const { everyMs } = this.#options;
    if (this.#openFromMs + everyMs > atMs) return false;
    for (const { atMs: lastMs } of this.#tracks.values()) {
      if (lastMs < this.#openFromMs && lastMs >= atMs - staleIntervals * everyMs) return false;
    }
    return true;
  }

  /** The oldest open window, for good. */
  close(): ArmWindow {
    const fromMs = this.#openFromMs;
    const open = this.#open.get(fromMs);
    this.#open.delete(fromMs);
    this.#openFromMs = fromMs + this.#options.everyMs;
    if (open?.lost) return { status: 'error', reason: open.lost };
    if (open?.hasSamples !== true) return { status: 'no_data', reason: this.#whyNothing(this.#openFromMs) };
    return this.#windowOf(open);
  }

  hasSamplesBefore(atMs: number): boolean {
    return this.#oldestMs < atMs;
  }

  #whyNothing(toMs: number): string {
    if (this.#newestMs === Number.NEGATIVE_INFINITY) return 'no series matches';
    const ageMs = toMs - this.#newestMs;
    return ageMs > 0 ? `the newest sample is ${(ageMs / 1000).toFixed(1)} s old` : 'there is no sample in this window';
  }

  /** Times at which a series' object began anew: for buckets the histogram, for a gauge its target. */
  #restartsIn(answer: QueryAnswer, answers: readonly QueryAnswer[]): ReadonlyMap<string, ReadonlySet<number>> {
    const restarts = new Map<string, Set<number>>();
    const note = (of: QueryAnswer, keyOf: (series: RawSeries) => string): void => {
      for (const series of of.series) {
        const falls = fallsOf(series, this.#tracks.get(`${of.role} ${series.key}`) ?? null);
        const known = restarts.get(keyOf(series)) ?? new Set<number>();
        for (const atMs of falls) known.add(atMs);
        restarts.set(keyOf(series), known);
      }
    };
    if (answer.kind === 'buckets') note(answer, groupOf);
    if (answer.kind === 'gauge') for (const one of answers) if (one.kind === 'counter') note(one, targetOf);
    return restarts;
  }

  #takeSeries(
    { role, kind }: QueryAnswer,
    series: RawSeries,
    seen: {
      scrapes: ReadonlyMap<string, readonly number[]>;
      restarts: ReadonlyMap<string, ReadonlySet<number>>;
    },
  ): void {
    const key = `${role} ${series.key}`;
    const gapMs = gapIntervals * this.#options.everyMs;
    const times = seen.scrapes.get(targetOf(series)) ?? [];
    const restarts = seen.restarts.get(kind === 'buckets' ? groupOf(series) : targetOf(series));
    const { increases, track } = increasesOf(series, this.#tracks.get(key) ?? null, {
      kind,
      gapMs,
      beganAtZero: (atMs) => times.some((at) => at < atMs && at >= atMs - gapMs),
      restartedAt: (atMs) => restarts?.has(atMs) === true,
    });
    if (track !== null) this.#tracks.set(key, track);
    for (const increase of increases) this.#add(role, series, increase);
  }

  #add(role: string, series: RawSeries, increase: Increase): void {
    const open = this.#openAt(increase.atMs);
    if (this.#isWhole(role)) {
      open.hasSamples = true;
      this.#oldestMs = Math.min(this.#oldestMs, increase.atMs);
      this.#newestMs = Math.max(this.#newestMs, increase.atMs);
    }
    if (increase.kind === 'lost') this.#lose(increase);
    else if (increase.kind === 'native') open.native.push(increase.by);
    else if (increase.kind === 'number' && role === 'latency') {
      const le = Number((series.labels['le'] ?? 'NaN').replace('+Inf', 'Infinity'));
      const cumulative = cumulativeOf(open.classic, groupOf(series));
      cumulative.set(le, (cumulative.get(le) ?? 0) + increase.by);
    } else if (increase.kind === 'number') open.numbers.set(role, (open.numbers.get(role) ?? 0) + increase.by);
  }

  #isWhole(role: string): boolean {
    return this.#options.countsRequests ? role === 'requests' : role.startsWith('opportunities ');
  }

  #lose({ sinceMs, atMs, reason }: { sinceMs: number; atMs: number; reason: string }): void {
    const { everyMs } = this.#options;
    const firstMs = sinceMs === atMs ? atMs : Math.floor(sinceMs / everyMs) * everyMs + everyMs;
    for (let at = Math.max(firstMs, this.#openFromMs); Math.floor(at / everyMs) * everyMs <= atMs; at += everyMs)
      this.#openAt(at).lost ??= reason;
  }

  /** What came in too late for its own window is counted in the oldest that is still open. */
  #openAt(atMs: number): Open {
    const { everyMs } = this.#options;
    const fromMs = Math.max(Math.floor(atMs / everyMs) * everyMs, this.#openFromMs);
    const known = this.#open.get(fromMs);
    if (known !== undefined) return known;
    const fresh: Open = { numbers: new Map(), classic: new Map(), native: [], lost: null, hasSamples: false };
    this.#open.set(fromMs, fresh);
    return fresh;
  }

  #windowOf(open: Open): ArmWindow {
    const { countsRequests, events } = this.#options;
    const number = (role: string): number => open.numbers.get(role) ?? 0;
    const requests = countsRequests ? this.#requestsOf(number) : null;
    const counted = new Map<string, ShareCounts>();
    for (const name of events)
      counted.set(name, {
        samples: Math.round(number(`opportunities ${name}`)),
        failures: Math.round(number(`events ${name}`)),
      });
    // Events may follow opportunities of an earlier window; failures are among the requests that ended with them.
    if (requests !== null && requests.failures > requests.samples)
      return {
        status: 'error',
        reason: `${requests.failures} of ${requests.samples} contradict each other: the first selector matches more than the second`,
      };
    return { status: 'known', requests, latency: this.#latencyOf(open), events: counted };
  }

  #requestsOf(number: (role: string) => number): ShareCounts {
    const completed = number('requests');
    const failed = number('failures');
    if (!this.#options.hasInFlight) return { samples: Math.round(completed), failures: Math.round(failed) };
    const arrivals = completed + number('inFlight') + this.#carry.arrivals;
    const samples = Math.max(0, Math.round(arrivals));
    const ended = failed + this.#carry.failures;
    const failures = Math.min(samples, Math.max(0, Math.round(ended)));
    this.#carry = { arrivals: arrivals - samples, failures: ended - failures };
    return { samples, failures };
  }

  #latencyOf(open: Open): BucketCounts | null {
    const { edgeToMs, hasLatency } = this.#options;
    if (!hasLatency || open.classic.size + open.native.length === 0) return null;
    const toMs = (edge: number): number =>
      Number.isFinite(edge) ? Math.max(0, Number((edge * edgeToMs).toPrecision(12))) : edge;
    const all: Array<BucketCounts[number]> = open.native.flatMap((buckets) =>
      buckets.map(({ lower, upper, count }) => ({ lowerMs: toMs(lower), upperMs: toMs(upper), count })),
    );
    for (const cumulative of open.classic.values()) {
      const buckets = bucketsOfCumulative(new Map([...cumulative].map(([le, count]) => [toMs(le), count])));
      if (buckets === null) return null;
      all.push(...buckets);
    }
    return all;
  }
}

function cumulativeOf(groups: Map<string, Map<number, number>>, group: string): Map<number, number> {
  const known = groups.get(group) ?? new Map<number, number>();
  groups.set(group, known);
  return known;
}

function scrapesByTarget(answers: readonly QueryAnswer[]): Map<string, number[]> {
  const times = new Map<string, Set<number>>();
  for (const { series } of answers) {
    for (const one of series) {
      const known = times.get(targetOf(one)) ?? new Set<number>();
      for (const [atMs] of one.values) known.add(atMs);
      for (const [atMs] of one.histograms) known.add(atMs);
      times.set(targetOf(one), known);
    }
  }
  return new Map([...times].map(([target, known]) => [target, [...known]]));
}

/** The process that was scraped. */
function targetOf({ labels }: RawSeries): string {
  return `${labels['job'] ?? ''} ${labels['instance'] ?? ''}`;
}

/** The histogram that a bucket belongs to. */
function groupOf({ labels }: RawSeries): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== 'le')
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
