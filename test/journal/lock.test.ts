import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { acquireLock, type HeldLock, type LockRequest, readLock } from '../../src/journal/lock.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { currentIdentity } from '../../src/system/process-identity.ts';
import { buildChild, temporaryDirectory } from './journal-fixtures.ts';

const clock = createSystemClock();

async function request(directory: string, more: Partial<LockRequest> = {}): Promise<LockRequest> {
  return { directory, owner: { runId: 'run-1', identity: await currentIdentity(), sinceMs: 5 }, clock, ...more };
}

async function acquire(directory: string, more: Partial<LockRequest> = {}): Promise<HeldLock> {
  const lock = await acquireLock(await request(directory, more));
  if (!lock.ok) throw new Error(`refused by ${lock.holder.runId}`);
  return lock;
}

async function deadOwner(runId: string) {
  return { runId, identity: { ...(await currentIdentity()), start: '1' }, sinceMs: 1 };
}

function start(script: string, args: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('the lock', () => {
  it('is free, held, released; every owner has a higher generation', async () => {
    const directory = join(await temporaryDirectory(), 'lock');
    expect(await readLock(directory)).toEqual({ state: 'free', generation: 0, holder: null });
    const first = await acquire(directory);
    expect([first.generation, first.orphan, await first.isStillOwner()]).toEqual([1, null, true]);
    expect(await readLock(directory)).toMatchObject({
      state: 'held',
      generation: 1,
      holder: { runId: 'run-1', sinceMs: 5 },
    });
    expect(await acquireLock(await request(directory))).toMatchObject({
      ok: false,
      orphaned: false,
      holder: { generation: 1 },
    });
    await first.release();
    await first.release();
    expect(await first.isStillOwner()).toBe(false);
    expect(await readLock(directory)).toEqual({ state: 'free', generation: 1, holder: null });
    const second = await acquire(directory);
    expect([second.generation, second.orphan]).toEqual([2, null]);
    expect((await readdir(directory)).sort()).toEqual(['g-1.json', 'g-2.json', 'r-1']);
  });

  it('of a dead owner is orphaned, names the run, and can be followed or left alone', async () => {
    const directory = join(await temporaryDirectory(), 'lock');
    const dead = await acquire(directory, { owner: await deadOwner('run-dead') });
    expect(await readLock(directory)).toMatchObject({ state: 'orphaned', holder: { runId: 'run-dead' } });
    const careful = await request(directory, { mayFollow: (orphan) => orphan.runId === 'run-1' });
    expect(await acquireLock(careful)).toMatchObject({ ok: false, orphaned: true, holder: { runId: 'run-dead' } });
    expect(await dead.isStillOwner()).toBe(true);
    const next = await acquire(directory);
    expect(next).toMatchObject({ generation: 2, orphan: { runId: 'run-dead', generation: 1 } });
    expect(await dead.isStillOwner()).toBe(false);
    // A late release by the one before changes nothing for the one who owns it now.
    await dead.release();
    expect(await next.isStillOwner()).toBe(true);
    expect(await readLock(directory)).toMatchObject({ state: 'held', generation: 2 });
  });

  it('of an earlier boot is orphaned', async () => {
    const directory = join(await temporaryDirectory(), 'lock');
    await acquire(directory, {
      owner: { runId: 'r', identity: { ...(await currentIdentity()), boot: 'before' }, sinceMs: 1 },
    });
    expect(await readLock(directory)).toMatchObject({ state: 'orphaned' });
  });

  it('compares generations as numbers and is not taken when its holder cannot be read', async () => {
    const directory = join(await temporaryDirectory(), 'lock');
    for (let round = 1; round <= 10; round += 1) await (await acquire(directory)).release();
    expect((await acquire(directory)).generation).toBe(11);
    await writeFile(join(directory, 'g-12.json'), 'broken');
    await expect(acquireLock(await request(directory))).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
  });

  it('is given to one of ten who start together', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('lock-loop', directory);
    const children = Array.from({ length: 10 }, () =>
      start(script, [join(directory, 'lock'), join(directory, 'log'), 'once']),
    );
    const answers = await Promise.all(
      children.map(async (child) => String((await once(child.stdout ?? child, 'data'))[0]).trim()),
    );
    expect(answers.filter((answer) => answer === 'owner 1')).toHaveLength(1);
    expect(answers.filter((answer) => answer === 'refused')).toHaveLength(9);
  });

  it('never has two owners while owners are killed', async () => {
    const directory = await temporaryDirectory();
    const script = buildChild('lock-loop', directory);
    const log = join(directory, 'log');
    const begin = (): ChildProcess => start(script, [join(directory, 'lock'), log]);
    const children = Array.from({ length: 3 }, begin);
    let killed = 0;
    let seen = 0;
    // A busy machine takes longer to get there, and is not a wrong lock: who has just begun is not killed yet.
    for (const deadline = Date.now() + 75_000; Date.now() < deadline && (killed <= 10 || seen <= 150); ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const entered = (await readFile(log, 'utf8').catch(() => '')).split('enter').length;
      if (entered < seen + 10) continue;
      seen = entered;
      killed += 1;
      children.shift()?.kill('SIGKILL');
      children.push(begin());
    }
    for (const child of children) child.kill('SIGKILL');
    const lines = (await readFile(log, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    const entered: number[] = [];
    const wrong: string[] = [];
    for (const [what, generation] of lines) {
      const number = Number(generation);
      if (what === 'enter' && number <= (entered.at(-1) ?? 0)) wrong.push(`token ${number} after ${entered.at(-1)}`);
      if (what === 'enter') entered.push(number);
      // Whoever leaves is still the newest one: nobody else has come in meanwhile.
      else if (what !== 'leave' || number !== entered.at(-1))
        wrong.push(`${what} ${number} while ${entered.at(-1)} owns it`);
    }
    expect(wrong).toEqual([]);
    expect(killed).toBeGreaterThan(10);
    expect(entered.length).toBeGreaterThan(100);
  }, 120_000);
});
