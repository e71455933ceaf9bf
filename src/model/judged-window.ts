import { z } from 'zod';

/** Requests of one arm in one window, as far as known now. */
export const windowCountsSchema = z.strictObject({
  requests: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
  /** Not ended yet: may still fail, or not. */
  open: z.number().int().nonnegative(),
  /** Failures with repetitions of one client taken out; null where clients are not told apart. */
  failedUnits: z.number().int().nonnegative().nullable(),
  /** Assignment units drawn; null where they are not seen. */
  newUnits: z.number().int().nonnegative().nullable(),
});
export type WindowCounts = z.infer<typeof windowCountsSchema>;

/** Latencies of one arm over one window. */
export const latencyReadingSchema = z.strictObject({
  /** Upper edges in ms, ascending: bucket i holds (edges[i−1], edges[i]], bucket `edges.length` what is above the last. */
  edgesMs: z.array(z.number().positive()).readonly(),
  /** Sparse: [bucket, count], ascending. */
  counts: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]).readonly()).readonly(),
  /** Requests of the window that have not ended and are in no bucket yet. */
  open: z.number().int().nonnegative(),
});
export type LatencyReading = z.infer<typeof latencyReadingSchema>;

/** What is known of one window of both arms. Handed to the judge again, with newer counts, until it is settled. */
export const judgedWindowSchema = z.strictObject({
  /** Unix ms, [fromMs, toMs) of arrivals. */
  fromMs: z.number(),
  toMs: z.number(),
  /** Nothing in it changes any more: every request has ended or timed out. */
  settled: z.boolean(),
  /** Both arms were meant to have users in it. */
  concurrent: z.boolean(),
  canary: windowCountsSchema,
  baseline: windowCountsSchema,
  /** Null where latencies are not known. */
  latency: z.strictObject({ canary: latencyReadingSchema, baseline: latencyReadingSchema }).nullable(),
});
export type JudgedWindow = z.infer<typeof judgedWindowSchema>;

/** One arm's share in a counted event: `events` of `opportunities`, such as orders of visits. */
export type EventCounts = { events: number; opportunities: number };

/** Counted events of one window, known completely. */
export type EventWindow = {
  metric: string;
  fromMs: number;
  toMs: number;
  canary: EventCounts;
  baseline: EventCounts;
};
