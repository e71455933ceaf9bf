import { z } from 'zod';
import { checkResultSchema, checkStatus } from './check.ts';
import { latencySummarySchema } from './latency-summary.ts';
import { approvalSchema, planSchema } from './plan.ts';
import { stepSchema } from './step.ts';
import { instanceEventSchema } from './traffic.ts';
import { armCountsSchema, decisionSchema, verdictSchema } from './verdict.ts';

export const outcomes = ['succeeded', 'unverified', 'rolled_back', 'failed', 'aborted', 'rollback_failed'] as const;
export type Outcome = (typeof outcomes)[number];

const text = z.string().max(2000);
const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const failure = z.strictObject({ code: z.string(), message: text, remedy: text });
export const controlActions = ['pause', 'resume', 'promote', 'abort', 'rollback'] as const;
export type ControlAction = (typeof controlActions)[number];

/**
 * What a run can say of itself. The journal adds seq, time, owner generation, hash chain.
 * `counts` is written once a second without fsync; everything else is on disk before the run goes on.
 */
export const runEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('run_started'),
    data: z.strictObject({ plan: planSchema, requester: text, dryRun: z.literal(false) }),
  }),
  z.strictObject({
    type: z.literal('owner_acquired'),
    data: z.strictObject({ generation: z.number().int(), pid: z.number().int(), resumed: z.boolean() }),
  }),
  z.strictObject({ type: z.literal('approval_consumed'), data: approvalSchema }),
  z.strictObject({
    type: z.literal('preflight_completed'),
    data: z.strictObject({ checks: z.array(checkResultSchema), durationMs: z.number() }),
  }),
  /** A gate that blocked was overridden by people who broke the glass; their approvals are used up. */
  z.strictObject({
    type: z.literal('gate_overridden'),
    data: z.strictObject({
      gate: z.string(),
      title: z.string(),
      status: z.enum(checkStatus),
      /** What the gate had found. */
      finding: text,
      by: text,
      /** Why, in their words. */
      reason: text,
    }),
  }),
  z.strictObject({
    type: z.literal('step_started'),
    data: z.strictObject({
      step: stepSchema,
      attempt: z.number().int().positive(),
      phase: z.enum(['forward', 'back']),
    }),
  }),
  z.strictObject({
    type: z.literal('step_completed'),
    data: z.strictObject({ stepId: z.string(), phase: z.enum(['forward', 'back']), evidence: facts }),
  }),
  z.strictObject({
    type: z.literal('step_failed'),
    data: z.strictObject({ stepId: z.string(), phase: z.enum(['forward', 'back']), error: failure }),
  }),
  /** One second of both arms, as far as the verdict has taken them in. */
  z.strictObject({
    type: z.literal('counts'),
    data: z.strictObject({
      fromMs: z.number().int(),
      toMs: z.number().int(),
      stratum: z.enum(['user', 'probe']),
      weightPercent: z.number(),
      canary: armCountsSchema,
      baseline: armCountsSchema,
      p99CanaryMs: z.number().nullable(),
      p99BaselineMs: z.number().nullable(),
      lnHarm: z.number(),
      lnSafe: z.number(),
    }),
  }),
  z.strictObject({
    type: z.literal('verdict'),
    data: z.strictObject({ stepId: z.string().nullable(), verdict: verdictSchema }),
  }),
  z.strictObject({
    type: z.literal('decision'),
    data: z.strictObject({ stepId: z.string().nullable(), decision: decisionSchema }),
  }),
  /**
   * More users than the step gives, so that its evidence comes in time: written with `done: false` before the target is
   * asked, with `done: true` once the weight was read back.
   */
  z.strictObject({
    type: z.literal('weight_raised'),
    data: z.strictObject({
      stepId: z.string(),
      done: z.boolean(),
      fromPercent: z.number().min(0).max(100),
      weightPercent: z.number().min(0).max(100),
      expectedFailures: z.number().nonnegative(),
      reason: text,
    }),
  }),
  z.strictObject({ type: z.literal('instance'), data: instanceEventSchema }),
  z.strictObject({
    type: z.literal('smoke_completed'),
    data: z.strictObject({ on: z.enum(['candidate', 'environment', 'rollback']), checks: z.array(checkResultSchema) }),
  }),
  z.strictObject({
    type: z.literal('control'),
    data: z.strictObject({
      requestId: z.string(),
      action: z.enum(controlActions),
      by: text,
      reason: text.nullable(),
      accepted: z.boolean(),
      answer: text,
    }),
  }),
  z.strictObject({
    type: z.literal('held'),
    /** `trigger`: of the decision that holds; `person` for a pause; none at a gate of the plan, or in journals from before it was written down. */
    data: z.strictObject({ reason: text, gate: z.string().nullable(), trigger: z.string().nullable().optional() }),
  }),
  z.strictObject({ type: z.literal('resumed'), data: z.strictObject({ reason: text }) }),
  z.strictObject({ type: z.literal('frozen'), data: z.strictObject({ reason: text }) }),
  z.strictObject({
    type: z.literal('rollback_started'),
    data: z.strictObject({
      trigger: z.string(),
      reason: text,
      steps: z.array(stepSchema),
      detectedAtMs: z.number().int(),
    }),
  }),
  /** The data plane was seen to route nothing to the candidate. */
  z.strictObject({
    type: z.literal('traffic_restored'),
    data: z.strictObject({ afterMs: z.number().nonnegative(), reads: z.number().int() }),
  }),
  z.strictObject({
    type: z.literal('revision_verified'),
    data: z.strictObject({
      expected: z.string(),
      reads: z.number().int(),
      matching: z.number().int(),
      seen: z.record(z.string(), z.number().int()),
      ok: z.boolean(),
      reason: text,
    }),
  }),
  /** Once a run, when it is over. */
  z.strictObject({ type: z.literal('latency'), data: latencySummarySchema }),
  z.strictObject({
    type: z.literal('exposure'),
    data: z.strictObject({
      canary: armCountsSchema,
      baseline: armCountsSchema,
      /** Requests that failed beyond what the baseline's ratio explains, at least 0. */
      failedByRelease: z.number().nonnegative(),
      cut: z.number().int().nonnegative(),
    }),
  }),
  z.strictObject({
    type: z.literal('notified'),
    data: z.strictObject({ about: z.string(), channel: z.string(), ok: z.boolean(), reason: text }),
  }),
  /**
   * The dead-man rollback at the target: the intent before each act and what came of it. `fired` is what the target did
   * at `atMs` while nobody owned the run, written by whoever owned it next.
   */
  z.strictObject({
    type: z.literal('dead_man'),
    data: z.strictObject({
      what: z.enum(['arming', 'armed', 'disarming', 'disarmed', 'fired']),
      reason: text,
      atMs: z.number().int().nullable(),
    }),
  }),
  z.strictObject({ type: z.literal('warning'), data: z.strictObject({ code: z.string(), message: text }) }),
  z.strictObject({
    type: z.literal('run_ended'),
    data: z.strictObject({ outcome: z.enum(outcomes), reason: text, error: failure.nullable() }),
  }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;
export type RunEventType = RunEvent['type'];

/** One line of a journal. */
export const journalLineSchema = z.strictObject({
  v: z.literal(1),
  seq: z.number().int().nonnegative(),
  /** `sum` of the line before; 64 zeros on the first. */
  prev: z.string(),
  run: z.string(),
  /** Generation of the lock owner that wrote it: the fencing token. */
  gen: z.number().int().nonnegative(),
  /** Unix ms. */
  ts: z.number().int(),
  /** Monotonic ms of the writer, meaningful within the same `boot` and writer. */
  mono: z.number(),
  boot: z.string(),
  type: z.string(),
  step: z.string().nullable(),
  /** Idempotency key of the act that the line speaks of, or null. */
  idem: z.string().nullable(),
  data: z.unknown(),
  /** SHA-256 (hex) of the canonical JSON of all other fields. */
  sum: z.string(),
});
export type JournalLine = z.infer<typeof journalLineSchema>;

/** An event with its place in the journal. `seq` is the event id that reports and reviews cite. */
export type RecordedEvent = RunEvent & { seq: number; atMs: number; gen: number };
