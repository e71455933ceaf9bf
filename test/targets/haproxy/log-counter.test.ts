import { describe, expect, it } from 'vitest';
import { cellMs } from '../../../src/model/traffic.ts';
import { LogCounter } from '../../../src/targets/haproxy/log-counter.ts';

const startMs = 1_000_000 * cellMs;

/** A worker of HAProxy as its counters and lines tell of it. */
function scene() {
  const counter = new LogCounter(3000);
  let nowMs = startMs;
  const logged = new Map<number, number>();
  return {
    counter,
    later: (ms: number): void => {
      nowMs += ms;
    },
    reading: (pid: number, arrived: number, open: number, logFollowed = true) =>
      counter.take({ pid, counts: [{ revisionId: 'rev-1', kind: 'user', arrived, open }], nowMs, logFollowed }),
    line: (pid: number, number: number, { status = 200, how = '--', client = '-', lost = false } = {}): void => {
      const before = logged.get(pid) ?? 0;
      logged.set(pid, before + 1);
      if (!lost)
        counter.line(
          `seatrial1 ${pid} ${before} rev-1/user ${number} ${status} ${how} 5 shop_a/s1 rev-1 ${client}`,
          nowMs,
        );
    },
    interrupt: (): void => counter.interrupt(nowMs, 'nobody looked'),
    sums: () => {
      const cells = counter.counter.changedSince(0);
      const sum = (name: 'arrivals' | 'ended' | 'failed' | 'failedUnits'): number =>
        cells.reduce((all, cell) => all + cell[name], 0);
      return [sum('arrivals'), sum('ended'), sum('failed'), sum('failedUnits')];
    },
    lost: () => counter.lostSince(0).map(({ reason }) => reason),
  };
}

describe('LogCounter', () => {
  it('knows requests by their numbers before they end, and leaves out those that came before anybody looked', () => {
    const { reading, line, sums, later, lost } = scene();
    reading(1, 10, 2);
    reading(1, 13, 5);
    expect(sums()).toEqual([3, 0, 0, 0]);
    line(1, 9);
    line(1, 12, { status: 500 });
    later(100);
    // A line that is faster than the counters.
    line(1, 14);
    expect(sums()).toEqual([4, 2, 1, 1]);
    reading(1, 14, 3);
    expect(sums()).toEqual([4, 2, 1, 1]);
    expect(lost()).toEqual([]);
  });

  it('keeps lines that come before the first reading until it says whose they are', () => {
    const { reading, line, sums } = scene();
    line(1, 10);
    line(1, 11);
    reading(1, 10, 0);
    reading(1, 11, 0);
    expect(sums()).toEqual([1, 1, 0, 0]);
  });

  it('ends what still flows without blame, and takes its late line for nothing new', () => {
    const { reading, line, sums, later } = scene();
    reading(1, 0, 0);
    reading(1, 1, 1);
    later(3000);
    reading(1, 1, 1);
    expect(sums()).toEqual([1, 1, 0, 0]);
    line(1, 1, { how: 'sD' });
    expect(sums()).toEqual([1, 1, 0, 0]);
  });

  it('misses a line by the count of those before it', () => {
    const { reading, line, later, lost } = scene();
    reading(1, 0, 0);
    reading(1, 3, 3);
    line(1, 1);
    line(1, 2, { lost: true });
    line(1, 3);
    reading(1, 3, 1);
    later(900);
    reading(1, 3, 1);
    expect(lost()).toEqual([]);
    later(200);
    reading(1, 3, 1);
    expect(new Set(lost())).toEqual(new Set(["1 lines of HAProxy's log were lost"]));
    const cells = lost().length;
    later(2000);
    reading(1, 3, 1);
    expect(lost()).toHaveLength(cells);
  });

  it('misses the last line by what HAProxy still has open', () => {
    const { reading, line, later, lost } = scene();
    reading(1, 0, 0);
    reading(1, 2, 2);
    line(1, 1);
    line(1, 2, { lost: true });
    reading(1, 2, 0);
    expect(lost()).toEqual([]);
    later(1100);
    reading(1, 2, 0, false);
    expect(lost()).toEqual([]);
    reading(1, 2, 0);
    expect(lost()[0]).toMatch(/did not tell of/);
  });

  it('goes on with another worker, and hears the former one to its end, which numbers from 1 again', () => {
    const { reading, line, sums, later, lost } = scene();
    reading(1, 20, 0);
    reading(1, 22, 2);
    line(1, 1);
    later(100);
    reading(2, 3, 3);
    line(1, 2);
    line(1, 21);
    line(1, 22, { how: 'sH', status: 504 });
    line(2, 1);
    line(2, 2);
    line(2, 3);
    expect(sums()).toEqual([7, 7, 1, 1]);
    expect(lost()).toEqual([]);
  });

  it('knows nothing of the time in which nobody looked', () => {
    const { reading, interrupt, sums, later, lost } = scene();
    reading(1, 0, 0);
    reading(1, 4, 4);
    later(1000);
    interrupt();
    later(1000);
    reading(1, 50, 0);
    reading(1, 51, 1);
    expect(sums()[0]).toBe(5);
    expect(new Set(lost())).toEqual(new Set(['nobody looked']));
    expect(lost().length).toBeGreaterThanOrEqual(1000 / cellMs);
  });

  it('says when counters fall under it', () => {
    const { reading } = scene();
    expect(reading(1, 10, 0)).toBeNull();
    expect(reading(1, 3, 0)).toMatch(/began anew/);
  });

  it('counts repetitions of one user once', () => {
    const { reading, line, sums } = scene();
    reading(1, 0, 0);
    reading(1, 4, 4);
    for (const number of [1, 2, 3]) line(1, number, { status: 500, client: '42' });
    line(1, 4, { status: 500 });
    expect(sums()).toEqual([4, 4, 4, 2]);
  });
});
