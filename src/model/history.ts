import { z } from 'zod';
import { approvalHows } from './approval-level.ts';
import { outcomes } from './run-event.ts';

/**
 * What is kept of a run in the project's repository: one immutable file per run. Only enums, numbers, ids and dates;
 * nothing that a target said.
 */
export const historySchema = z.strictObject({
  v: z.literal(1),
  runId: z.string(),
  service: z.string(),
  environment: z.string(),
  kind: z.enum(['rollout', 'rollback', 'rehearsal']),
  strategy: z.string(),
  version: z.string(),
  commit: z.string().nullable(),
  fromVersion: z.string().nullable(),
  fromCommit: z.string().nullable(),
  outcome: z.enum(outcomes),
  trigger: z.string().nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  /** Start to end, ms. */
  durationMs: z.number().int().nonnegative(),
  /** First failed request of the candidate to the decision; null when not measured. */
  detectMs: z.number().nonnegative().nullable(),
  /** Decision to no canary traffic seen in the data plane; null when there was no rollback. */
  restoreMs: z.number().nonnegative().nullable(),
  heldMs: z.number().nonnegative(),
  maxWeightPercent: z.number(),
  requests: z.strictObject({ canary: z.number().int(), baseline: z.number().int() }),
  failedByRelease: z.number().nonnegative(),
  approval: z.enum(approvalHows),
  /** Commit time of the shipped commit, for lead time; null when there is no commit. */
  commitAt: z.iso.datetime().nullable(),
  /** What the release brought, by git: commits since the one that it replaced, and the middle one's time. */
  changes: z.strictObject({ commits: z.number().int().positive(), medianCommitAt: z.iso.datetime() }).optional(),
  verdicts: z.array(z.strictObject({ metric: z.string(), outcome: z.enum(['pass', 'fail', 'inconclusive']) })),
  checks: z.strictObject({
    passed: z.number().int(),
    failed: z.number().int(),
    skipped: z.number().int(),
    unknown: z.number().int(),
  }),
  /** Ids of catalogue pitfalls that their detectors found in the run. */
  pitfalls: z.array(z.string()),
  /** Ids of catalogue patterns that were followed. */
  patterns: z.array(z.string()),
  /** A recorded rehearsal of the rollback. */
  rehearsal: z.boolean(),
});
export type History = z.infer<typeof historySchema>;
