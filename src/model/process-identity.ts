import { z } from 'zod';

/** Names one process for ever: a pid alone is given to another process sooner or later. */
export const processIdentitySchema = z.strictObject({
  pid: z.number().int().positive(),
  /** When it began, in the words of the system; only compared. */
  start: z.string().min(1),
  /** Changes with every boot of the machine. */
  boot: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;
