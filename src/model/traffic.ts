import { z } from 'zod';

/**
 * Log-spaced latency buckets. The growth is the ninth root of 1.2, so that "20 % slower" is exactly nine buckets.
 * Bucket i holds latencies in (minMs·growth^(i−1), minMs·growth^i] ms; bucket 0 everything up to `minMs`,
 * the last one everything above.
 */
export const latencyBuckets = { growth: 1.2 ** (1 / 9), minMs: 0.1, count: 684 } as const;

/** Marks requests that are not a user's: of the prober, of checks and smoke tests. They are counted apart. */
export const probeHeader = 'x-seatrial-probe';

/** Length of one arrival cell in ms. */
export const cellMs = 125;

/**
 * What became of the requests that arrived at one revision within one cell. A request belongs to the cell in which it
 * arrived, not the one in which it ended. Numbers are totals so far: a later cell with the same key replaces the earlier.
 */
export const trafficCellSchema = z.strictObject({
  revisionId: z.string(),
  /** Requests of users and of the built-in prober are never added up. */
  stratum: z.enum(['user', 'probe']),
  /** Start of the cell: Unix ms of the producer's clock, a multiple of `cellMs`. */
  atMs: z.number().int(),
  arrivals: z.number().int().nonnegative(),
  /**
   * Of them, those that have ended, each exactly once: by a whole answer, a 5xx status, a connection error, a time-out, by
   * the client that went away, or by being cut off. Event streams and websockets end with their head, and what still
   * flows when the request time-out is over ends then. The others are open. Nothing but `completed` changes after the end.
   */
  ended: z.number().int().nonnegative(),
  /** Ended by a 5xx answer, a connection error or a time-out. */
  failed: z.number().int().nonnegative(),
  /**
   * Failures with repetitions taken out: those of one client within one minute of arrival count once, in the cell whose
   * failure was seen first. A client is an assignment cookie. Without one each request is drawn anew, so that a client's
   * failures fall on both revisions alike: each counts.
   */
  failedUnits: z.number().int().nonnegative(),
  /**
   * Assignment units that users' requests had drawn for this revision just then: what shows whether the router splits as it
   * was asked to. Another revision may have taken the request, when this one had no instance to give it to.
   */
  newUnits: z.number().int().nonnegative(),
  /** An answer of an instance was complete, whatever its status. */
  completed: z.number().int().nonnegative(),
  /** Answers whose version header named another version than the instance's revision. */
  mismatched: z.number().int().nonnegative(),
  /** Arrivals at an instance that was still warming up; they are left out of `latency` and of nothing else. */
  warming: z.number().int().nonnegative(),
  /**
   * Sparse histogram: bucket index → count. Holds every ended request that was not warming, exactly once, with the time
   * until its end, failures included; so arrivals − warming − sum(latency) requests are open and not warming. For those
   * that a client abandoned or that were cut off it is a lower bound of what the answer would have taken: left out, a
   * release that is slower than its users wait would look fast.
   */
  latency: z.array(z.tuple([z.number().int(), z.number().int()])),
});
export type TrafficCell = z.infer<typeof trafficCellSchema>;

/** The counts of a cell in which nothing happened. */
export const noRequests: Omit<TrafficCell, 'revisionId' | 'stratum' | 'atMs' | 'latency'> = {
  arrivals: 0,
  ended: 0,
  failed: 0,
  failedUnits: 0,
  newUnits: 0,
  completed: 0,
  mismatched: 0,
  warming: 0,
};

export const instanceEventSchema = z.strictObject({
  revisionId: z.string(),
  instanceId: z.string(),
  atMs: z.number().int(),
  what: z.enum(['started', 'ready', 'unhealthy', 'exited', 'oom', 'gave_up', 'stopped']),
  code: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** Last lines of the instance's log, cleaned and capped at 200 characters; from the service, so not to be trusted. */
  excerpt: z.string().max(200).nullable(),
});
export type InstanceEvent = z.infer<typeof instanceEventSchema>;

/** Time of which a producer does not know everything: nothing may be concluded from requests that arrived in it. */
export const lostSpanSchema = z.strictObject({
  fromMs: z.number().int(),
  toMs: z.number().int(),
  reason: z.string().max(300),
});
export type LostSpan = z.infer<typeof lostSpanSchema>;

/** One message of a feed. A frame comes at least every 250 ms even when nothing happened: silence means the feed is dead. */
export const trafficFrameSchema = z.strictObject({
  nowMs: z.number().int(),
  cells: z.array(trafficCellSchema),
  instances: z.array(instanceEventSchema),
  inFlight: z.array(z.strictObject({ revisionId: z.string(), count: z.number().int().nonnegative() })),
  /** Absent where nothing can be lost. */
  lost: z.array(lostSpanSchema).optional(),
});
export type TrafficFrame = z.infer<typeof trafficFrameSchema>;

/** A place that counts requests per revision and reports the life of its instances. */
export interface TrafficFeed {
  /** The producer has ended each request in its counts this long after it came, ms; the request time-out where absent. */
  readonly longestOpenMs?: number;
  /** Frames until `signal` fires; the iterator throws a DeployError when the producer is gone. Starts with cells not older than `sinceMs`. */
  frames(options: { sinceMs: number; signal: AbortSignal }): AsyncIterable<TrafficFrame>;
}

/** Bucket of a latency in ms. Pure. */
export function latencyBucketOf(latencyMs: number): number {
  if (!(latencyMs > latencyBuckets.minMs)) return 0;
  const index = Math.ceil(Math.log(latencyMs / latencyBuckets.minMs) / Math.log(latencyBuckets.growth) - 1e-9);
  return Math.min(latencyBuckets.count - 1, Math.max(0, index));
}

/** Upper edge in ms of a bucket; Infinity for the last. Pure. */
export function latencyBucketUpperMs(index: number): number {
  if (index >= latencyBuckets.count - 1) return Number.POSITIVE_INFINITY;
  return latencyBuckets.minMs * latencyBuckets.growth ** index;
}

/** Upper edges in ms of all buckets but the last, which is open. */
export const logLatencyEdgesMs: readonly number[] = Array.from({ length: latencyBuckets.count - 1 }, (_, index) =>
  latencyBucketUpperMs(index),
);
