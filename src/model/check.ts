import { z } from 'zod';

export const checkStatus = ['passed', 'failed', 'skipped', 'unknown'] as const;

/** The answer to one question, with what was seen. `skipped` and `unknown` carry their reason and are never a pass. */
export const checkResultSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  category: z.string(),
  status: z.enum(checkStatus),
  /** False: shown, but does not stop a plan. */
  blocking: z.boolean(),
  /** What was seen or why it could not be. One line. */
  reason: z.string(),
  /** Facts behind it: enums, numbers, hashes, ids; excerpts ≤ 200 characters. */
  evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** What to do when it did not pass, or the line of config that enables it. */
  remedy: z.string().nullable(),
  durationMs: z.number().nonnegative(),
  /** Attempts that were needed; above 1 a pass is flaky. */
  attempts: z.number().int().positive(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

/** What a check's `run` returns; the runner adds id, title, time. */
export type CheckFinding = {
  status: (typeof checkStatus)[number];
  reason: string;
  evidence?: Record<string, string | number | boolean>;
  remedy?: string;
  attempts?: number;
};

/** One question asked before or after a change. One file each. */
export interface Check<Context> {
  id: string;
  title: string;
  category: string;
  /** Whether a failure (or an unknown) stops the plan. */
  blocking: boolean;
  /** Longest time for `run`, ms; the runner's own default when absent. */
  timeoutMs?: number;
  run(context: Context, signal: AbortSignal): Promise<CheckFinding>;
}
