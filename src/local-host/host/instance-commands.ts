import { instanceNumbers } from '../../model/config/instance-commands.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { emitText } from '../../model/redaction/emit.ts';
import { runCommand } from '../../system/exec.ts';
import { appendLine } from '../../system/files.ts';
import { fillArgv, valueVariables } from '../../system/fill-argv.ts';
import { readFileTail } from '../../system/instance-process.ts';
import { type LoggedCommandEnd, runLoggedCommand } from '../../system/logged-command.ts';
import type { CommandedLaunch } from './host-state.ts';
import { excerptOf } from './log-excerpt.ts';

/** What `status` said of an instance; `untold` when there is no such command. */
export type InstanceStatus = 'running' | 'gone' | 'unknown' | 'untold';

/** The user's programs for one instance on one port. */
export type InstanceCommands = {
  /** Throws COMMAND_NOT_FOUND, COMMAND_FAILED, STEP_TIMED_OUT. */
  start(port: number, timeoutMs: number): Promise<void>;
  /** Never throws. */
  stop(port: number): Promise<{ ok: boolean; how: string }>;
  /** Never throws. */
  status(port: number): Promise<InstanceStatus>;
  /** A line in the instance's log. */
  note(line: string): void;
};

export type InstanceCommandsOptions = {
  launch: CommandedLaunch;
  logFile: string;
  revisionId: string;
  id: string;
};

/** EX_TEMPFAIL of sysexits.h: a failure that may pass, so that nothing is concluded. */
const tryAgain = 75;
const excerptBytes = 4096;

export function createInstanceCommands(options: InstanceCommandsOptions): InstanceCommands {
  const { launch, logFile } = options;
  const { start, stop, status, timeoutMs } = launch.commands;
  const note = (line: string): void => void appendLine(logFile, emitText(`seatrial: ${line}`)).catch(() => undefined);
  return {
    note,
    start: async (port, withinMs) => {
      const request = requestFor(options, { name: 'start', template: start, port });
      const end = await runLoggedCommand({ ...request, timeoutMs: withinMs, leavesBehind: true });
      if (!end.ok) throw await notStarted(end, { argv: request.argv, logFile, withinMs });
    },
    stop: async (port) => {
      try {
        const request = requestFor(options, { name: 'stop', template: stop, port });
        return await runLoggedCommand({ ...request, timeoutMs, leavesBehind: false });
      } catch (thrown) {
        return { ok: false, how: thrown instanceof Error ? thrown.message : String(thrown) };
      }
    },
    status: async (port) => {
      if (status === undefined) return 'untold';
      const request = requestFor(options, { name: 'status', template: status, port });
      const result = await runCommand({ ...request, timeoutMs, outputLimit: excerptBytes });
      if (result.ok) return 'running';
      if (result.exitCode === null || result.exitCode === tryAgain || result.timedOut) return 'unknown';
      // Of every question only the answer that ends something is worth a line.
      note(
        `status ended with ${result.how}: ${excerptOf(`${result.stdout}\n${result.stderr}`) ?? '(it printed nothing)'}`,
      );
      return 'gone';
    },
  };
}

/** Unique on this machine as long as services have names of their own; fit for the name of a container. Pure. */
export function instanceName(values: Readonly<Record<string, string>>, revisionId: string, id: string): string {
  const parts = [values['service'] ?? '', values['environment'] ?? '', revisionId, id].filter((part) => part !== '');
  return parts.join('-').replace(/[^A-Za-z0-9_.-]/g, '-');
}

type Wanted = { name: string; template: readonly string[]; port: number };

function requestFor({ launch, logFile, revisionId, id }: InstanceCommandsOptions, { name, template, port }: Wanted) {
  const { cwd } = launch;
  const instance = instanceName(launch.commands.values, revisionId, id);
  const values = { ...launch.commands.values, revisionId, directory: cwd, port: String(port), instance };
  const env = { ...launch.env, PORT: String(port), SEATRIAL_COMMAND: name, ...valueVariables(values) };
  return { argv: fillArgv(template, values, instanceNumbers), cwd, env, logFile };
}

async function notStarted(
  { timedOut, how }: LoggedCommandEnd,
  { argv, logFile, withinMs }: { argv: readonly string[]; logFile: string; withinMs: number },
): Promise<DeployError> {
  if (timedOut) return new DeployError('STEP_TIMED_OUT', { step: 'start', seconds: Math.round(withinMs / 100) / 10 });
  const tail = await readFileTail(logFile, excerptBytes).catch(() => '');
  const excerpt = excerptOf(tail) ?? '(it printed nothing)';
  return new DeployError('COMMAND_FAILED', { command: argv.join(' '), how, excerpt });
}
