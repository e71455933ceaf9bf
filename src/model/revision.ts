import { z } from 'zod';

/** What is shipped. `id` names it on a target and in metrics: the version plus 12 hex digits of what was resolved. */
export const revisionSchema = z.strictObject({
  id: z.string().min(1),
  version: z.string().min(1),
  /** Full git object id of the commit, or null when the revision is a plain directory. */
  commit: z.string().nullable(),
  /** The ref that was resolved to `commit`, as configured (`v1.4.0`). */
  ref: z.string().nullable(),
  artifact: z.strictObject({ path: z.string(), sha256: z.string() }).nullable(),
});
export type Revision = z.infer<typeof revisionSchema>;
