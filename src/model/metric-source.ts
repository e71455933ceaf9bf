import type { InstanceEvent } from './traffic.ts';

/** Whose requests: the concurrent comparison group built from stable, or the new revision. */
export type Arm = 'baseline' | 'canary';

/** Half-open interval of arrival times [fromMs, toMs), Unix ms of the source's clock. */
export type Window = { fromMs: number; toMs: number };

/**
 * One figure of one arm over one window. Three different things, never mixed:
 * a number with the size of its sample, no data, and a source that could not be asked.
 */
export type Measurement =
  | {
      status: 'measured';
      /** `failures / samples`, a ratio 0–1, for counts; the figure itself otherwise. */
      value: number;
      /** Requests behind it. */
      samples: number;
      /** For counts: how many of the samples failed. */
      failures: number;
      window: Window;
      source: string;
    }
  | { status: 'no_data'; window: Window; source: string; reason: string }
  | { status: 'error'; window: Window; source: string; reason: string };

export type MetricQuery =
  /** Failed requests among those that arrived in the window, judged when the youngest is `ageMs` old. */
  | { kind: 'errors'; ageMs: number; stratum: 'user' | 'probe' }
  /** Requests slower than `aboveMs` among those completed. */
  | { kind: 'slower_than'; aboveMs: number; stratum: 'user' | 'probe' }
  /** Answers that named another version than they should. */
  | { kind: 'wrong_revision'; stratum: 'user' | 'probe' };

/** Where measurements come from. Every driver passes `test/conformance/metric-source.ts`. */
export interface MetricSource {
  readonly kind: string;
  /** Begins to collect; ends when the signal fires. Must be called before `measure`. */
  start(arms: Readonly<Record<Arm, string | null>>, signal: AbortSignal): Promise<void>;
  /** The newest instant (Unix ms) up to which arrivals are completely known, or null while nothing has been heard. */
  knownUntilMs(): number | null;
  /** Milliseconds since the source last answered, by the caller's clock. */
  silentForMs(): number;
  /**
   * Never throws. An `error` for a window that ends (plus `ageMs` for `errors`) by `knownUntilMs()` is final: something was
   * lost there and will not come any more, so whoever waits for it waits for ever.
   */
  measure(query: MetricQuery, window: Window, arm: Arm): Measurement;
  /** Sparse latency histogram (bucket index → count) of an arm over a window. */
  latency(window: Window, arm: Arm, stratum: 'user' | 'probe'): ReadonlyArray<readonly [number, number]>;
  /** Instance events heard since the last call. */
  takeInstanceEvents(): InstanceEvent[];
}
