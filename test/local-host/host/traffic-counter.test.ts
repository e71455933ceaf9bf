import { describe, expect, it } from 'vitest';
import { FailureUnits } from '../../../src/local-host/host/failure-units.ts';
import { type EndedBy, TrafficCounter } from '../../../src/local-host/host/traffic-counter.ts';
import { WarmUp, warmAfterAnswers, warmAfterMs, warmAtLatestMs } from '../../../src/local-host/host/warm-up.ts';
import { latencyBucketOf, trafficCellSchema } from '../../../src/model/traffic.ts';

const who = (client: string | null = 'ada') => ({ client });

describe('traffic counter', () => {
  it('counts a request in the cell of its arrival, and its end once, by what came first', () => {
    const counter = new TrafficCounter();
    const slow = counter.arrived('r', 'user', 10_010);
    const fast = counter.arrived('r', 'user', 10_120);
    counter.arrived('r', 'probe', 10_130);
    expect([slow.open, fast.open]).toEqual([true, true]);
    fast.end('answer', 3, who());
    fast.end('timeout', 30_000, who());
    fast.completed();
    fast.completed();
    fast.mismatched();
    fast.mismatched();
    slow.end('connection', 1100, who());
    slow.end('answer', 1200, who());
    const cells = counter.changedSince(0);
    expect(cells).toHaveLength(2);
    expect(cells[0]).toEqual({
      revisionId: 'r',
      atMs: 10_000,
      stratum: 'user',
      arrivals: 2,
      ended: 2,
      failed: 1,
      failedUnits: 1,
      newUnits: 0,
      completed: 1,
      mismatched: 1,
      warming: 0,
      latency: [expect.any(Array), expect.any(Array)],
    });
    expect([slow.open, fast.open]).toEqual([false, false]);
    expect(cells[1]).toMatchObject({ atMs: 10_125, stratum: 'probe', arrivals: 1, ended: 0, failed: 0, latency: [] });
    for (const cell of cells) expect(trafficCellSchema.safeParse(cell).success).toBe(true);
  });

  it.each<[EndedBy, number]>([
    ['answer', 0],
    ['flowing', 0],
    ['left', 0],
    ['server_error', 1],
    ['connection', 1],
    ['timeout', 1],
  ])('an end by %s is %i failures, and is in the histogram', (by, failed) => {
    const counter = new TrafficCounter();
    counter.arrived('r', 'user', 0).end(by, 10, who());
    expect(counter.changedSince(0)[0]).toMatchObject({
      ended: 1,
      failed,
      failedUnits: failed,
      latency: [[latencyBucketOf(10), 1]],
    });
  });

  it('leaves a request at a warming instance out of the histogram and of nothing else', () => {
    const counter = new TrafficCounter();
    const cold = counter.arrived('r', 'user', 0);
    cold.warming();
    cold.warming();
    cold.end('server_error', 400, who());
    const warm = counter.arrived('r', 'user', 0);
    warm.end('answer', 4, who());
    warm.warming();
    const [cell] = counter.changedSince(0);
    expect(cell).toMatchObject({ arrivals: 2, ended: 2, failed: 1, failedUnits: 1, warming: 1 });
    expect(cell?.latency.reduce((sum, [, count]) => sum + count, 0)).toBe(1);
  });

  it('counts failures of one client within one minute once, in the cell seen first, and each of a client it does not know', () => {
    const counter = new TrafficCounter();
    const fail = (atMs: number, client: string | null, revisionId = 'r', stratum: 'user' | 'probe' = 'user'): void =>
      counter.arrived(revisionId, stratum, atMs).end('server_error', 1, who(client));
    for (let index = 0; index < 10; index += 1) fail(1000 + index * 49, 'a');
    fail(1499, 'b');
    fail(1499, null);
    fail(2000, null);
    fail(2000, 'a');
    fail(60_000, 'a');
    fail(2000, 'a', 'other');
    fail(2000, 'a', 'r', 'probe');
    const units = counter
      .changedSince(0)
      .map((cell) => [cell.revisionId, cell.stratum, cell.atMs, cell.failed, cell.failedUnits]);
    expect(units).toEqual([
      ['r', 'user', 1000, 3, 1],
      ['r', 'user', 1125, 3, 0],
      ['r', 'user', 1250, 2, 0],
      ['r', 'user', 1375, 4, 2],
      ['r', 'user', 2000, 2, 1],
      ['r', 'user', 60_000, 1, 1],
      ['other', 'user', 2000, 1, 1],
      ['r', 'probe', 2000, 1, 1],
    ]);
  });

  it('remembers failures for as long as it is told, and not more of them than fit', () => {
    const counter = new TrafficCounter();
    for (let index = 0; index < 3000; index += 1)
      counter.arrived('r', 'user', 58_000 + index).end('timeout', 1, who(`client-${index}`));
    expect(counter.rememberedFailures).toBe(3000);
    counter.forget(0, 60_001);
    expect(counter.rememberedFailures).toBe(1000);
    counter.forget(120_001);
    expect(counter.rememberedFailures).toBe(0);
    const units = new FailureUnits();
    for (let index = 0; index < 60_000; index += 1) expect(units.isFirst(500, `client-${index}`)).toBe(true);
    expect(units.size).toBe(50_000);
    expect(units.isFirst(500, 'client-7')).toBe(false);
    // Beyond what fits, repetitions are not told any more: too many units rather than too few.
    expect(units.isFirst(500, 'client-59999')).toBe(true);
  });

  it('notes drawn units with the revision that they were drawn for', () => {
    const counter = new TrafficCounter();
    counter.drew('candidate', 'user', 100);
    counter.arrived('stable', 'user', 100);
    expect(counter.changedSince(0).map((cell) => [cell.revisionId, cell.arrivals, cell.newUnits])).toEqual([
      ['candidate', 0, 1],
      ['stable', 1, 0],
    ]);
  });

  it('tells only what changed, as totals, and forgets what is old', () => {
    const counter = new TrafficCounter();
    counter.arrived('r', 'user', 1000);
    const later = counter.arrived('r', 'user', 2000);
    const seen = counter.lastChange;
    later.end('timeout', 1, who());
    expect(counter.changedSince(seen).map((cell) => [cell.atMs, cell.arrivals, cell.failed])).toEqual([[2000, 1, 1]]);
    expect(counter.changedSince(0, 1500)).toHaveLength(1);
    counter.forget(2000);
    expect(counter.changedSince(0)).toHaveLength(1);
    counter.forget(3000);
    counter.arrived('r', 'user', 2000);
    expect(counter.changedSince(0)).toMatchObject([{ arrivals: 1, ended: 0 }]);
  });
});

describe('warm-up', () => {
  it('needs fifty answers and fifteen seconds', () => {
    const warmUp = new WarmUp();
    warmUp.becameReady(0);
    for (let index = 1; index < warmAfterAnswers; index += 1) warmUp.answered();
    expect(warmUp.isWarming(warmAfterMs)).toBe(true);
    warmUp.answered();
    expect(warmUp.isWarming(warmAfterMs - 1)).toBe(true);
    expect(warmUp.isWarming(warmAfterMs)).toBe(false);
  });

  it('ends at the latest a minute after it first became ready, and does not begin again', () => {
    const warmUp = new WarmUp();
    expect(warmUp.isWarming(1e9)).toBe(true);
    warmUp.becameReady(1000);
    warmUp.becameReady(9000);
    expect(warmUp.isWarming(1000 + warmAtLatestMs - 1)).toBe(true);
    expect(warmUp.isWarming(1000 + warmAtLatestMs)).toBe(false);
    warmUp.becameReady(100_000);
    expect(warmUp.isWarming(100_000)).toBe(false);
    expect(WarmUp.done().isWarming(0)).toBe(false);
  });
});
