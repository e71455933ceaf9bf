import type { NativeHistogram, RawSeries } from './prometheus-client.ts';

export type QueryKind = 'counter' | 'gauge' | 'buckets' | 'native';

/** What one series grew by between two scrapes. Counters: a number; native histograms: by bucket. */
export type Increase =
  | { atMs: number; kind: 'number'; by: number }
  | { atMs: number; kind: 'native'; by: NativeHistogram['buckets'] }
  /** A scrape that only shows where the series stands: there is nothing to compare it with. */
  | { atMs: number; kind: 'first' }
  /** Between these two scrapes others are missing, so nobody knows when the growth came about; or a sample is unusable. */
  | { atMs: number; kind: 'lost'; sinceMs: number; reason: string };

/** Where a series stood when it was last scraped. */
export type Track = { atMs: number; value: number | NativeHistogram };

export type IncreaseRules = {
  kind: QueryKind;
  /** Scrapes further apart than this have others missing between them. */
  gapMs: number;
  /** A process that was scraped before began this series at 0. */
  beganAtZero(atMs: number): boolean;
  /** The whole object this series belongs to began anew at this scrape. */
  restartedAt(atMs: number): boolean;
};

/** Growth of a series over the samples that are newer than `track`, and where it stands after them. Pure. */
export function increasesOf(
  series: RawSeries,
  track: Track | null,
  rules: IncreaseRules,
): { increases: Increase[]; track: Track | null } {
  const samples = rules.kind === 'native' ? series.histograms : series.values;
  const increases: Increase[] = [];
  let stand = track;
  for (const [atMs, value] of samples) {
    if (stand !== null && atMs <= stand.atMs) continue;
    const problem = problemWith(value, rules.kind);
    if (problem !== null) {
      increases.push({ atMs, kind: 'lost', sinceMs: atMs, reason: problem });
      continue;
    }
    increases.push(increaseAt({ atMs, value }, stand, rules));
    stand = { atMs, value };
  }
  return { increases, track: stand };
}

/** Times at which a counter fell: the process behind it began anew. Pure. */
export function fallsOf(series: RawSeries, track: Track | null): number[] {
  const falls: number[] = [];
  let last = typeof track?.value === 'number' ? track.value : null;
  for (const [atMs, value] of series.values) {
    if (track !== null && atMs <= track.atMs) continue;
    if (!Number.isFinite(value)) continue;
    if (last !== null && value < last) falls.push(atMs);
    last = value;
  }
  return falls;
}

function problemWith(value: number | NativeHistogram, kind: QueryKind): string | null {
  const number = typeof value === 'number' ? value : value.count;
  if (!Number.isFinite(number)) return `a sample is ${number}`;
  return kind !== 'gauge' && number < 0 ? `a counter is ${number}` : null;
}

function increaseAt(sample: Track, stand: Track | null, rules: IncreaseRules): Increase {
  const { atMs, value } = sample;
  if (stand === null) return rules.beganAtZero(atMs) ? grownFrom(null, sample) : { atMs, kind: 'first' };
  if (atMs - stand.atMs > rules.gapMs) {
    const reason = `nothing was scraped for ${((atMs - stand.atMs) / 1000).toFixed(1)} s`;
    return { atMs, kind: 'lost', sinceMs: stand.atMs, reason };
  }
  if (rules.restartedAt(atMs)) return grownFrom(null, sample);
  if (typeof value === 'number' && typeof stand.value === 'number') {
    const fell = rules.kind !== 'gauge' && value < stand.value;
    return grownFrom(fell ? null : stand, sample);
  }
  return grownFrom(stand, sample);
}

function grownFrom(before: Track | null, { atMs, value }: Track): Increase {
  if (typeof value === 'number') {
    return { atMs, kind: 'number', by: value - (typeof before?.value === 'number' ? before.value : 0) };
  }
  const earlier = before !== null && typeof before.value !== 'number' ? before.value : null;
  return { atMs, kind: 'native', by: nativeGrowth(earlier, value) };
}

/** A bucket that shrank or vanished means that the histogram began anew, or changed its resolution: then it counts from 0. */
function nativeGrowth(earlier: NativeHistogram | null, later: NativeHistogram): NativeHistogram['buckets'] {
  if (earlier === null || later.count < earlier.count) return later.buckets;
  const before = new Map(earlier.buckets.map(({ lower, upper, count }) => [`${lower} ${upper}`, count]));
  const grown = later.buckets.map((bucket) => {
    const key = `${bucket.lower} ${bucket.upper}`;
    const from = before.get(key) ?? 0;
    before.delete(key);
    return { ...bucket, count: bucket.count - from };
  });
  const vanished = [...before.values()].some((count) => count > 0);
  return vanished || grown.some(({ count }) => count < 0) ? later.buckets : grown;
}
