import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, stat, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { declareVariables } from '../model/redaction/emit.ts';
import { signalGroup } from './exec.ts';
import { readTextFile } from './files.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import { vetSpawn } from './vet-spawn.ts';

/** How a process ended; of an adopted one neither code nor signal is known. */
export type InstanceExit = { code: number | null; signal: string | null; atMs: number };

/** A running program with a process group of its own. */
export interface InstanceProcess {
  readonly identity: ProcessIdentity;
  /** True when an earlier process started it, so that its exit code cannot be learnt. */
  readonly adopted: boolean;
  /** Called once, in the tick in which the end becomes known; at once when it has ended already. */
  onExit(listener: (exit: InstanceExit) => void): void;
  /** Signals the whole group; one that is gone is fine. */
  signal(name: NodeJS.Signals): void;
}

export type InstanceRequest = {
  argv: readonly string[];
  cwd: string;
  /** The complete environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** Standard output and error are appended here by file descriptor: a pipe would kill the instance when its reader dies. */
  logFile: string;
};

const logLimitBytes = 50_000_000;
const adoptedPollMs = 100;

/** Starts a program that outlives this process. Throws COMMAND_NOT_FOUND or COMMAND_FAILED when it cannot be started. */
export async function spawnInstance(request: InstanceRequest): Promise<InstanceProcess> {
  const vetted = await vetSpawn(request);
  const program = request.argv[0] ?? '';
  if (vetted === null) throw new DeployError('COMMAND_NOT_FOUND', { program });
  // Its last words will be told.
  declareVariables(request.env, Object.keys(request.env));
  await mkdir(dirname(request.logFile), { recursive: true, mode: 0o700 });
  await truncateWhenLarge(request.logFile);
  const log = await open(request.logFile, 'a', 0o600);
  try {
    const child = spawn(vetted.program, vetted.args, {
      cwd: request.cwd,
      env: { ...request.env },
      detached: true,
      shell: false,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ending = rememberExit((end) => child.once('exit', (code, signal) => end({ code, signal, atMs: Date.now() })));
    await once(child, 'spawn');
    return await describeChild(child.pid, ending);
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    throw cannotStart(program, thrown);
  } finally {
    await log.close();
  }
}

/** A living process that an earlier process started, or null when that very process is gone. */
export async function adoptInstance(identity: ProcessIdentity): Promise<InstanceProcess | null> {
  if (!(await isAlive(identity))) return null;
  const ending = rememberExit((end) => {
    const timer = setInterval(async () => {
      if (await isAlive(identity).catch(() => true)) return;
      clearInterval(timer);
      end({ code: null, signal: null, atMs: Date.now() });
    }, adoptedPollMs);
    timer.unref();
  });
  return createProcess(identity, ending, true);
}

/** A port of 127.0.0.1 on which nothing listened a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string')
    throw new DeployError('INTERNAL', { reason: 'no port was given' });
  return address.port;
}

/**
 * A free port that the system gives to nobody by chance, neither to a listener without a wish nor to an outgoing connection:
 * what another program knows an instance by stays its own while it is restarted.
 */
export async function freeLastingPort(): Promise<number> {
  const [from, to] = await givenByChance();
  const [low, high] = from > lowestLasting + 1000 ? [lowestLasting, from] : [to + 1, 65_536];
  for (let attempt = 0; low < high && attempt < 50; attempt += 1) {
    const port = randomInt(low, high);
    if (await isPortFree(port)) return port;
  }
  return freePort();
}

const lowestLasting = 20_000;

/** First and last port that the system draws from. */
async function givenByChance(): Promise<readonly [number, number]> {
  const text = await readTextFile('/proc/sys/net/ipv4/ip_local_port_range').catch(() => null);
  const [, from = '32768', to = '60999'] = /^(\d+)\s+(\d+)/.exec(text ?? '') ?? [];
  return [Number(from), Number(to)];
}

/** Whether a program could listen on this port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** The last `limitBytes` of a file as text, or an empty string when there is none. */
export async function readFileTail(path: string, limitBytes: number): Promise<string> {
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - limitBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, limitBytes)), 0, undefined, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** How often the kernel has killed for memory in this process's control group, or null when it does not tell. */
export async function readOomKills(): Promise<number | null> {
  const groups = await readTextFile('/proc/self/cgroup').catch(() => null);
  for (const line of (groups ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers !== '' && !controllers.split(',').includes('memory')) continue;
    const file =
      controllers === '' ? `/sys/fs/cgroup${path}/memory.events` : `/sys/fs/cgroup/memory${path}/memory.oom_control`;
    const count = /^oom_kill (\d+)$/m.exec((await readTextFile(file).catch(() => null)) ?? '')?.[1];
    if (count !== undefined) return Number(count);
  }
  return null;
}

type Ending = { onExit(listener: (exit: InstanceExit) => void): void };

function rememberExit(watch: (end: (exit: InstanceExit) => void) => void): Ending {
  let ended: InstanceExit | null = null;
  const listeners: ((exit: InstanceExit) => void)[] = [];
  watch((exit) => {
    if (ended !== null) return;
    ended = exit;
    for (const listener of listeners) listener(exit);
  });
  return {
    onExit: (listener) => {
      if (ended === null) listeners.push(listener);
      else listener(ended);
    },
  };
}

async function describeChild(pid: number | undefined, ending: Ending): Promise<InstanceProcess> {
  if (pid === undefined) throw new DeployError('INTERNAL', { reason: 'a started process has no pid' });
  // One that ended at once is still named, so that its exit can be reported.
  const identity = (await identityOf(pid)) ?? { pid, start: 'ended', boot: 'ended' };
  return createProcess(identity, ending, false);
}

function createProcess(identity: ProcessIdentity, ending: Ending, adopted: boolean): InstanceProcess {
  return { identity, adopted, onExit: ending.onExit, signal: (name) => signalGroup(identity.pid, name) };
}

function cannotStart(program: string, thrown: unknown): DeployError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') {
    return new DeployError('COMMAND_NOT_FOUND', { program }, thrown);
  }
  return new DeployError(
    'COMMAND_FAILED',
    { command: program, how: 'it could not be started', excerpt: reason },
    thrown,
  );
}

async function truncateWhenLarge(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && found.size > logLimitBytes) await truncate(path, 0);
}
