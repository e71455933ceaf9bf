import { z } from 'zod';
import { revisionSchema } from './revision.ts';
import { stepSchema } from './step.ts';
import { judgeSettingsSchema } from './verdict.ts';

/**
 * Everything that a person approves, and nothing that changes by itself: no pids, health, times.
 * `planId` is the SHA-256 (hex) of its RFC 8785 form.
 */
export const planContentSchema = z.strictObject({
  schema: z.literal(1),
  projectId: z.string(),
  service: z.string(),
  environment: z.string(),
  kind: z.enum(['rollout', 'rollback', 'rehearsal']),
  strategy: z.string(),
  revision: revisionSchema,
  /** What serves users now and is returned to; null on a first deploy, whose way back is "down". */
  stable: revisionSchema.nullable(),
  targetIdentity: z.string(),
  /** Token of the target as observed; the run starts only while it is still the same. */
  targetToken: z.string(),
  instances: z.number().int().positive(),
  /** Runs of this revision that were started here before: trying again is another plan, started and approved anew. */
  attempt: z.number().int().nonnegative(),
  /** Observed weights by revision id. */
  weights: z.record(z.string(), z.number()),
  steps: z.array(stepSchema).min(1),
  wayBack: z.array(stepSchema),
  judge: judgeSettingsSchema,
  migration: z.enum(['none', 'expand', 'contract', 'irreversible']),
  /** SHA-256 of the environment's resolved config. */
  configHash: z.string(),
  /** SHA-256 of gates, approval and freeze rules. */
  policyHash: z.string(),
  guidance: z.string().nullable(),
  /** What holds if this machine dies in the middle. */
  deadMan: z.string(),
});
export type PlanContent = z.infer<typeof planContentSchema>;

export const planSchema = z.strictObject({
  planId: z.string().regex(/^[0-9a-f]{64}$/),
  content: planContentSchema,
  createdAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  requester: z.string(),
  /** Approval that this environment asks for. */
  approval: z.enum(['none', 'client-dialog', 'terminal']),
  /** Things that a person should know before saying yes. */
  notes: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

export const approvalSchema = z.strictObject({
  planId: z.string(),
  environment: z.string(),
  scope: z.string().regex(/^(start|promote:.+|review:.+|gate:.+)$/),
  by: z.string(),
  /** How it was given; weaker ones are printed as "not forgery-proof". */
  how: z.enum(['none', 'client-dialog', 'terminal']),
  client: z.string().nullable(),
  nonce: z.string().min(16),
  givenAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
});
export type Approval = z.infer<typeof approvalSchema>;
