import type { LatencyReading } from './judged-window.ts';
import type { InstanceEvent } from './traffic.ts';

export type { LatencyReading } from './judged-window.ts';

/** Whose requests: the concurrent comparison group built from stable, or the new revision. */
export type Arm = 'baseline' | 'canary';

/** Half-open interval of time [fromMs, toMs), Unix ms of the source's clock. */
export type Window = { fromMs: number; toMs: number };

/** Requests of users and synthetic ones are never added up. */
export type Stratum = 'user' | 'probe';

/**
 * One figure of one arm over one window. Three different things, never mixed:
 * a number with the size of its sample, no data, and a source that could not be asked.
 */
export type Measurement =
  | {
      status: 'measured';
      /** `failures / samples`, a ratio 0–1, for counts; the figure itself otherwise. */
      value: number;
      /** Requests behind it (for `events`: opportunities). */
      samples: number;
      /** How many of the samples failed (for `events`: how many of what is counted came about). */
      failures: number;
      /** Samples that have not ended yet and may still fail; 0 where the source counts requests when they end. */
      open: number;
      /** Failures with repetitions of one client taken out; null where the source cannot tell clients apart. */
      failedUnits: number | null;
      /** Assignment units drawn in the window; null where the source does not see assignments. */
      newUnits: number | null;
      window: Window;
      source: string;
    }
  | { status: 'no_data'; window: Window; source: string; reason: string }
  | { status: 'error'; window: Window; source: string; reason: string };

export type MetricQuery =
  /** Requests and failures, as far as known now; ask again while `open` is above 0. */
  | { kind: 'requests'; stratum: Stratum }
  /** Requests slower than `aboveMs` among those ended. */
  | { kind: 'slower_than'; aboveMs: number; stratum: Stratum }
  /** Answers that named another version than they should. */
  | { kind: 'wrong_revision'; stratum: Stratum }
  /** A counted event of the configuration, such as orders among visits. */
  | { kind: 'events'; name: string };

/** What a source can tell; part of what a plan is checked against. */
export type SourceTraits = {
  /** Length of its windows in ms; they begin at multiples of it. */
  windowMs: number;
  /**
   * `arrival`: a request belongs to the window in which it arrived, so that slow successes and fast failures are compared
   * fairly. `completion`: to the one in which it ended; the windows of `settleMs` after each change of weight say nothing then.
   */
  countedBy: 'arrival' | 'completion';
  settleMs: number;
  /** `fine`: log buckets of 2 %; `coarse`: edges of the exporter's choice; `none`: no latencies. */
  latency: 'fine' | 'coarse' | 'none';
  /** Names that `events` can be asked for. */
  events: readonly string[];
};

/** What a source can be asked about the past: all requests of users, whichever revision answered. */
export type PastQuery =
  /** Requests, and how many of them failed. */
  | { kind: 'requests' }
  /** Requests, and how many of them (as `failures`) were slower than `aboveMs`. */
  | { kind: 'slower_than'; aboveMs: number };

/** Where measurements come from. Every driver passes `test/conformance/metric-source.ts`. */
export interface MetricSource {
  readonly kind: string;
  readonly traits: SourceTraits;
  /** Begins to collect; ends when the signal fires. Must be called before `measure`. */
  start(arms: Readonly<Record<Arm, string | null>>, signal: AbortSignal): Promise<void>;
  /** The newest instant (Unix ms) up to which arrivals (or endings) are completely known, or null while nothing has been heard. */
  knownUntilMs(): number | null;
  /** Milliseconds since the source last answered, by the caller's clock. */
  silentForMs(): number;
  /** Why it does not answer now; null while it does. Absent where nothing is known of reasons. */
  problem?(): string | null;
  /**
   * Never throws. An `error` for a window that ends by `knownUntilMs()` is final: something was lost there and will not come
   * any more, so whoever waits for it waits for ever.
   */
  measure(query: MetricQuery, window: Window, arm: Arm): Measurement;
  /** Null where nothing is known of latencies in that window. */
  latency(window: Window, arm: Arm, stratum: Stratum): LatencyReading | null;
  /** Length in ms of the windows in which a counted event is told; `traits.windowMs` where this is absent. */
  eventWindowMs?(name: string): number;
  /** Instance events heard since the last call. */
  takeInstanceEvents(): InstanceEvent[];
  /**
   * Only on sources that keep history for hours and days: counts over any past window, of both arms together and of what
   * served before. Needs no `start`. Never throws: `no_data` where nothing was recorded, `error` where the source could not
   * be asked, both with the reason.
   */
  countsOver?(window: Window, query: PastQuery, signal: AbortSignal): Promise<Measurement>;
}
