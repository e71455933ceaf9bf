import { DeployError } from '../model/deploy-error.ts';
import { cleanExcerptEnd } from './excerpt.ts';
import { runCommand } from './exec.ts';
import { vetSpawn } from './vet-spawn.ts';

export type DetachedRequest = {
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Standard output and error are appended here; a pipe would kill the child when its reader dies. */
  logFile: string;
};

/**
 * Starts a program that survives the caller, its session and its process tree: a short-lived middle process starts it in
 * a session of its own and exits, so that its parent is init and killing the caller's tree by parent pid misses it.
 * Throws COMMAND_NOT_FOUND, COMMAND_REFUSED, and COMMAND_FAILED when the program cannot be started.
 */
export async function spawnDetached(request: DetachedRequest): Promise<{ pid: number }> {
  const vetted = await vetSpawn(request);
  if (vetted === null) throw new DeployError('COMMAND_NOT_FOUND', { program: request.argv[0] ?? '' });
  const argv = [vetted.program, ...vetted.args];
  const result = await runCommand({
    argv: [process.execPath, '-e', middleSource, JSON.stringify({ argv, cwd: request.cwd, logFile: request.logFile })],
    cwd: request.cwd,
    env: request.env,
    timeoutMs: 10_000,
  });
  const pid = Number(result.stdout.trim());
  if (!result.ok || !Number.isInteger(pid) || pid <= 0) {
    throw new DeployError('COMMAND_FAILED', {
      command: request.argv.join(' '),
      how: result.how,
      excerpt: cleanExcerptEnd(result.stderr),
    });
  }
  return { pid };
}

const middleSource = `
const { spawn } = require('node:child_process');
const { openSync } = require('node:fs');
const { argv, cwd, logFile } = JSON.parse(process.argv[1]);
const log = openSync(logFile, 'a', 0o600);
const child = spawn(argv[0], argv.slice(1), { cwd, env: process.env, detached: true, stdio: ['ignore', log, log] });
child.on('error', (error) => { console.error(error.message); process.exit(1); });
child.on('spawn', () => { child.unref(); process.stdout.write(String(child.pid), () => process.exit(0)); });
`;
