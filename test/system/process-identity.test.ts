import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bootId, currentIdentity, identityOf, isAlive, parseProcStat } from '../../src/system/process-identity.ts';

describe('parseProcStat', () => {
  const rest = `S 1 ${Array.from({ length: 17 }, (_, index) => index).join(' ')} 987654 0 0`;

  it('reads field 22 behind any name a program can give itself', () => {
    for (const name of ['node', 'a b', ') Z 1 1', '((', 'x) R 5 (y', 'line\nend']) {
      expect(parseProcStat(`42 (${name}) ${rest}\n`)).toEqual({ state: 'S', start: '987654' });
    }
  });

  it('gives nothing for what is no such text', () => {
    for (const text of ['', '42 node S 1', '42 (node) S 1 2', `42 (node) 7${rest}`])
      expect(parseProcStat(text)).toBeNull();
  });
});

describe('isAlive', () => {
  it('knows this very process, and neither another start nor another boot', async () => {
    const me = await currentIdentity();
    expect(me).toMatchObject({ pid: process.pid, boot: await bootId() });
    expect(await isAlive(me)).toBe(true);
    expect(await isAlive({ ...me, start: `${me.start}1` })).toBe(false);
    expect(await isAlive({ ...me, boot: 'another' })).toBe(false);
    expect(await isAlive({ ...me, pid: 4_194_304 })).toBe(false);
  });

  it('sees a stopped process alive and a killed one dead', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    const identity = await identityOf(child.pid ?? 0);
    if (identity === null) throw new Error('the child has no identity');
    child.kill('SIGSTOP');
    expect(await isAlive(identity)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await isAlive(identity)).toBe(false);
    expect(await identityOf(identity.pid)).toBeNull();
  });

  it('counts a zombie as dead although a signal still reaches it', async () => {
    // The shell becomes a program that never asks how its child ended.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [said] = await once(parent.stdout, 'data');
    const pid = Number(String(said));
    const identity = await identityOf(pid);
    if (identity === null) throw new Error('the child has ended too early');
    expect(await isAlive(identity)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(process.kill(pid, 0)).toBe(true);
    expect(await isAlive(identity)).toBe(false);
    expect(await identityOf(pid)).toBeNull();
  });
});
