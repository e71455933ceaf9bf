import { setMaxListeners } from 'node:events';
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
import { cellMs, type InstanceEvent } from '../model/traffic.ts';
import { type HttpAnswer, type HttpRequest, httpRequest } from '../system/http.ts';
import { createCellStore } from './cell-store.ts';
import { createLossLog } from './loss-log.ts';
import { type CellReading, measureCells, readLatency } from './measure-cells.ts';
import { ProbeArm } from './probe-arm.ts';
import { runOpenLoop } from './run-open-loop.ts';

export type ProberSourceOptions = {
  /** Base URL that reaches only the stable revision; null while there is none. A throw makes the arm's windows an error. */
  baselineUrl: () => Promise<string | null>;
  /** The same for the new revision. */
  canaryUrl: () => Promise<string | null>;
  path: string;
  /** Probes per second to each arm. */
  ratePerSecond: number;
  timeoutMs: number;
  clock: Clock;
  send?: (request: HttpRequest) => Promise<HttpAnswer>;
  /** Header in which the service names its version, and what each arm must answer; null: not compared. */
  versionHeader?: { name: string; baseline: string | null; canary: string | null } | null;
  /** Probes of one arm that may be open at a time. */
  maxOpen?: number;
};

const keepMs = 15 * 60_000;

/**
 * Synthetic requests to both revisions for a service without traffic. Open loop: probes leave at fixed times whatever the
 * answers do, both arms at the same instants, and latency counts from the intended time. Every answer with status 400 or
 * more is a failure of its arm, as is none. A probe that could not be sent makes its window an error; it is never a failure
 * of the release. Probes are a stratum of their own.
 */
export function createProberSource(options: ProberSourceOptions): MetricSource {
  return new ProberSource(options);
}

class ProberSource implements MetricSource {
  readonly kind = 'prober';
  readonly traits: SourceTraits = {
    windowMs: cellMs,
    countedBy: 'arrival',
    settleMs: 0,
    latency: 'fine',
    events: [],
  };
  readonly #options: ProberSourceOptions;
  readonly #wallMs: number;
  readonly #store;
  readonly #losses = createLossLog();
  #arms: Readonly<Record<Arm, string | null>> = { baseline: null, canary: null };
  #probes: readonly ProbeArm[] = [];
  #firedUntilMs: number | null = null;
  #heardAt: number;
  #started = false;

  constructor(options: ProberSourceOptions) {
    const { clock, timeoutMs } = options;
    this.#options = options;
    this.#wallMs = clock.now() - clock.monotonic();
    this.#heardAt = clock.monotonic();
    this.#store = createCellStore(keepMs + timeoutMs, Math.ceil(clock.now() / cellMs) * cellMs);
  }

  async start(arms: Readonly<Record<Arm, string | null>>, outer: AbortSignal): Promise<void> {
    if (this.#started) throw new DeployError('INTERNAL', { reason: 'a metrics source can be started only once' });
    this.#started = true;
    this.#arms = { ...arms };
    const signal = widen(outer);
    this.#probes = [this.#createArm('baseline', signal), this.#createArm('canary', signal)];
    await Promise.all(this.#probes.map((arm) => arm.lookUp()));
    this.#heardAt = this.#options.clock.monotonic();
    // All of these end with the signal and never reject; nobody waits for them.
    for (const arm of this.#probes) void arm.keepLookingUp();
    void runOpenLoop({
      clock: this.#options.clock,
      nowMs: () => this.#nowMs(),
      signal,
      intervalMs: 1000 / this.#options.ratePerSecond,
      fire: (intendedMs) => {
        for (const arm of this.#probes) arm.fire(intendedMs);
      },
      skip: (intendedMs) => {
        for (const arm of this.#probes) arm.skip(intendedMs, 'the prober could not keep its times');
      },
      advance: (untilMs) => this.#advance(untilMs),
    });
  }

  knownUntilMs(): number | null {
    return this.#firedUntilMs === null ? null : Math.floor(this.#firedUntilMs) - cellMs;
  }

  silentForMs(): number {
    return this.#options.clock.monotonic() - this.#heardAt;
  }

  measure(query: MetricQuery, window: Window, arm: Arm): Measurement {
    const lost = this.#losses.within(arm, window);
    const place = { window, source: this.kind };
    if (query.kind !== 'events' && query.stratum !== 'probe')
      return { status: 'error', ...place, reason: 'the prober sees no requests of users' };
    if (lost !== null) return { status: 'error', ...place, reason: `probes could not be sent: ${lost}` };
    return measureCells(this.#reading(), { query, window, revisionId: this.#arms[arm] });
  }

  latency(window: Window, arm: Arm, stratum: Stratum): LatencyReading | null {
    if (stratum !== 'probe' || this.#losses.within(arm, window) !== null) return null;
    return readLatency(this.#reading(), { window, revisionId: this.#arms[arm], stratum });
  }

  takeInstanceEvents(): InstanceEvent[] {
    return [];
  }

  #reading(): CellReading {
    return {
      store: this.#store,
      source: this.kind,
      knownUntilMs: this.knownUntilMs(),
      requestTimeoutMs: this.#options.timeoutMs,
      whyNotKnown:
        this.#firedUntilMs === null ? 'no probe has been sent yet' : 'the window is not completely known yet',
      assigned: [],
    };
  }

  /** A clock that never jumps, so that each arrival has exactly one cell. */
  #nowMs(): number {
    return this.#wallMs + this.#options.clock.monotonic();
  }

  #advance(untilMs: number): void {
    this.#firedUntilMs = untilMs;
    this.#store.forget(untilMs);
    this.#losses.forget(this.#store.keptFromMs);
    if (this.#probes.every((arm) => arm.working)) this.#heardAt = this.#options.clock.monotonic();
  }

  #createArm(arm: Arm, signal: AbortSignal): ProbeArm {
    const { path, timeoutMs, clock, ratePerSecond, maxOpen, send, versionHeader, baselineUrl, canaryUrl } =
      this.#options;
    return new ProbeArm({
      arm,
      revisionId: this.#arms[arm],
      url: arm === 'baseline' ? baselineUrl : canaryUrl,
      expect: expectedHeader(versionHeader ?? null, arm),
      path,
      timeoutMs,
      maxOpen: maxOpen ?? Math.min(512, Math.ceil((ratePerSecond * timeoutMs) / 1000) * 2 + 8),
      send: send ?? httpRequest,
      store: this.#store,
      losses: this.#losses,
      nowMs: () => this.#nowMs(),
      clock,
      signal,
    });
  }
}

/** Every open probe listens to the signal; their number is bounded by `maxOpen`, not by Node's warning at ten. */
function widen(outer: AbortSignal): AbortSignal {
  const inner = new AbortController();
  setMaxListeners(0, inner.signal);
  if (outer.aborted) inner.abort();
  outer.addEventListener('abort', () => inner.abort(), { once: true });
  return inner.signal;
}

function expectedHeader(
  header: NonNullable<ProberSourceOptions['versionHeader']> | null,
  arm: Arm,
): { name: string; value: string } | null {
  const value = header?.[arm] ?? null;
  return header === null || value === null ? null : { name: header.name.toLowerCase(), value };
}
