import { z } from 'zod';

const armLatencySchema = z.strictObject({
  /** One number a bucket, one more than there are edges: the last holds what is above the last edge. */
  counts: z.array(z.number().int().nonnegative()),
  /** Null where there was no request, or the quantile lies above the last edge. */
  p50Ms: z.number().nonnegative().nullable(),
  p95Ms: z.number().nonnegative().nullable(),
  p99Ms: z.number().nonnegative().nullable(),
});

/** Latencies of both revisions in the seconds in which the candidate had requests, put together over a whole run. */
export const latencySummarySchema = z.strictObject({
  stratum: z.enum(['user', 'probe']),
  /** Unix ms of the first and the last of those seconds. */
  fromMs: z.number().int(),
  toMs: z.number().int(),
  /** Upper edges in ms, ascending: bucket i holds (edges[i−1], edges[i]]. They are edges of the source: nothing is interpolated. */
  edgesMs: z.array(z.number().positive()).max(80),
  canary: armLatencySchema,
  baseline: armLatencySchema,
});
export type LatencySummary = z.infer<typeof latencySummarySchema>;
