import { z } from 'zod';

/**
 * A deploy, or the push of a release tag, that went around seatrial and was seen: one immutable file each beside the history of runs.
 * Only enums, numbers, ids and dates; never the command, in which secrets may stand.
 */
export const byHandSchema = z.strictObject({
  v: z.literal(1),
  /** Made of the call that was seen, so that the same call is recorded once. */
  id: z.string().regex(/^[0-9a-f]{24}$/),
  at: z.iso.datetime(),
  by: z.literal('agent'),
  deploys: z.array(
    z.strictObject({ rule: z.string().regex(/^[a-z-]{1,40}$/), kind: z.enum(['deploy', 'release-tag']) }),
  ),
  /** The run that was under way at that moment; null when there was none. */
  runId: z.string().nullable(),
});
export type ByHand = z.infer<typeof byHandSchema>;
