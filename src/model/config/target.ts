import { z } from 'zod';
import { argvSchema } from './argv-schema.ts';
import { templateSchema } from './argv-template.ts';
import { instanceCommandsSchema, oneWayToStart } from './instance-commands.ts';
import { duration, positiveDuration } from './quantity.ts';

/** A path inside the project. What it leads to is checked when it is used. */
export const projectPath = z
  .string()
  .min(1)
  .refine(
    (path) => !/^([/\\]|[A-Za-z]:)/.test(path) && !path.split(/[/\\]/).includes('..'),
    'must be relative to the project and stay inside it',
  );

/** A header's name as HTTP allows it. */
export const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a header name');

/** An environment variable's name. */
export const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable: letters, digits and underscores');

/** How instances are started on this machine and looked after, whoever routes users to them. */
const instanceFields = {
  command: argvSchema.optional().describe('Starts one instance; it must listen on 127.0.0.1 and the port in $PORT'),
  instanceCommands: instanceCommandsSchema.optional(),
  directory: z
    .string()
    .includes('{version}')
    .optional()
    .describe(
      'Where a revision lies, with {version}: "releases/{version}". Without it the commit is checked out into a worktree of its own',
    ),
  instances: z.number().int().min(1).max(64).describe('Instances of a revision').prefault(2),
  health: z
    .strictObject({
      path: z.string().startsWith('/').describe('Answers 2xx when the instance can serve').prefault('/health'),
      interval: positiveDuration.describe('Between two questions').prefault('1s'),
      timeout: positiveDuration.describe('No answer for this long is a failure').prefault('2s'),
      successes: z.number().int().min(1).describe('Answers of 2xx in a row that make an instance ready').prefault(2),
      failures: z.number().int().min(1).describe('Failures in a row that make it unhealthy').prefault(3),
      startup: positiveDuration.describe('Longest time from start to ready').prefault('60s'),
      warmup: duration.describe('Time between ready and the first user').prefault('0s'),
    })
    .prefault({}),
  stop: duration.describe('Time between SIGTERM and SIGKILL').prefault('10s'),
  drain: duration.describe('Longest time for open requests to finish').prefault('30s'),
  streamDrain: duration.describe('Longest time for open websockets and event streams').prefault('5m'),
  requestTimeout: positiveDuration.describe('A request without an answer for this long has failed').prefault('30s'),
  restart: z
    .strictObject({
      initial: positiveDuration.describe('Before the first restart; doubled each time').prefault('500ms'),
      max: positiveDuration.describe('Longest time between two restarts').prefault('30s'),
    })
    .describe('Back-off between restarts of a crashed instance')
    .prefault({}),
};
const instanceSchema = z.strictObject(instanceFields);
export type InstanceSpec = z.output<typeof instanceSchema>;

const cookie = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, _ and -')
  .describe('Cookie that keeps a user on one revision; issued when missing')
  .prefault('seatrial_unit');

/** Local processes behind seatrial's own proxy, on this machine. */
export const processTargetSchema = z
  .strictObject({
    kind: z.literal('process').describe('Local processes behind a proxy of seatrial, on this machine'),
    ...instanceFields,
    cookie,
  })
  .superRefine(oneWayToStart);
export type ProcessTargetSpec = z.output<typeof processTargetSchema>;

const enginePath = z.string().regex(/^\/[A-Za-z0-9_.:/-]{1,200}$/, 'must be an absolute path without blanks');
const engineName = z.string().regex(/^[A-Za-z0-9_.:-]{1,100}$/, 'must be a name as HAProxy allows it');

/** Instances of this machine behind a running HAProxy, which seatrial talks to over its runtime API. */
export const haproxyTargetSchema = z
  .strictObject({
    kind: z
      .literal('haproxy')
      .describe('Local processes behind a HAProxy that runs already; `seatrial init` prints what it needs'),
    ...instanceFields,
    cookie,
    socket: z
      .string()
      .regex(
        /^(\/[A-Za-z0-9_.:/-]{1,100}|(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\]):\d{1,5})$/,
        'must be an absolute path or a loopback address with its port: it is a door without a lock',
      )
      .describe('Stats socket of level admin: a path, or a loopback address and port'),
    slots: z
      .strictObject({ a: engineName, b: engineName })
      .refine(({ a, b }) => a !== b, 'must be two backends')
      .describe('The two backends that take turns at being stable'),
    places: z
      .number()
      .int()
      .min(1)
      .max(64)
      .describe('Servers that each slot has; the most instances of a revision')
      .prefault(8),
    splitMap: enginePath.describe('Map file with the split of users; seatrial writes it'),
    revisionsMap: enginePath.describe('Map file that says which revision a server is; seatrial writes it'),
    stateFile: enginePath.describe('What a reload restores; seatrial writes it'),
    configFile: enginePath
      .optional()
      .describe('haproxy.cfg, so that pre-flight can look for lines that no runtime answer shows'),
    requestLog: z
      .boolean()
      .describe(
        'HAProxy numbers and logs requests into memory, from where metrics.source proxy reads them: with latencies, and by arrival. Needs more lines in haproxy.cfg',
      )
      .prefault(false),
    onForeignChange: z
      .enum(['reapply', 'hold', 'abort'])
      .describe(
        'What a run does when somebody else has changed the split, a slot or a server: put it back, hold until it is undone or a person resumes, or go back; users are taken off a candidate in any case',
      )
      .prefault('reapply'),
  })
  .superRefine(oneWayToStart);
export type HaproxyTargetSpec = z.output<typeof haproxyTargetSchema>;

/** Values that every changing command can be given. */
export const commandValues = [
  'version',
  'revisionId',
  'commit',
  'ref',
  'stableVersion',
  'stableRevisionId',
  'stableCommit',
  'service',
  'environment',
  'way',
  'idempotencyKey',
  'fence',
  'deadlineMs',
] as const;

function changingCommand(what: string, values: readonly string[], timeout: string) {
  return z
    .strictObject({
      argv: templateSchema([...commandValues, ...values]),
      timeout: positiveDuration.describe('A call that takes longer is ended').prefault(timeout),
      output: z
        .enum(['json', 'text'])
        .describe('json: standard output is the documented object; text: only the exit code counts, then inspect')
        .prefault('json'),
    })
    .describe(what)
    .optional();
}

const targetCommandsSchema = z
  .strictObject({
    inspect: z
      .strictObject({
        argv: templateSchema(['service', 'environment']),
        timeout: positiveDuration.describe('A call that takes longer is ended').prefault('30s'),
      })
      .describe('Prints what is there; every change is read back with it, so that nothing is planned without it')
      .optional(),
    provision: changingCommand('Starts a revision without users, and waits until it is healthy', ['instances'], '5m'),
    set_weight: changingCommand('Gives a revision a share of the users', ['weight', 'stableWeight'], '30s'),
    cutover: changingCommand('Gives a revision all users at once', [], '30s'),
    drain: z
      .strictObject({
        argv: templateSchema([...commandValues, 'drainMs']),
        timeout: positiveDuration.describe('Beyond the time for draining').prefault('30s'),
      })
      .describe('Waits until a revision without users has finished its requests; prints how many were cut')
      .optional(),
    promote: changingCommand(
      'Makes a revision the stable one; where users cannot be moved by themselves, this brings them along',
      [],
      '5m',
    ),
    rollback: changingCommand('Used in place of promote when users go back to an earlier revision', [], '5m'),
    retire: changingCommand('Ends a revision without users', [], '2m'),
  })
  .describe('What is there is what the target can do');

/** Any platform, by programs of the user. */
export const commandTargetSchema = z.strictObject({
  kind: z.literal('command').describe('Any platform, by programs of yours that act and print JSON'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9./-]{0,62}$/, 'must be lower-case letters, digits and . / -')
    .optional()
    .describe('Names the place; projects that name the same one share its lock. Without it the address of the url'),
  commands: targetCommandsSchema,
  input: z
    .enum(['json', 'none'])
    .describe('What a program gets on standard input: one JSON object with all values, or nothing')
    .prefault('json'),
  pass: z.array(variableName).describe('Variables handed on, beside PATH, HOME, LANG, TZ and SEATRIAL_*').prefault([]),
  revisionHeader: z
    .strictObject({
      name: headerName.describe('Such as x-version'),
      tells: z.enum(['version', 'commit', 'revisionId']).describe('What its value is').prefault('version'),
    })
    .describe('Header in which an answer on the traffic path tells the revision; without it no success is proven'),
  instances: z.number().int().min(1).max(10_000).describe('Instances of a revision').prefault(1),
  health: z
    .strictObject({
      path: z.string().startsWith('/').describe('Answers 2xx when the service can serve').prefault('/health'),
      timeout: positiveDuration.describe('No answer for this long is a failure').prefault('2s'),
    })
    .prefault({}),
  drain: duration.describe('Longest time for open requests to finish').prefault('30s'),
  requestTimeout: positiveDuration.describe('A request without an answer for this long has failed').prefault('30s'),
});
export type CommandTargetSpec = z.output<typeof commandTargetSchema>;

export const targetSchema = z.discriminatedUnion('kind', [
  processTargetSchema,
  haproxyTargetSchema,
  commandTargetSchema,
]);
export type TargetSpec = z.output<typeof targetSchema>;

/** Whether its instances are processes of this machine that seatrial starts and looks after. */
export function isLocal(target: TargetSpec): target is ProcessTargetSpec | HaproxyTargetSpec {
  return target.kind !== 'command';
}

export const revisionSpecSchema = z.strictObject({
  ref: z
    .string()
    .includes('{version}')
    .regex(
      /^[A-Za-z0-9_{][A-Za-z0-9_.+/{}@-]*$/,
      'must be a git ref with {version} in it: letters, digits and . _ + / @ -, not starting with a hyphen',
    )
    .describe('Git ref of a version')
    .prefault('v{version}'),
  prepare: z
    .array(argvSchema)
    .describe('Run one after another in the checked-out directory, before the first instance')
    .prefault([]),
  prepareTimeout: positiveDuration.describe('For each of these commands').prefault('10m'),
  env: z
    .strictObject({
      pass: z.array(variableName).describe('Variables handed on from the environment').prefault([]),
      file: projectPath.optional().describe('KEY=value lines, relative to the project'),
      set: z.record(variableName, z.string()).describe('Fixed values; no secrets, this file is committed').prefault({}),
    })
    .describe('Instances get PATH, HOME, LANG, TZ, PORT and what is named here; nothing else')
    .prefault({}),
  artifact: z
    .strictObject({
      path: z.string().describe('with {version}'),
      sha256: z.string().describe('64 hex digits, or a file that holds them, with {version}'),
    })
    .describe('A built file whose checksum is verified before anything starts')
    .optional(),
  versionHeader: headerName
    .optional()
    .describe(
      'Header in which the service itself names its version; an answer with another one counts as wrong revision',
    ),
});
export type RevisionSpec = z.output<typeof revisionSpecSchema>;
