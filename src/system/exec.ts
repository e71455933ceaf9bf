import type { Readable } from 'node:stream';
import { descendantsOf } from './process-tree.ts';
import { vetSpawn } from './vet-spawn.ts';

export type CommandRequest = {
  /** Program and arguments; never a shell line. */
  argv: readonly string[];
  cwd: string;
  /** The complete environment of the program; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Written to standard input, which is closed otherwise. */
  input?: string | undefined;
  /** Characters kept of each stream; the rest is read and dropped. */
  outputLimit?: number | undefined;
  /** Of standard error the last characters are kept instead of the first: there a program says why it ended. */
  keepLastOfStderr?: boolean | undefined;
};

/** Success and failure have the same shape. */
export type CommandResult = {
  ok: boolean;
  exitCode: number | null;
  signal: string | null;
  timedOut: boolean;
  aborted: boolean;
  notFound: boolean;
  stdout: string;
  stderr: string;
  durationMs: number;
  /** `exit code 3`, `killed by SIGTERM`, `not finished after 30 s`, … */
  how: string;
};

const killAfterMs = 2000;
const pipesAfterExitMs = 1000;

/**
 * Runs a program in a process group of its own and waits for its end; a deadline or `signal` ends the whole tree. The program
 * is found once, never in the working directory or `node_modules/.bin`, and started by its absolute path; no shell. Never
 * throws for a failing program; throws COMMAND_REFUSED for arguments that cannot be handed over as they are.
 */
export async function runCommand(request: CommandRequest): Promise<CommandResult> {
  const started = performance.now();
  const limit = request.outputLimit ?? 200_000;
  const vetted = await vetSpawn(request);
  if (vetted === null)
    return describe({ started, exitCode: null, signal: null, ended: 'exit', notFound: true, stdout: '', stderr: '' });
  // Loaded with the first program: most commands run none, and would wait for it at their start.
  const { execa } = await import('execa');
  const child = execa(vetted.program, vetted.args, {
    shell: false,
    preferLocal: false,
    cwd: request.cwd,
    env: request.env,
    extendEnv: false,
    reject: false,
    buffer: false,
    detached: true,
    ...(request.input === undefined ? { stdin: 'ignore' as const } : { input: request.input }),
  });
  const stdout = keepText(child.stdout, limit);
  const stderr = request.keepLastOfStderr === true ? keepEnd(child.stderr, 20_000) : keepText(child.stderr, limit);
  const ended = endGroupOn(child.pid, request);
  // A process that left the group may hold the pipes open for ever.
  child.once('exit', () => setTimeout(() => dropPipes(child), pipesAfterExitMs).unref());
  const result = await child;
  const how = ended.stop();
  const notFound = 'code' in result && result.code === 'ENOENT';
  return describe(
    {
      started,
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      ended: how,
      notFound,
      stdout: stdout(),
      stderr: stderr(),
    },
    request.timeoutMs,
  );
}

function dropPipes(child: { stdout: Readable | null; stderr: Readable | null }): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}

type Ended = 'exit' | 'deadline' | 'aborted';

function keepText(stream: NodeJS.ReadableStream | null | undefined, limit: number): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    if (text.length < limit) text += chunk.slice(0, limit - text.length);
  });
  return () => text;
}

function keepEnd(stream: NodeJS.ReadableStream | null | undefined, limit: number): () => string {
  let text = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    text = `${text}${chunk}`.slice(-limit);
  });
  return () => text;
}

function endGroupOn(pid: number | undefined, request: CommandRequest): { stop(): Ended } {
  let ended: Ended = 'exit';
  let killTimer: NodeJS.Timeout | undefined;
  let strays: readonly number[] = [];
  const end = (why: Ended): void => {
    if (pid === undefined || ended !== 'exit') return;
    ended = why;
    // Some may have left the group; once their parent is gone nobody knows whose they were.
    const tree = [pid, ...descendantsOf(pid)];
    for (const one of tree) signalGroup(one, 'SIGTERM');
    killTimer = setTimeout(() => {
      for (const one of tree) signalGroup(one, 'SIGKILL');
    }, killAfterMs);
    strays = tree;
  };
  const onAbort = (): void => end('aborted');
  const deadline = setTimeout(() => end('deadline'), request.timeoutMs);
  if (request.signal?.aborted) onAbort();
  request.signal?.addEventListener('abort', onAbort, { once: true });
  return {
    stop: () => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      request.signal?.removeEventListener('abort', onAbort);
      // What the program started and left behind goes with it.
      for (const one of pid === undefined ? [] : [pid, ...strays]) signalGroup(one, 'SIGKILL');
      return ended;
    },
  };
}

/** Sends a signal to a process group; a group that is gone is fine. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended by itself.
  }
}

function describe(
  raw: {
    started: number;
    exitCode: number | null;
    signal: string | null;
    ended: Ended;
    notFound: boolean;
    stdout: string;
    stderr: string;
  },
  timeoutMs = 0,
): CommandResult {
  const timedOut = raw.ended === 'deadline';
  const aborted = raw.ended === 'aborted';
  const how = raw.notFound
    ? 'program not found'
    : timedOut
      ? `not finished after ${Math.round(timeoutMs / 100) / 10} s`
      : aborted
        ? 'cancelled'
        : raw.signal !== null
          ? `killed by ${raw.signal}`
          : `exit code ${raw.exitCode}`;
  return {
    ok: raw.ended === 'exit' && raw.exitCode === 0,
    exitCode: raw.exitCode,
    signal: raw.signal,
    timedOut,
    aborted,
    notFound: raw.notFound,
    stdout: raw.stdout,
    stderr: raw.stderr,
    durationMs: performance.now() - raw.started,
    how,
  };
}
