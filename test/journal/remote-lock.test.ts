import { describe, expect, it } from 'vitest';
import { acquireRemoteLock, type HeldRemoteLock } from '../../src/journal/remote-lock.ts';
import type { LockRef } from '../../src/system/git-lock-ref.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';
import { refusal } from './journal-fixtures.ts';

const ref = 'refs/seatrial/locks/shop';
const ttlMs = 60_000;

/** A ref in memory; `silent` is a remote that does not answer. */
function createRef(): LockRef & { at: { oid: string; text: string } | null; silent: boolean } {
  let count = 0;
  const remote: ReturnType<typeof createRef> = {
    at: null,
    silent: false,
    read: async () => {
      if (remote.silent) throw new Error('no route to host');
      return remote.at;
    },
    move: async (from, text) => {
      if (remote.silent) throw new Error('no route to host');
      if ((remote.at?.oid ?? null) !== from) return null;
      count += 1;
      remote.at = { oid: `${count}`, text };
      return remote.at.oid;
    },
  };
  return remote;
}

async function take(remote: LockRef, clock: VirtualClock, runId: string): Promise<HeldRemoteLock> {
  const lock = await acquireRemoteLock({ remote, ref, runId, machine: `machine of ${runId}`, ttlMs, clock });
  if (!lock.ok) throw new Error(`refused by ${lock.holder.runId}`);
  return lock;
}

describe('the lock between machines', () => {
  it('has one owner, is released, and counts its owners', async () => {
    const remote = createRef();
    const clock = createVirtualClock();
    const first = await take(remote, clock, 'one');
    expect(await acquireRemoteLock({ remote, ref, runId: 'two', machine: 'm', ttlMs, clock })).toMatchObject({
      ok: false,
      holder: { runId: 'one', machine: 'machine of one', generation: 1 },
    });
    await first.release();
    expect((await take(remote, clock, 'two')).generation).toBe(2);
    // A late release by the one before changes nothing.
    await first.release();
    expect(await acquireRemoteLock({ remote, ref, runId: 'three', machine: 'm', ttlMs, clock })).toMatchObject({
      ok: false,
    });
  });

  it('is kept by renewing it, and followed when nobody does; the former owner is fenced at once and for ever', async () => {
    const remote = createRef();
    const clock = createVirtualClock();
    const first = await take(remote, clock, 'one');
    const stop = new AbortController();
    void first.keep(stop.signal);
    await clock.advance(10 * ttlMs);
    expect(first.fenced()).toBeNull();
    expect(await acquireRemoteLock({ remote, ref, runId: 'two', machine: 'm', ttlMs, clock })).toMatchObject({
      ok: false,
    });
    stop.abort();
    await clock.advance(ttlMs);
    expect(first.fenced()).toMatch(/could not be renewed for 60 s/);
    const second = await take(remote, clock, 'two');
    expect(second.generation).toBe(2);
    await first.renew();
    expect(first.fenced()).toMatch(/taken over by another machine/);
    await clock.advance(1);
    await first.renew();
    expect([first.fenced() === null, second.fenced()]).toEqual([false, null]);
  });

  it('is not lost by a remote that is silent for a while, and is when its time is over', async () => {
    const remote = createRef();
    const clock = createVirtualClock();
    const lock = await take(remote, clock, 'one');
    void lock.keep(new AbortController().signal);
    remote.silent = true;
    await clock.advance(ttlMs * 0.9);
    expect(lock.fenced()).toBeNull();
    await clock.advance(ttlMs * 0.2);
    expect(lock.fenced()).toMatch(/could not be renewed/);
    expect(await refusal(lock.release())).toMatch(/no route to host/);
  });

  it.each([
    ['set back an hour while time passes', -3_600_000, ttlMs],
    ['set forward', ttlMs, 0],
    ['asleep: only the wall clock moved', 10 * ttlMs, 0],
  ])('an owner takes the larger of both clocks: %s', async (_, wallMs, monotonicMs) => {
    const remote = createRef();
    const clock = createVirtualClock();
    let [wall, monotonic] = [0, 0];
    const jumping = { ...clock, now: () => clock.now() + wall, monotonic: () => clock.monotonic() + monotonic };
    const lock = await acquireRemoteLock({ remote, ref, runId: 'one', machine: 'm', ttlMs, clock: jumping });
    if (!lock.ok) throw new Error('refused');
    expect(lock.fenced()).toBeNull();
    [wall, monotonic] = [wallMs, monotonicMs];
    expect(lock.fenced()).toMatch(/could not be renewed/);
  });

  it('is taken over by the same run, whose former owner is known to be dead', async () => {
    const remote = createRef();
    const clock = createVirtualClock();
    const dead = await take(remote, clock, 'one');
    const next = await take(remote, clock, 'one');
    expect(next.generation).toBe(2);
    await dead.renew();
    expect([dead.fenced() === null, next.fenced()]).toEqual([false, null]);
  });

  it('is not taken where the ref holds something else', async () => {
    const remote = createRef();
    await remote.move(null, 'a release');
    expect(await refusal(take(remote, createVirtualClock(), 'one'))).toBe('LOCK_REMOTE');
  });
});
