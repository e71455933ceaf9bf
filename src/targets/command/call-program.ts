import type { z } from 'zod';
import { DeployError } from '../../model/deploy-error.ts';
import { allowedEnvironment } from '../../system/environment.ts';
import { cleanExcerpt, cleanExcerptEnd } from '../../system/excerpt.ts';
import { type CommandResult, runCommand } from '../../system/exec.ts';
import { type CommandValues, fillArgv, valueVariables } from '../../system/fill-argv.ts';

export type ProgramPlace = {
  directory: string;
  /** Variables handed on beside the fixed short list. */
  pass: readonly string[];
  input: 'json' | 'none';
};

export type ProgramCall = {
  /** `set_weight`, as the config names it. */
  name: string;
  argv: readonly string[];
  values: CommandValues;
  timeoutMs: number;
  signal: AbortSignal;
  /** Words an exit code that is not 0, in place of TARGET_REFUSED. */
  failed?: (reason: string, excerpt: string) => DeployError;
};

/** Characters of standard output that are read; no answer of ours is as long. */
export const outputLimit = 1_000_000;

/**
 * Runs one program of the target to its end. Throws COMMAND_NOT_FOUND, CANCELLED, STEP_TIMED_OUT, TARGET_UNREACHABLE (it was
 * killed, could not be started, or asks to be tried again by exit code 75) and TARGET_REFUSED (any other exit code).
 */
export async function callProgram(place: ProgramPlace, call: ProgramCall): Promise<string> {
  const { name, values } = call;
  const argv = fillArgv(call.argv, values);
  const result = await runCommand({
    argv,
    cwd: place.directory,
    env: allowedEnvironment({
      pass: place.pass,
      fileText: null,
      set: { SEATRIAL_COMMAND: name, ...valueVariables(values) },
    }),
    timeoutMs: Math.max(1, Math.floor(call.timeoutMs)),
    signal: call.signal,
    ...(place.input === 'none' ? {} : { input: `${JSON.stringify({ command: name, ...values })}\n` }),
    outputLimit: outputLimit + 1,
    keepLastOfStderr: true,
  });
  assertEnded(call, argv[0] ?? '', result);
  if (result.stdout.length > outputLimit)
    throw new DeployError('TARGET_REFUSED', {
      reason: `${name} printed more than ${outputLimit} characters`,
      remedy: 'Standard output is for the documented object alone; write logs to standard error.',
    });
  return result.stdout;
}

/** The documented object of a program's standard output. Throws TARGET_REFUSED with what is wrong with it. Pure. */
export function parseAnswer<Schema extends z.ZodType>(name: string, text: string, schema: Schema): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const printed = text.trim() === '' ? 'nothing' : `"${cleanExcerpt(text, 120)}"`;
    throw badAnswer(name, `it printed ${printed} instead of one JSON object`, thrown);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw badAnswer(name, cleanExcerpt(`${where}${issue?.message ?? 'another shape'}`), parsed.error);
}

function badAnswer(name: string, reason: string, cause: unknown): DeployError {
  const remedy = `Print exactly what docs/targets.md says of ${name}, or set its output to text.`;
  return new DeployError(
    'TARGET_REFUSED',
    {
      reason: `the answer of ${name} does not fit: ${reason}`,
      remedy: name === 'inspect' || name === 'drain' ? `Print exactly what docs/targets.md says of ${name}.` : remedy,
    },
    cause,
  );
}

function assertEnded(call: ProgramCall, program: string, result: CommandResult): void {
  if (result.ok) return;
  const { name, timeoutMs } = call;
  if (result.notFound) throw new DeployError('COMMAND_NOT_FOUND', { program });
  if (result.aborted) throw new DeployError('CANCELLED', { what: name });
  const said = lastLines(result);
  if (result.timedOut)
    throw new DeployError('STEP_TIMED_OUT', { step: `${name}${said}`, seconds: Math.round(timeoutMs / 100) / 10 });
  const never = result.exitCode === null && result.signal === null;
  const how = never ? 'could not be started; is it executable?' : `ended with ${result.how}`;
  if (never || result.signal !== null || result.exitCode === tryAgain)
    throw new DeployError('TARGET_UNREACHABLE', {
      target: 'command',
      reason: `${name} ${how}${said}`,
      remedy: `Run it by hand: ${cleanExcerpt(call.argv.join(' '))}`,
    });
  if (call.failed !== undefined) throw call.failed(`${name} ${how}`, said.replace(/^: /, ''));
  throw new DeployError('TARGET_REFUSED', {
    reason: `${name} ${how}${said}`,
    remedy: `Run it by hand: ${cleanExcerpt(call.argv.join(' '))}`,
  });
}

/** EX_TEMPFAIL of sysexits.h: a failure that may pass. */
const tryAgain = 75;

/** The end of what a program said, where its reason usually stands. */
export function lastLines({ stderr, stdout }: Pick<CommandResult, 'stderr' | 'stdout'>): string {
  const text = (stderr.trim() === '' ? stdout : stderr).trim();
  if (text === '') return '';
  const lines = text.split('\n').slice(-4).join('\n');
  return `: ${cleanExcerptEnd(lines, 300)}`;
}
