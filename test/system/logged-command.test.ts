import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { runLoggedCommand } from '../../src/system/logged-command.ts';
import { eventually } from '../fixtures/http-client.ts';
import { runs } from '../fixtures/process-place.ts';

const folder = mkdtempSync(join(tmpdir(), 'seatrial-logged-'));
const logFile = join(folder, 'log');
const pids: number[] = [];
afterEach(() => {
  for (const pid of pids.splice(0)) if (runs(pid)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const shell = (script: string) => ({
  argv: ['/bin/sh', '-c', script],
  cwd: tmpdir(),
  env: { PATH: process.env['PATH'] ?? '' },
  logFile,
});
const loggedPid = (): number => {
  const pid = Number(/^pid (\d+)$/m.exec(readFileSync(logFile, 'utf8'))?.[1]);
  pids.push(pid);
  return pid;
};

it('a program that comes back leaves what it has started, which may go on writing into the log', async () => {
  const request = shell('(sleep 0.2; echo later; exec sleep 30) & echo pid $!');
  const end = await runLoggedCommand({ ...request, timeoutMs: 5000, leavesBehind: true });
  expect(end).toEqual({ ok: true, timedOut: false, how: 'exit code 0' });
  expect(runs(loggedPid())).toBe(true);
  await eventually(() => readFileSync(logFile, 'utf8').includes('later'));
});

it.each([
  ['that fails', 'sleep 30 & echo pid $!; exit 3', 5000, { ok: false, timedOut: false, how: 'exit code 3' }],
  [
    'over its time',
    'sleep 30 & echo pid $!; wait',
    400,
    { ok: false, timedOut: true, how: 'not finished after 0.4 s' },
  ],
])('a program %s is ended with all that it has started', async (_what, script, timeoutMs, expected) => {
  const end = await runLoggedCommand({ ...shell(script), timeoutMs, leavesBehind: true });
  expect(end).toEqual(expected);
  const pid = loggedPid();
  await eventually(() => !runs(pid));
});
