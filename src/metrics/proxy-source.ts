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
import { cellMs, type InstanceEvent, type TrafficFeed, type TrafficFrame } from '../model/traffic.ts';
import { createCellStore } from './cell-store.ts';
import { createEventQueue } from './event-queue.ts';
import { followFeed } from './follow-feed.ts';
import { createLossLog } from './loss-log.ts';
import { type CellReading, measureCells, readLatency } from './measure-cells.ts';

export type ProxySourceOptions = {
  feed: TrafficFeed;
  clock: Clock;
  /** The proxy ends every request's count when it has been open for this long. */
  requestTimeoutMs: number;
};

const keepMs = 15 * 60_000;
/** How far before `start` the first cells lie: covers a producer whose clock is behind by seconds. */
const lookBackMs = 60_000;

/** Requests of users as the embedded proxy counts them, streamed; survives breaks of the stream and repeats nothing. */
export function createProxySource(options: ProxySourceOptions): MetricSource {
  return new ProxySource(options);
}

class ProxySource implements MetricSource {
  readonly kind = 'proxy';
  readonly traits: SourceTraits = {
    windowMs: cellMs,
    countedBy: 'arrival',
    settleMs: 0,
    latency: 'fine',
    events: [],
  };
  readonly #options: ProxySourceOptions;
  #arms: Readonly<Record<Arm, string | null>> = { baseline: null, canary: null };
  #started = false;
  #startedAt: number;
  #heardAt: number;
  #knownUntilMs: number | null = null;
  #brokenBecause: string | null = null;
  #events = createEventQueue();
  #store;
  /** Of both arms alike: what a producer has lost it cannot tell by revision. */
  readonly #losses = createLossLog();

  constructor(options: ProxySourceOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#heardAt = this.#startedAt;
    this.#store = createCellStore(keepMs + options.requestTimeoutMs, 0);
  }

  async start(arms: Readonly<Record<Arm, string | null>>, signal: AbortSignal): Promise<void> {
    if (this.#started) throw new DeployError('INTERNAL', { reason: 'a metrics source can be started only once' });
    const { clock, feed, requestTimeoutMs } = this.#options;
    this.#started = true;
    this.#arms = { ...arms };
    const beginMs = Math.floor((clock.now() - lookBackMs) / cellMs) * cellMs;
    this.#store = createCellStore(keepMs + requestTimeoutMs, beginMs);
    this.#startedAt = clock.monotonic();
    this.#heardAt = this.#startedAt;
    // Ends with the signal and never rejects; nobody waits for it.
    void followFeed({
      feed,
      clock,
      signal,
      sinceMs: () => this.#sinceMs(beginMs),
      onFrame: (frame) => this.#take(frame),
      onBreak: (reason) => {
        this.#brokenBecause = reason;
      },
    });
  }

  knownUntilMs(): number | null {
    return this.#knownUntilMs;
  }

  silentForMs(): number {
    return this.#options.clock.monotonic() - this.#heardAt;
  }

  problem(): string | null {
    return this.#brokenBecause;
  }

  measure(query: MetricQuery, window: Window, arm: Arm): Measurement {
    return measureCells(this.#reading(), { query, window, revisionId: this.#arms[arm] });
  }

  latency(window: Window, arm: Arm, stratum: Stratum): LatencyReading | null {
    return readLatency(this.#reading(), { window, revisionId: this.#arms[arm], stratum });
  }

  takeInstanceEvents(): InstanceEvent[] {
    return this.#events.take();
  }

  #reading(): CellReading {
    return {
      store: this.#store,
      source: this.kind,
      knownUntilMs: this.#knownUntilMs,
      requestTimeoutMs: this.#options.requestTimeoutMs,
      whyNotKnown: this.#whyNotKnown(),
      assigned: ['user'],
      lostWithin: (window) => this.#losses.within('baseline', window),
    };
  }

  #take(frame: TrafficFrame): void {
    this.#heardAt = this.#options.clock.monotonic();
    this.#brokenBecause = null;
    // What happened to instances before the start belongs to nobody's run.
    if (this.#knownUntilMs === null) this.#events = createEventQueue(frame.nowMs - (this.#heardAt - this.#startedAt));
    const { baseline, canary } = this.#arms;
    for (const cell of frame.cells) {
      if (cell.revisionId === baseline || cell.revisionId === canary) this.#store.put(cell);
    }
    for (const { fromMs, toMs, reason } of frame.lost ?? [])
      for (let atMs = fromMs; atMs < toMs; atMs += cellMs) this.#losses.add('baseline', atMs, reason);
    for (const event of frame.instances) this.#events.add(event);
    // A clock that is set back must not make known windows unknown again.
    this.#knownUntilMs = Math.max(this.#knownUntilMs ?? Number.NEGATIVE_INFINITY, frame.nowMs - cellMs);
    this.#store.forget(frame.nowMs);
    this.#losses.forget(this.#store.keptFromMs);
  }

  /** Cells change until their requests have timed out, so a new connection begins that much earlier. */
  #sinceMs(beginMs: number): number {
    if (this.#knownUntilMs === null) return beginMs;
    return Math.max(this.#store.keptFromMs, this.#knownUntilMs - this.#options.requestTimeoutMs - cellMs);
  }

  #whyNotKnown(): string {
    if (this.#brokenBecause !== null) return `${this.#brokenBecause}; silent for ${Math.round(this.silentForMs())} ms`;
    return this.#knownUntilMs === null ? 'nothing has been heard yet' : 'the window is not completely known yet';
  }
}
