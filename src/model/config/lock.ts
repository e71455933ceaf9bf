import { z } from 'zod';
import { gitRefSchema } from '../vetted.ts';
import { durationFromTenSeconds } from './quantity.ts';

const remoteUrl =
  /^(?:https:\/\/|ssh:\/\/|file:\/\/\/|\/)[^\s@][^\s]*$|^ssh:\/\/[a-z0-9_-]+@[^\s]+$|^[a-z0-9_-]+@[a-z0-9][a-z0-9.-]*:[^\s]+$/i;

/** A second lock, between machines that drive the same target; the lock on this machine is always taken first. */
export const lockSchema = z.strictObject({
  kind: z.literal('git-ref'),
  remote: z
    .string()
    .refine(
      (text) => isRemoteName(text) || remoteUrl.test(text),
      'must be the name of a remote, such as origin, or an address: git@host:team/shop.git, ssh://, https://, or an absolute path',
    )
    .describe('Repository that all machines reach: a remote of this clone (ssh or https), or an address')
    .prefault('origin'),
  ref: z
    .string()
    .startsWith('refs/', 'must be a whole ref, such as refs/seatrial/locks/shop')
    .refine((text) => gitRefSchema.safeParse(text).success, 'is not a ref that git would take')
    .optional()
    .describe('Where it lies; refs/seatrial/locks/ and an id of the target when left out'),
  ttl: durationFromTenSeconds.describe('An owner that has not renewed it for this long may be followed').prefault('2m'),
});
export type LockSpec = z.output<typeof lockSchema>;

/** A name is looked up in the clone's configuration; everything else is an address. Pure. */
export function isRemoteName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(text);
}
