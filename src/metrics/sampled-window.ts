import type { Arm } from '../model/metric-source.ts';
import type { BucketCounts } from './latency-buckets.ts';

/** `failures` of `samples`: failed requests of requests, or events of opportunities. */
export type ShareCounts = { samples: number; failures: number };

/** What is known of one arm in one window, for good. */
export type ArmWindow =
  | {
      status: 'known';
      /** Null where the source counts no requests (a source of business events only). */
      requests: ShareCounts | null;
      /** Null where latencies are not known in this window. */
      latency: BucketCounts | null;
      events: ReadonlyMap<string, ShareCounts>;
    }
  | { status: 'no_data'; reason: string }
  | { status: 'error'; reason: string };

/** One window [fromMs, fromMs + windowMs), Unix ms of the source's clock. Final: it is told once and never changes. */
export type SampledWindow = { fromMs: number; arms: Readonly<Record<Arm, ArmWindow>> };

/** What one reading of a source brought. */
export type Sampled = {
  /** Every window that ends by then has been told, or is lost for ever. */
  knownUntilMs: number | null;
  windows: readonly SampledWindow[];
  /** Why a part of the source did not answer; null when all of it did. */
  problem: string | null;
};

/** Asks a source for what is new. */
export type Sampler = {
  /** Ms from now until it is worth asking. */
  untilNextMs(): number;
  /** Throws when nothing could be read; the next call tries again. */
  sample(signal: AbortSignal): Promise<Sampled>;
};
