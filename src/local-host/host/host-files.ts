import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';

/** Where a host keeps what; all of it below one folder that belongs to this user alone. */
export type HostFiles = {
  directory: string;
  spec: string;
  state: string;
  /** How many requests were open a moment ago. */
  open: string;
  /** Why the host could not start, for whoever tried to start it. */
  startError: string;
  logs: string;
  checkouts: string;
  controlSocket: string;
  /** Name of a lock that the kernel gives back when its owner dies, or null where there is none. */
  lockName: string | null;
};

export const startErrorSchema = z.strictObject({
  code: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});

/** Socket paths are limited to 107 bytes, hence the runtime folder and a short name. */
const longestSocketPath = 100;

/** Pure but for the values of the environment that are handed in. */
export function hostFiles(
  directory: string,
  runtimeDirectory: string | undefined = process.env['XDG_RUNTIME_DIR'],
): HostFiles {
  const user = process.getuid?.() ?? 0;
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  const inside = join(directory, 'control.sock');
  const elsewhere = runtimeDirectory?.startsWith('/') ? runtimeDirectory : `/tmp/seatrial-${user}`;
  return {
    directory,
    spec: join(directory, 'host.json'),
    state: join(directory, 'state.json'),
    open: join(directory, 'open-requests'),
    startError: join(directory, 'start-error.json'),
    logs: join(directory, 'logs'),
    checkouts: join(directory, 'checkouts'),
    controlSocket: Buffer.byteLength(inside) <= longestSocketPath ? inside : join(elsewhere, `seatrial-${name}.sock`),
    lockName: process.platform === 'linux' ? `\0seatrial-host-${user}-${name}` : null,
  };
}

/** Where an instance, or the commands that start it, write. Pure. */
export function instanceLogFile(logs: string, revisionId: string, id: string): string {
  return join(logs, revisionId, `${id}.log`);
}
