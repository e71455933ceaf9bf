import { z } from 'zod';
import { approvalHows } from './approval-level.ts';
import { guidedSchema } from './guidance.ts';
import { revisionSchema } from './revision.ts';
import { stepSchema } from './step.ts';
import { judgeSettingsSchema } from './verdict.ts';

const at = z.string().describe('Place in the configuration');

/**
 * What the configuration lets seatrial do in the name of whoever approves: shown on the approval screen, so that nothing
 * that runs, is asked, or is handed on stands behind a hash alone.
 */
const authoritySchema = z.strictObject({
  programs: z.array(z.strictObject({ at, argv: z.array(z.string()).min(1) })),
  /** Addresses and sockets that are asked or told; of webhooks the origin alone, for their path is often a secret. */
  addresses: z.array(z.strictObject({ at, address: z.string() })),
  /** Names of variables and files of variables; values are never shown. */
  variables: z.array(z.strictObject({ at, name: z.string() })),
  /** Smoke tests and gates by name. */
  checks: z.array(z.strictObject({ at, name: z.string() })),
});
export type Authority = z.infer<typeof authoritySchema>;

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
  /** What guidance and answers changed; absent where there were none. */
  guided: guidedSchema.optional(),
  /** What holds if this machine dies in the middle. */
  deadMan: z.string(),
  /** Absent in plans from before the approval screen showed it. */
  authority: authoritySchema.optional(),
});
export type PlanContent = z.infer<typeof planContentSchema>;

export const planSchema = z.strictObject({
  planId: z.string().regex(/^[0-9a-f]{64}$/),
  content: planContentSchema,
  createdAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  requester: z.string(),
  /** Account of the machine under which the plan was asked for; absent in plans from before separation of duties. */
  account: z.string().optional(),
  /** Approval that this environment asks for. */
  approval: z.enum(approvalHows),
  /** Things that a person should know before saying yes. */
  notes: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;

/** What an approval allows: the start, going past one step of the run, closing its review, or one gate that blocks. */
export const approvalScopeSchema = z
  .string()
  .regex(/^(?:start|promote:[\w:.%-]{1,100}|review:[\w-]{1,100}|break-glass:[\w-]{1,64})$/);

export const approvalSchema = z.strictObject({
  planId: z.string(),
  environment: z.string(),
  scope: approvalScopeSchema,
  by: z.string(),
  /** How it was given; weaker ones are printed as "not forgery-proof". */
  how: z.enum(approvalHows),
  client: z.string().nullable(),
  nonce: z.string().min(16),
  givenAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  /** Why, in writing; needed to break the glass. */
  reason: z.string().max(1000).nullable().optional(),
  /** Whoever asked for the plan, as the approver was told. */
  requester: z.string().optional(),
  /** `how: signature`: made by ssh-keygen over the canonical approval document. */
  signature: z.strictObject({ armored: z.string().max(10_000), fingerprint: z.string() }).optional(),
  /** `how: protected`: what the protected environment answered. */
  proof: z.strictObject({ commit: z.string(), environment: z.string(), by: z.string() }).optional(),
});
export type Approval = z.infer<typeof approvalSchema>;
