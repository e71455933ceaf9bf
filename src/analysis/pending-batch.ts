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
  /** Overdispersion that counts are divided by where clients cannot be told apart, at least 1; 1 where they can. */
  divisor: z.number().min(1),
  /** What safety divides by: the same, but quick to believe that failures come in clusters. At least 1. */
  safeDivisor: z.number().min(1),
  /** Clients cannot be told apart: the batch lasts at least a second, and may add at most this to ln evidence. Null otherwise. */
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
  'weightChanged' | 'theta0' | 'divisor' | 'safeDivisor' | 'lnCap' | 'shortestMs'
>;

type Counts = JudgedWindow['canary'];
export type CountsPair = Record<'canary' | 'baseline', Counts>;

/**
 * A batch in which neither arm has so many requests waits until it is `smallBatchMs` long: how many of a few fall on which arm
 * is chance, and a comparison by the smaller one wastes the rest (at equal weights and 100 requests a second a tenth).
 */
const enoughRequests = 10;
const smallBatchMs = 250;

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
  const complete = !batch.concurrent || (canary.requests > 0 && baseline.requests > 0);
  const large = Math.max(canary.requests, baseline.requests) >= enoughRequests;
  const shortestMs = Math.max(batch.shortestMs, large || !batch.concurrent ? 0 : smallBatchMs);
  return complete && !batch.closed && joined.toMs - joined.fromMs >= shortestMs ? closeBatch(joined, delta) : joined;
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
 * Counts for the test of harm. Of requests that are open, those of the canary count as good and those of the baseline as
 * failed: the evidence is then at most what it will be when they have ended. Repeated failures of one client are left out,
 * of the failures and of the requests: a client who fails all the time is one failure, on whichever arm. Pure.
 */
export function leastHarmful(batch: PendingBatch): ArmPair {
  const { canary, baseline } = countsOfBatch(batch);
  const [one, other] = [withoutRepeats(canary), withoutRepeats(baseline)];
  return {
    canary: divide(one, batch.divisor),
    baseline: divide({ ...other, failures: other.failures + baseline.open }, batch.divisor),
  };
}

/**
 * Counts for the test of safety: every failure of the canary, those of the baseline without repeats. What is open counts as good
 * while it may still end so; what was lost while it was open counts as failed on the canary. Pure.
 */
export function everyFailure(batch: PendingBatch): ArmPair {
  const { canary, baseline } = countsOfBatch(batch);
  const lost = batch.canary.open;
  return {
    canary: divide({ requests: canary.requests, failures: canary.failures + lost }, batch.safeDivisor),
    baseline: divide(withoutRepeats(baseline), batch.safeDivisor),
  };
}

/**
 * Successful completions per routed request, for the test of a drop: what is open counts as a success of the canary and as
 * none of the baseline. Pure.
 */
export function leastThroughputHarm(batch: PendingBatch): Record<'canary' | 'baseline', EventCounts> {
  const { canary, baseline } = countsOfBatch(batch);
  return { canary: successes(canary, 0, batch.divisor), baseline: successes(baseline, baseline.open, batch.divisor) };
}

/** The same for the test that there is no drop: what was lost while it was open is no success of the canary. Pure. */
export function throughputOf(batch: PendingBatch): Record<'canary' | 'baseline', EventCounts> {
  const { canary, baseline } = countsOfBatch(batch);
  return {
    canary: successes(canary, batch.canary.open, batch.safeDivisor),
    baseline: successes(baseline, 0, batch.safeDivisor),
  };
}

function successes(counts: Counts, without: number, divisor: number): EventCounts {
  const { requests, failures } = withoutRepeats(counts);
  return { events: Math.max(0, requests - failures - without) / divisor, opportunities: requests / divisor };
}

function withoutRepeats({ requests, failures, failedUnits }: Counts): ArmPair['canary'] {
  if (failedUnits === null) return { requests, failures };
  return { requests: requests - (failures - failedUnits), failures: failedUnits };
}

function divide({ requests, failures }: ArmPair['canary'], divisor: number): ArmPair['canary'] {
  return { requests: requests / divisor, failures: Math.min(requests, failures) / divisor };
}

function addSettled(batch: PendingBatch, window: JudgedWindow): PendingBatch {
  const latency =
    window.latency === null
      ? batch.latency
      : {
          canary: mergeReadings(batch.latency?.canary ?? null, window.latency.canary),
          baseline: mergeReadings(batch.latency?.baseline ?? null, window.latency.baseline),
        };
  return {
    ...batch,
    canary: add(batch.canary, window.canary),
    baseline: add(batch.baseline, window.baseline),
    latency,
  };
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
