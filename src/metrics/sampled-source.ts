import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type {
  Arm,
  LatencyReading,
  Measurement,
  MetricQuery,
  MetricSource,
  SourceTraits,
  Stratum,
  Window,
} from '../model/metric-source.ts';
import type { InstanceEvent } from '../model/traffic.ts';
import { type BucketCounts, countSlower, mergeBuckets } from './latency-buckets.ts';
import type { ArmWindow, SampledWindow, Sampler, ShareCounts } from './sampled-window.ts';

export type SampledSourceOptions = {
  kind: string;
  traits: SourceTraits;
  sampler: Sampler;
  clock: Clock;
  /** Only where the source keeps history of its own. */
  countsOver?: NonNullable<MetricSource['countsOver']>;
};

const keepMs = 15 * 60_000;
const keepWindows = 40;

/**
 * A source that is read again and again in a loop of its own and answers `measure` from what it has kept. A reading that
 * fails is tried again; what it missed is made up for by the next one, or told as lost.
 */
export function createSampledSource(options: SampledSourceOptions): MetricSource {
  return new SampledSource(options);
}

class SampledSource implements MetricSource {
  readonly kind: string;
  readonly traits: SourceTraits;
  readonly countsOver?: NonNullable<MetricSource['countsOver']>;
  readonly #options: SampledSourceOptions;
  readonly #windows = new Map<number, SampledWindow>();
  #arms: Readonly<Record<Arm, string | null>> = { baseline: null, canary: null };
  #knownUntilMs: number | null = null;
  #heardAt: number;
  #problem: string | null = null;
  #started = false;

  constructor(options: SampledSourceOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.traits = options.traits;
    if (options.countsOver !== undefined) this.countsOver = options.countsOver;
    this.#heardAt = options.clock.monotonic();
  }

  async start(arms: Readonly<Record<Arm, string | null>>, signal: AbortSignal): Promise<void> {
    if (this.#started) throw new DeployError('INTERNAL', { reason: 'a metrics source can be started only once' });
    this.#started = true;
    this.#arms = { ...arms };
    this.#heardAt = this.#options.clock.monotonic();
    // Ends with the signal and never rejects; nobody waits for it.
    void this.#keepReading(signal);
  }

  knownUntilMs(): number | null {
    return this.#knownUntilMs;
  }

  silentForMs(): number {
    return this.#options.clock.monotonic() - this.#heardAt;
  }

  problem(): string | null {
    return this.#problem;
  }

  measure(query: MetricQuery, window: Window, arm: Arm): Measurement {
    const place = { window, source: this.kind };
    const obstacle = this.#obstacleTo(query) ?? this.#problemWith(window);
    if (obstacle !== null) return { status: 'error', ...place, reason: obstacle };
    if (this.#arms[arm] === null) return { status: 'no_data', ...place, reason: 'there is no revision in this arm' };
    if (query.kind === 'wrong_revision')
      return { status: 'no_data', ...place, reason: `${this.kind} does not see which version answered` };
    const told = this.#tellOf(window, arm);
    const lost = told.find((one) => one.status === 'error');
    if (lost?.status === 'error') return { status: 'error', ...place, reason: lost.reason };
    const known = told.filter((one) => one.status === 'known');
    if (query.kind === 'slower_than' && known.some(hasNoLatency))
      return { status: 'error', ...place, reason: 'latencies are not known in this window' };
    const { samples, failures } = this.#countsFor(query, known);
    if (samples > 0) {
      const counts = { value: failures / samples, samples, failures, open: 0 };
      return { status: 'measured', ...counts, failedUnits: null, newUnits: null, ...place };
    }
    const why = told.find((one) => one.status === 'no_data');
    return { status: 'no_data', ...place, reason: why?.status === 'no_data' ? why.reason : 'nothing was counted' };
  }

  latency(window: Window, arm: Arm, stratum: Stratum): LatencyReading | null {
    if (stratum !== 'user' || this.traits.latency === 'none' || this.#arms[arm] === null) return null;
    if (this.#problemWith(window) !== null) return null;
    const known = this.#tellOf(window, arm).filter((one) => one.status === 'known');
    // Latencies of a part of the requests are not those of all.
    if (known.some(hasNoLatency)) return null;
    return mergeBuckets(latenciesOf(known));
  }

  takeInstanceEvents(): InstanceEvent[] {
    return [];
  }

  async #keepReading(signal: AbortSignal): Promise<void> {
    const { sampler, clock } = this.#options;
    while (!signal.aborted) {
      if ((await clock.sleep(Math.max(1, sampler.untilNextMs()), signal)) === 'aborted') return;
      try {
        const { windows, knownUntilMs, problem } = await sampler.sample(signal);
        if (signal.aborted) return;
        for (const window of windows) this.#windows.set(window.fromMs, window);
        this.#knownUntilMs = knownUntilMs;
        this.#problem = problem;
        if (problem === null) this.#heardAt = clock.monotonic();
        this.#forget();
      } catch (thrown) {
        this.#problem = thrown instanceof Error ? thrown.message : String(thrown);
      }
    }
  }

  #forget(): void {
    const keptMs = Math.max(keepMs, keepWindows * this.traits.windowMs);
    const oldestMs = (this.#knownUntilMs ?? 0) - keptMs;
    for (const fromMs of this.#windows.keys()) if (fromMs < oldestMs) this.#windows.delete(fromMs);
  }

  /** Why this can never be told, or null. */
  #obstacleTo(query: MetricQuery): string | null {
    if (query.kind === 'events')
      return this.traits.events.includes(query.name) ? null : `${this.kind} does not count ${query.name}`;
    if (query.stratum !== 'user') return `${this.kind} does not tell synthetic requests apart`;
    if (query.kind !== 'slower_than') return null;
    if (this.traits.latency === 'none') return `${this.kind} has no latencies`;
    return query.aboveMs > 0 ? null : 'the latency limit must be above 0 ms';
  }

  /** Why the window cannot be answered for, or null. */
  #problemWith({ fromMs, toMs }: Window): string | null {
    const { windowMs } = this.traits;
    if (fromMs % windowMs !== 0 || toMs % windowMs !== 0 || !(toMs > fromMs))
      return `the window must be whole windows of ${windowMs} ms`;
    if (this.#knownUntilMs !== null && toMs <= this.#knownUntilMs)
      return this.#windows.has(fromMs) ? null : 'the window lies before what this source knows';
    if (this.#problem !== null) return `${this.#problem}; silent for ${Math.round(this.silentForMs())} ms`;
    return this.#knownUntilMs === null ? 'nothing has been heard yet' : 'the window is not completely known yet';
  }

  #tellOf({ fromMs, toMs }: Window, arm: Arm): ArmWindow[] {
    const told: ArmWindow[] = [];
    for (let atMs = fromMs; atMs < toMs; atMs += this.traits.windowMs) {
      const window = this.#windows.get(atMs);
      told.push(window?.arms[arm] ?? { status: 'error', reason: 'the window was not read' });
    }
    return told;
  }

  #countsFor(query: MetricQuery, known: readonly KnownWindow[]): ShareCounts {
    if (query.kind === 'slower_than') {
      const reading = mergeBuckets(latenciesOf(known));
      return reading === null ? { samples: 0, failures: 0 } : countSlower(reading, query.aboveMs);
    }
    const counted = known.map((one) => (query.kind === 'events' ? one.events.get(query.name) : one.requests));
    return counted.reduce<ShareCounts>(
      (sum, one) => ({ samples: sum.samples + (one?.samples ?? 0), failures: sum.failures + (one?.failures ?? 0) }),
      { samples: 0, failures: 0 },
    );
  }
}

type KnownWindow = Extract<ArmWindow, { status: 'known' }>;

function hasNoLatency({ requests, latency }: KnownWindow): boolean {
  return latency === null && (requests?.samples ?? 0) > 0;
}

function latenciesOf(known: readonly KnownWindow[]): BucketCounts[] {
  return known.flatMap(({ latency }) => (latency === null ? [] : [latency]));
}
