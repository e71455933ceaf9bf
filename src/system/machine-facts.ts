import { setTimeout as sleep } from 'node:timers/promises';
import { allowedEnvironment } from './environment.ts';
import { runCommand } from './exec.ts';
import { readTextFile } from './files.ts';
import { findProgram } from './find-program.ts';

export type ClockFacts = {
  /** How far the wall clock and the monotonic one went apart while they were watched, ms. */
  driftMs: number;
  watchedMs: number;
  /** Time since boot in which the machine slept, ms; null where the system does not tell. */
  sleptMs: number | null;
};

/** Watches the clocks for a moment. */
export async function readClockFacts(watchMs = 200): Promise<ClockFacts> {
  const [wall, monotonic] = [Date.now(), performance.now()];
  await sleep(watchMs);
  const watchedMs = performance.now() - monotonic;
  const driftMs = Math.abs(Date.now() - wall - watchedMs);
  const uptime = Number.parseFloat((await readTextFile('/proc/uptime').catch(() => null)) ?? '');
  const awakeMs = Number(process.hrtime.bigint() / 1_000_000n);
  return { driftMs, watchedMs, sleptMs: Number.isFinite(uptime) ? Math.max(0, uptime * 1000 - awakeMs) : null };
}

/** What a program says of its version, shortened; null when it is not there or does not answer. */
export async function toolVersion(argv: readonly string[], cwd: string): Promise<string | null> {
  const env = allowedEnvironment({ pass: [], fileText: null, set: { LC_ALL: 'C' } });
  const result = await runCommand({ argv, cwd, env, timeoutMs: 5000 });
  if (!result.ok) return null;
  return `${result.stdout}${result.stderr}`.trim().split('\n')[0]?.slice(0, 80) ?? null;
}

/** Where a program of the search path lies, or null. */
export function locateProgram(name: string, cwd: string): Promise<string | null> {
  return findProgram(name, { directory: cwd, path: process.env['PATH'] ?? '' });
}
