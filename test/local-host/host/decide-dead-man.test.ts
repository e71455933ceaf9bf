import { describe, expect, it } from 'vitest';
import {
  beginDeadManWatch,
  type DeadManWatch,
  decideDeadMan,
  graceMs,
  type Instant,
  passedMs,
} from '../../../src/local-host/host/decide-dead-man.ts';

const holdMs = 30_000;

/** Looks once a second in virtual time; returns the second in which it fires, or null. */
function firesAfter(
  seconds: number,
  world: {
    alive?: (second: number) => number;
    renews?: (second: number) => boolean;
    wall?: (second: number) => number;
    mono?: (second: number) => number;
  },
): { second: number; reason: string } | null {
  const {
    alive = () => 2,
    renews = () => true,
    wall = (second) => 1_700_000_000_000 + second * 1000,
    mono = (second) => second * 1000,
  } = world;
  const at = (second: number): Instant => ({ wallMs: wall(second), monoMs: mono(second) });
  let watch: DeadManWatch = beginDeadManWatch(holdMs, at(0));
  for (let second = 1; second <= seconds; second += 1) {
    if (renews(second)) watch = { ...beginDeadManWatch(holdMs, at(second)), goneSince: watch.goneSince };
    const decision = decideDeadMan(watch, at(second), alive(second));
    if (decision.fire !== null) return { second, reason: decision.fire };
    watch = decision.watch;
  }
  return null;
}

describe('the dead-man', () => {
  it('waits for ever while somebody lives and renews', () => {
    expect(firesAfter(10_000, {})).toBeNull();
    expect(firesAfter(10_000, { alive: () => 1 })).toBeNull();
  });

  it('fires after a grace when supervisor and watchdog are gone, and says so', () => {
    const dead = (second: number): boolean => second >= 10;
    const fired = firesAfter(100, { alive: (s) => (dead(s) ? 0 : 2), renews: (s) => !dead(s) });
    expect(fired).toEqual({
      second: 10 + graceMs / 1000,
      reason: expect.stringMatching(/supervisor and the watchdog/),
    });
  });

  it('gives a watchdog that restarts a supervisor its time', () => {
    const gap = (second: number): number => (second === 10 || second === 11 ? 0 : 1);
    expect(firesAfter(100, { alive: gap, renews: (s) => gap(s) > 0 })).toBeNull();
  });

  it('fires when owners live but nobody renews for the whole time: stopped processes', () => {
    const fired = firesAfter(100, { renews: () => false });
    expect(fired).toEqual({ second: 32, reason: expect.stringMatching(/nobody had attended to the run for 3\d s/) });
  });

  it('is not fooled by a wall clock that is set back: the monotonic one counts', () => {
    const fired = firesAfter(100, { renews: () => false, wall: (s) => 1_700_000_000_000 - s * 60_000 });
    expect(fired?.second).toBe(32);
  });

  it('counts the time that a machine slept, which the monotonic clock does not see', () => {
    const fired = firesAfter(100, { renews: () => false, mono: (s) => s, wall: (s) => s * 20_000 });
    expect(fired?.second).toBe(4);
  });

  it('lets an owner that lives renew after a clock was set forward or the machine slept', () => {
    const wall = (second: number): number => 1_700_000_000_000 + second * 1000 + (second >= 10 ? 3_600_000 : 0);
    expect(firesAfter(100, { wall, renews: (s) => s !== 10 && s !== 11 })).toBeNull();
    expect(firesAfter(100, { wall, renews: (s) => s < 10 })?.second).toBe(12);
  });

  it('never takes time for negative', () => {
    expect(passedMs({ wallMs: 5000, monoMs: 900 }, { wallMs: 1000, monoMs: 100 })).toBe(0);
    expect(passedMs({ wallMs: 5000, monoMs: 100 }, { wallMs: 1000, monoMs: 900 })).toBe(800);
  });
});
