import { z } from 'zod';
import { readColumns } from './read-columns.ts';

/** Connections from HAProxy to a server. The figures are read while other threads change them: exact only when nothing moves. */
export type ServerConnections = {
  backend: string;
  server: string;
  used: number;
  idle: number;
  /** Limit of idle connections: null for none. 0 means that no connection is ever used twice. */
  idleLimit: number | null;
};

const whole = z.string().regex(/^\d+$/).transform(Number);
const rowSchema = z.object({
  'bkname/svname': z.string().regex(/^[^/]+\/[^/]+$/),
  used_cur: whole,
  idle_lim: z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
  idle_cur: whole,
});

/** Rows of `show servers conn`. Pure. Throws TARGET_REFUSED. */
export function parseServersConn(answer: string): ServerConnections[] {
  // The last column counts per thread: `idle_per_thr[4]` heads four words, of which none is needed.
  return readColumns('show servers conn', answer.split('\n'), rowSchema).map((row) => {
    const [backend = '', server = ''] = row['bkname/svname'].split('/');
    const limit = row.idle_lim;
    return { backend, server, used: row.used_cur, idle: row.idle_cur, idleLimit: limit < 0 ? null : limit };
  });
}
