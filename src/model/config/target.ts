import { z } from 'zod';
import { duration } from './quantity.ts';

export const argvSchema = z.array(z.string().min(1)).min(1).describe('A program and its arguments, one array element each; never a shell line');

/** Local processes behind seatrial's own proxy, on this machine. */
export const processTargetSchema = z.strictObject({
  kind: z.literal('process'),
  command: argvSchema.describe('Starts one instance; it must listen on 127.0.0.1 and the port in $PORT'),
  directory: z
    .string()
    .optional()
    .describe('Where a revision lies, with {version}: "releases/{version}". Without it the commit is checked out into a worktree of its own'),
  instances: z.number().int().min(1).max(64).describe('Instances of a revision').prefault(2),
  health: z
    .strictObject({
      path: z.string().startsWith('/').prefault('/health'),
      interval: duration.prefault('1s'),
      timeout: duration.prefault('2s'),
      successes: z.number().int().min(1).describe('Answers of 2xx in a row that make an instance ready').prefault(2),
      failures: z.number().int().min(1).describe('Failures in a row that make it unhealthy').prefault(3),
      startup: duration.describe('Longest time from start to ready').prefault('60s'),
      warmup: duration.describe('Time between ready and the first user').prefault('0s'),
    })
    .prefault({}),
  stop: duration.describe('Time between SIGTERM and SIGKILL').prefault('10s'),
  drain: duration.describe('Longest time for open requests to finish').prefault('30s'),
  streamDrain: duration.describe('Longest time for open websockets and event streams').prefault('5m'),
  requestTimeout: duration.describe('A request without an answer for this long has failed').prefault('30s'),
  restart: z
    .strictObject({
      initial: duration.prefault('500ms'),
      max: duration.prefault('30s'),
    })
    .describe('Back-off between restarts of a crashed instance')
    .prefault({}),
  cookie: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .describe('Cookie that keeps a user on one revision; issued when missing')
    .prefault('seatrial_unit'),
});
export type ProcessTargetSpec = z.output<typeof processTargetSchema>;

export const targetSchema = z.discriminatedUnion('kind', [processTargetSchema]);
export type TargetSpec = z.output<typeof targetSchema>;

export const revisionSpecSchema = z.strictObject({
  ref: z.string().includes('{version}').describe('Git ref of a version').prefault('v{version}'),
  prepare: z.array(argvSchema).describe('Run one after another in the checked-out directory, before the first instance').prefault([]),
  prepareTimeout: duration.prefault('10m'),
  env: z
    .strictObject({
      pass: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).describe('Variables handed on from the environment').prefault([]),
      file: z.string().optional().describe('KEY=value lines, relative to the project'),
      set: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).prefault({}),
    })
    .describe('Instances get PATH, HOME, LANG, TZ, PORT and what is named here; nothing else')
    .prefault({}),
  artifact: z
    .strictObject({ path: z.string().describe('with {version}'), sha256: z.string().describe('64 hex digits, or a file that holds them, with {version}') })
    .optional(),
  versionHeader: z
    .string()
    .optional()
    .describe('Header in which the service itself names its version; an answer with another one counts as wrong revision'),
});
export type RevisionSpec = z.output<typeof revisionSpecSchema>;
