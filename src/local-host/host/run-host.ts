import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, createServer, type Server as SocketServer } from 'node:net';
import { dirname } from 'node:path';
import type { DetachedProgram } from '../../model/dead-man.ts';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import { spawnDetached } from '../../system/detached-process.ts';
import { cleanExcerptEnd } from '../../system/excerpt.ts';
import { runCommand } from '../../system/exec.ts';
import { ensurePrivateDirectory, errorCodeOf, readJsonFile, removeFile, writeFileAtomic } from '../../system/files.ts';
import { createNotedNumber, type NotedNumber } from '../../system/noted-number.ts';
import { writeOwnLog } from '../../system/own-log.ts';
import { currentIdentity, isAlive, type ProcessIdentity } from '../../system/process-identity.ts';
import { createControlServer } from './control-server.ts';
import { Host } from './host.ts';
import { type HostFiles, hostFiles } from './host-files.ts';
import { hostSpecSchema } from './host-spec.ts';
import type { HostState } from './host-state.ts';
import { readHostState } from './host-store.ts';
import { closeServer } from './listeners.ts';

const tickMs = 1000;
/** So old may the number of open requests be that a killed host leaves behind, ms. */
const noteMs = 100;
const rerouteWithinMs = 30_000;

export type RunHostOptions = {
  directory: string;
  /** Starts the process that starts this host again while a dead-man rollback is armed; null where nobody does. */
  launchGuard: (() => Promise<{ pid: number }>) | null;
};

/**
 * Runs the local host whose folder this is, until it is told to go down (over its control socket, by SIGTERM or SIGINT).
 * Throws PORT_IN_USE, HOST_RUNNING, FILE_DAMAGED …; the reason is also left in the folder for whoever started it.
 */
export async function runHost({ directory, launchGuard }: RunHostOptions): Promise<void> {
  const files = hostFiles(directory);
  await ensurePrivateDirectory(files.directory);
  try {
    const lock = await takeLock(files);
    await removeFile(files.startError);
    await serve(files, launchGuard);
    lock?.close();
  } catch (thrown) {
    const error = toDeployError(thrown);
    if (error.code !== 'HOST_RUNNING') {
      await writeFileAtomic(files.startError, JSON.stringify({ code: error.code, details: error.details }), {
        mode: 0o600,
      });
    }
    throw error;
  }
}

async function serve(files: HostFiles, launchGuard: RunHostOptions['launchGuard']): Promise<void> {
  const spec = await readJsonFile(files.spec, hostSpecSchema);
  if (spec === null) throw new DeployError('FILE_DAMAGED', { path: files.spec, reason: 'it is missing' });
  const warn = (message: string): void => writeOwnLog(`${new Date().toISOString()} ${message}`);
  const open = createNotedNumber(files.open);
  const host = new Host({
    files,
    spec,
    recorded: await recordedState(files, open),
    identity: await currentIdentity(),
    programs: { launchGuard, run: runToEnd, launch: async (program) => void (await spawnDetached(program)), end },
    warn,
  });
  // A defect in one request must not take every user down with it.
  process.on('uncaughtException', (error) => warn(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (reason) => warn(`unhandled: ${String(reason)}`));
  await host.open();
  open.note(0);
  const asked = new AbortController();
  const control = createControlServer(host, () => asked.abort());
  await listenOnSocket(control, files.controlSocket);
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => asked.abort());
  process.on('SIGHUP', () => undefined);
  const ticking = setInterval(() => host.tick(Date.now()), tickMs);
  const noting = setInterval(() => open.note(host.inFlight().reduce((sum, { count }) => sum + count, 0)), noteMs);
  if (!asked.signal.aborted) await once(asked.signal, 'abort');
  await host.down();
  clearInterval(ticking);
  clearInterval(noting);
  open.note(0);
  await open.close();
  await closeServer(control, 0);
  await removeFile(files.controlSocket);
}

/** What an earlier host wrote down. Requests that it left open when it was killed were cut: a connection dies with its process. */
async function recordedState(files: HostFiles, open: NotedNumber): Promise<HostState | null> {
  const recorded = await readHostState(files.state);
  return recorded === null ? null : { ...recorded, cut: recorded.cut + (await open.read()) };
}

async function end(identity: ProcessIdentity): Promise<void> {
  if (!(await isAlive(identity))) return;
  writeOwnLog(`${new Date().toISOString()} pid ${identity.pid} has attended to nothing and is ended`);
  process.kill(identity.pid, 'SIGKILL');
}

async function runToEnd({ argv, cwd, env }: DetachedProgram): Promise<string | null> {
  const result = await runCommand({ argv, cwd, env, timeoutMs: rerouteWithinMs });
  return result.ok ? null : `${result.how}: ${cleanExcerptEnd(result.stderr)}`;
}

/** One host per folder: a name in the kernel's own table, which dies with its owner and leaves nothing stale behind. */
async function takeLock(files: HostFiles): Promise<SocketServer | null> {
  const running = new DeployError('HOST_RUNNING', { directory: files.directory });
  if (files.lockName === null) {
    if (await somebodyAnswers(files.controlSocket)) throw running;
    return null;
  }
  const lock = createServer((socket) => socket.destroy());
  try {
    lock.listen(files.lockName);
    await once(lock, 'listening');
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'EADDRINUSE') throw running;
    throw thrown;
  }
  return lock;
}

/** Replaces the socket file that a dead host left behind. Called only by the one owner of the folder. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  await ensurePrivateDirectory(dirname(path));
  await removeFile(path);
  const before = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, 'listening');
  } finally {
    process.umask(before);
  }
}

async function somebodyAnswers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
