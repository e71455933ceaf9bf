import { z } from 'zod';
import { processIdentitySchema } from './process-identity.ts';

/** A program as whoever holds the dead-man starts it: whole arguments, no shell, nothing inherited. */
export const detachedProgramSchema = z.strictObject({
  argv: z.array(z.string()).min(1),
  cwd: z.string().startsWith('/'),
  env: z.record(z.string(), z.string()),
  logFile: z.string().startsWith('/'),
});
export type DetachedProgram = z.infer<typeof detachedProgramSchema>;

/** What a target does by itself once nobody is left who attends to a run. */
export const deadManOrderSchema = z.strictObject({
  runId: z.string().min(1),
  /** Fencing token of the run's owner; an older one can neither arm, nor renew, nor disarm. */
  fence: z.number().int().nonnegative(),
  candidateId: z.string(),
  /** Where users return to; null on a first deploy, which then serves nobody. */
  stableId: z.string().nullable(),
  /** Instances of the stable revision that are needed to carry everybody. */
  instances: z.number().int().positive(),
  /** `freeze`: the migration cannot be undone by going back, so users stay where they are. */
  does: z.enum(['roll_back', 'freeze']),
  /** For so long one renewal is good, ms. */
  holdMs: z.number().int().positive(),
  /** Supervisor and watchdog: when all of them are gone nobody will renew any more. */
  owners: z.array(processIdentitySchema).min(1),
  /** Sees to it that the run's record gets closed; started once users have been moved. */
  wake: detachedProgramSchema,
  /** Makes another program that routes the users follow; used where the holder does not route them itself. */
  reroute: detachedProgramSchema,
});
export type DeadManOrder = z.infer<typeof deadManOrderSchema>;

export const deadManFiredSchema = z.strictObject({
  runId: z.string(),
  fence: z.number().int(),
  candidateId: z.string(),
  /** Unix ms. */
  atMs: z.number().int(),
  /** Why, in one sentence. */
  reason: z.string().max(500),
  /** `waiting`: too few instances of the stable revision are ready, they are being started. `nothing`: nobody was on the candidate, or it was stable already. */
  did: z.enum(['waiting', 'rolled_back', 'frozen', 'nothing']),
});
export type DeadManFired = z.infer<typeof deadManFiredSchema>;

/** What the holder says of itself. */
export const deadManReadingSchema = z.strictObject({
  armed: deadManOrderSchema.pick({ runId: true, fence: true, holdMs: true, owners: true }).nullable(),
  /** The last time that it fired, also of an earlier run; null when it never has. */
  fired: deadManFiredSchema.nullable(),
});
export type DeadManReading = z.infer<typeof deadManReadingSchema>;
