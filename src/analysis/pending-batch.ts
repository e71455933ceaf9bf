import { z } from 'zod';
import {
  type EventCounts,
  type JudgedWindow,
  judgedWindowSchema,
  latencyReadingSchema,
  windowCountsSchema,
} from '../model/judged-window.ts';
import { betOnHarm, harmBetSchema } from './error-rate-evidence.ts';
import { mergeReadings } from './merge-readings.ts';
import type { ArmPair } from './null-projection.ts';

/**
 * Windows that enter the evidence together, because alone they would not have requests of both arms. Everything that a
 * test bets on is fixed when the batch begins, before any of its outcomes counts.
 */
export const pendingBatchSchema = z.strictObject({
  /** Unix ms of arrivals. */
  fromMs: z.number(),
  toMs: z.number(),
  concurrent: z.boolean(),
  weightChanged: z.boolean(),
  /** No further window joins it. Depends on arrivals only, never on outcomes. */
  closed: z.boolean(),
  /** Baseline's failure ratio that the tests bet with, 0–1. */
  theta0: z.number(),
  /** Requests are divided by this: the mean size of a failing cluster times the overdispersion. At least 1. */
  divisor: z.number().min(1),
  /** Failing units are divided by this. At least 1. */
  unitDivisor: z.number().min(1),
  /** What safety divides by: the same, but quick to believe that failures come in clusters. At least 1. */
  safeDivisor: z.number().min(1),
  /** Clients cannot be told apart: the batch lasts a second, and may add at most this to ln evidence. Null otherwise. */
  lnCap: z.number().positive().nullable(),
  shortestMs: z.number().nonnegative(),
  /** Sums of the windows that are settled. */
  canary: windowCountsSchema,
  baseline: windowCountsSchema,
  latency: z.strictObject({ canary: latencyReadingSchema, baseline: latencyReadingSchema }).nullable(),
  /** Windows that are not settled, in order of arrival. */
  open: z.array(judgedWindowSchema),
  /** Set when the batch is closed. */
  bet: harmBetSchema.nullable(),
});
export type PendingBatch = z.infer<typeof pendingBatchSchema>;

/** What is fixed when a batch begins. */
export type BatchTerms = Pick<
  PendingBatch,
  'weightChanged' | 'theta0' | 'divisor' | 'unitDivisor' | 'safeDivisor' | 'lnCap' | 'shortestMs'
>;

/** Requests of each arm beyond the first, for each request that one failing cluster stands for above 1. */
const requestsPerCluster = 4;

type Counts = JudgedWindow['canary'];
export type CountsPair = Record<'canary' | 'baseline', Counts>;

const none: Counts = { requests: 0, failures: 0, open: 0, failedUnits: 0, newUnits: 0 };

/** A batch that begins with this window. Pure. */
export function beginBatch(window: JudgedWindow, fixed: BatchTerms, delta: number): PendingBatch {
  const { fromMs, toMs, concurrent } = window;
  const empty = { canary: none, baseline: none, latency: null, open: [], bet: null, closed: false };
  return joinBatch({ fromMs, toMs, concurrent, ...fixed, ...empty }, window, delta);
}

/** The batch with one more window, or with newer counts of one that it has. Pure. */
export function joinBatch(batch: PendingBatch, window: JudgedWindow, delta: number): PendingBatch {
  const open = [...batch.open.filter(({ fromMs }) => fromMs !== window.fromMs), ...(window.settled ? [] : [window])];
  open.sort((a, b) => a.fromMs - b.fromMs);
  const settled = window.settled ? addSettled(batch, window) : batch;
  const joined = { ...settled, toMs: Math.max(batch.toMs, window.toMs), open };
  const { canary, baseline } = countsOfBatch(joined);
  // A batch of less than a few clusters would cut off what it could say.
  const needed = 1 + requestsPerCluster * (batch.divisor - 1);
  const complete = !batch.concurrent || (canary.requests >= needed && baseline.requests >= needed);
  return complete && !batch.closed && joined.toMs - joined.fromMs >= batch.shortestMs
    ? closeBatch(joined, delta)
    : joined;
}

/** The batch as it is, however little it has: the next window belongs to another weight. Pure. */
export function closeBatch(batch: PendingBatch, delta: number): PendingBatch {
  const { canary, baseline } = countsOfBatch(batch);
  const bet = betOnHarm({ n0: baseline.requests, n1: canary.requests }, batch.theta0, delta);
  return { ...batch, closed: true, bet };
}

/** Everything that arrived in the batch, as far as known. Pure. */
export function countsOfBatch(batch: PendingBatch): CountsPair {
  return batch.open.reduce<CountsPair>(
    (sum, window) => ({ canary: add(sum.canary, window.canary), baseline: add(sum.baseline, window.baseline) }),
    { canary: batch.canary, baseline: batch.baseline },
  );
}

/**
 * Counts for the test of harm, deflated. Of requests that are open, those of the canary count as good and those of the
 * baseline as failed: the evidence is then at most what it will be when they have ended. Pure.
 *
 * Failures are counted as units and as shares of a cluster, and what is kinder to the canary holds: clusters of one arm alone
 * must not make harm out of single failures of the other.
 */
export function leastHarmful(batch: PendingBatch): ArmPair {
  const { canary, baseline } = countsOfBatch(batch);
  const { divisor, unitDivisor } = batch;
  const units = (counts: Counts): number => counts.failedUnits ?? counts.failures;
  const canaryFailures = Math.min(units(canary) / unitDivisor, canary.failures / divisor);
  const baselineFailures = Math.max(
    (units(baseline) + baseline.open) / unitDivisor,
    (baseline.failures + baseline.open) / divisor,
  );
  return {
    canary: deflate(canary.requests / divisor, canaryFailures),
    baseline: deflate(baseline.requests / divisor, baselineFailures),
  };
}

/**
 * Counts for the test of safety, deflated but with every failure: what is open counts as good. Only what is settled
 * certifies; with open requests this says no more than that nothing speaks against it yet. Pure.
 */
export function everyFailure(batch: PendingBatch): ArmPair {
  const { canary, baseline } = countsOfBatch(batch);
  const all = (counts: Counts): ArmPair['canary'] =>
    deflate(counts.requests / batch.safeDivisor, counts.failures / batch.safeDivisor);
  return { canary: all(canary), baseline: all(baseline) };
}

/**
 * Successful completions per routed request, deflated, for the test of a drop: what is open counts as a success of the
 * canary and as none of the baseline. Pure.
 */
export function leastThroughputHarm(batch: PendingBatch): Record<'canary' | 'baseline', EventCounts> {
  const { canary, baseline } = countsOfBatch(batch);
  const successes = (counts: Counts, open: number): EventCounts => ({
    events: (counts.requests - counts.failures - open) / batch.divisor,
    opportunities: counts.requests / batch.divisor,
  });
  return { canary: successes(canary, 0), baseline: successes(baseline, baseline.open) };
}

function deflate(requests: number, failures: number): ArmPair['canary'] {
  return { requests, failures: Math.min(requests, failures) };
}

function addSettled(batch: PendingBatch, window: JudgedWindow): PendingBatch {
  const latency =
    window.latency === null
      ? batch.latency
      : {
          canary: mergeReadings(batch.latency?.canary ?? null, window.latency.canary),
          baseline: mergeReadings(batch.latency?.baseline ?? null, window.latency.baseline),
        };
  const { canary, baseline } = {
    canary: add(batch.canary, window.canary),
    baseline: add(batch.baseline, window.baseline),
  };
  return { ...batch, canary, baseline, latency };
}

function add(a: Counts, b: Counts): Counts {
  const sum = (x: number | null, y: number | null): number | null => (x === null || y === null ? null : x + y);
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    open: a.open + b.open,
    failedUnits: sum(a.failedUnits, b.failedUnits),
    newUnits: sum(a.newUnits, b.newUnits),
  };
}
