import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProxySource } from '../../src/metrics/proxy-source.ts';
import type { Measurement, MetricSource } from '../../src/model/metric-source.ts';
import { cellMs, latencyBucketOf, logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';
import { cell, createFakeFeed, type FakeFeed, frame } from './fake-feed.ts';

const start = Date.UTC(2026, 0, 5, 10);
const arms = { baseline: 'rev-1', canary: 'rev-2' };

describe('proxy source', () => {
  let clock: VirtualClock;
  let feed: FakeFeed;
  let source: MetricSource;
  let ending: AbortController;

  beforeEach(async () => {
    clock = createVirtualClock(start);
    feed = createFakeFeed();
    ending = new AbortController();
    source = createProxySource({ feed, clock, requestTimeoutMs: 5000 });
    await source.start(arms, ending.signal);
    await clock.advance(0);
  });
  afterEach(() => ending.abort());

  const deliver = async (value: unknown): Promise<void> => {
    feed.send(value);
    await clock.advance(0);
  };
  const requests = (fromMs: number, toMs: number): Measurement =>
    source.measure({ kind: 'requests', stratum: 'user' }, { fromMs, toMs }, 'canary');

  it('knows one cell less than the latest frame, on the clock of the producer', async () => {
    await deliver(frame(start - 4000));
    expect(source.knownUntilMs()).toBe(start - 4000 - cellMs);
    await deliver(frame(start + 9000));
    expect(source.knownUntilMs()).toBe(start + 9000 - cellMs);
  });

  it('takes a later cell in place of an earlier one, never adding', async () => {
    await deliver(frame(start + 500, [cell(start, { arrivals: 10, ended: 6, completed: 6, newUnits: 2 })]));
    expect(requests(start, start + 250)).toEqual({
      status: 'measured',
      value: 0,
      samples: 10,
      failures: 0,
      open: 4,
      failedUnits: 0,
      newUnits: 2,
      window: { fromMs: start, toMs: start + 250 },
      source: 'proxy',
    });
    await deliver(
      frame(start + 3250, [
        cell(start, { arrivals: 10, ended: 9, completed: 6, failed: 3, failedUnits: 1, newUnits: 2 }),
      ]),
    );
    expect(requests(start, start + 250)).toMatchObject({
      samples: 10,
      failures: 3,
      open: 1,
      failedUnits: 1,
      value: 0.3,
    });
  });

  it('counts what is open beyond the time-out as failed: its producer has died and users got no answer', async () => {
    const latency: Array<[number, number]> = [[latencyBucketOf(10), 5]];
    const dying = [
      cell(start, { arrivals: 10, ended: 6, completed: 6, warming: 2, latency }),
      cell(start + cellMs, { arrivals: 3, ended: 0 }),
    ];
    await deliver(frame(start + 2000, dying));
    const both = { fromMs: start, toMs: start + 2 * cellMs };
    expect(requests(both.fromMs, both.toMs)).toMatchObject({ samples: 13, failures: 0, open: 7 });
    expect(source.latency(both, 'canary', 'user')).toMatchObject({ counts: latency, open: 6 });
    // The first cell's youngest request is as old as the time-out, the second's is not.
    await deliver(frame(start + 5000 + 2 * cellMs));
    expect(requests(start, start + cellMs)).toMatchObject({ samples: 10, failures: 4, open: 0, failedUnits: 4 });
    expect(requests(both.fromMs, both.toMs)).toMatchObject({ samples: 13, failures: 4, open: 3 });
    await deliver(frame(start + 5000 + 3 * cellMs));
    expect(requests(both.fromMs, both.toMs)).toMatchObject({ samples: 13, failures: 7, open: 0, failedUnits: 7 });
    expect(source.latency(both, 'canary', 'user')).toMatchObject({
      counts: [...latency, [latencyBucketOf(5000), 6]],
      open: 0,
    });
    expect(source.measure({ kind: 'slower_than', aboveMs: 4000, stratum: 'user' }, both, 'canary')).toMatchObject({
      failures: 6,
      samples: 11,
    });
  });

  it('never takes back what it knows when the producer restarts and counts from zero', async () => {
    await deliver(frame(start + 500, [cell(start, { arrivals: 10, ended: 6, failed: 2, failedUnits: 2 })]));
    feed.break('ECONNRESET');
    await clock.advance(200);
    await deliver(frame(start + 1000, [cell(start, { arrivals: 1, ended: 1 }), cell(start + 500, { arrivals: 4 })]));
    expect(requests(start, start + 250)).toMatchObject({ samples: 10, failures: 2, open: 4 });
    expect(requests(start + 500, start + 750)).toMatchObject({ samples: 4, open: 0 });
  });

  it('tells units that were drawn for a revision also when another one took their requests', async () => {
    await deliver(frame(start + 500, [cell(start, { newUnits: 3 })]));
    expect(requests(start, start + 250)).toMatchObject({ status: 'measured', value: 0, samples: 0, newUnits: 3 });
  });

  it('tells no data from not known', async () => {
    await deliver(frame(start + 3000));
    expect(requests(start, start + 250)).toMatchObject({ status: 'no_data', reason: 'no request arrived' });
    expect(requests(start + 2750, start + 3000)).toMatchObject({
      status: 'error',
      reason: 'the window is not completely known yet',
    });
  });

  it('keeps revisions and strata apart and drops revisions that nobody asked for', async () => {
    await deliver(
      frame(start + 3000, [
        cell(start, { arrivals: 1 }),
        cell(start, { arrivals: 2, stratum: 'probe' }),
        cell(start, { arrivals: 3, revisionId: 'rev-1' }),
        cell(start, { arrivals: 9, revisionId: 'other' }),
      ]),
    );
    const window = { fromMs: start, toMs: start + 250 };
    expect(requests(start, start + 250)).toMatchObject({ samples: 1 });
    expect(source.measure({ kind: 'requests', stratum: 'probe' }, window, 'canary')).toMatchObject({
      samples: 2,
    });
    expect(source.measure({ kind: 'requests', stratum: 'user' }, window, 'baseline')).toMatchObject({
      samples: 3,
    });
  });

  it('reads slow and mismatched requests', async () => {
    const latency: Array<[number, number]> = [
      [latencyBucketOf(10), 6],
      [latencyBucketOf(600), 3],
    ];
    await deliver(frame(start + 3000, [cell(start, { arrivals: 10, ended: 9, completed: 9, mismatched: 2, latency })]));
    const window = { fromMs: start, toMs: start + 250 };
    expect(source.measure({ kind: 'slower_than', aboveMs: 500, stratum: 'user' }, window, 'canary')).toMatchObject({
      failures: 3,
      samples: 9,
    });
    expect(source.measure({ kind: 'wrong_revision', stratum: 'user' }, window, 'canary')).toMatchObject({
      failures: 2,
      samples: 9,
    });
    expect(source.latency(window, 'canary', 'user')).toEqual({ edgesMs: logLatencyEdgesMs, counts: latency, open: 1 });
    expect(source.latency(window, 'baseline', 'user')).toMatchObject({ counts: [], open: 0 });
    expect(source.latency({ fromMs: start + 60_000, toMs: start + 60_250 }, 'canary', 'user')).toBeNull();
  });

  it('reconnects after a break, from before the oldest request that can still be open', async () => {
    await deliver(frame(start + 10_000, [cell(start + 5000, { arrivals: 4 })]));
    feed.break('ECONNRESET');
    await clock.advance(50);
    expect(requests(start + 10_000, start + 10_250)).toMatchObject({
      status: 'error',
      reason: expect.stringContaining('ECONNRESET'),
    });
    expect(requests(start + 5000, start + 5250)).toMatchObject({ status: 'measured', samples: 4 });
    await clock.advance(200);
    expect(feed.openings.map((opening) => opening.sinceMs)).toEqual([
      start - 60_000,
      start + 10_000 - cellMs - 5000 - cellMs,
    ]);
    await deliver(frame(start + 12_000));
    expect(source.knownUntilMs()).toBe(start + 12_000 - cellMs);
    expect(source.silentForMs()).toBe(0);
  });

  it('grows silent while the producer refuses, with growing pauses, and never reports no data for what it did not hear', async () => {
    await deliver(frame(start + 3000));
    feed.refuse('ECONNREFUSED');
    feed.break('ECONNRESET');
    await clock.advance(60_000);
    expect(source.silentForMs()).toBe(60_000);
    expect(feed.openings.length).toBeGreaterThan(10);
    expect(feed.openings.length).toBeLessThan(40);
    expect(requests(start + 30_000, start + 30_250).status).toBe('error');
    feed.refuse(null);
    for (const before = feed.openings.length; feed.openings.length === before; ) await clock.advance(100);
    await deliver(frame(start + 63_000, [cell(start + 30_000, { arrivals: 7 })]));
    expect(requests(start + 30_000, start + 30_250)).toMatchObject({ status: 'measured', samples: 7 });
  });

  it('gives up a connection that stalls, and closes it', async () => {
    await deliver(frame(start + 3000));
    await clock.advance(2500);
    expect(feed.openings.length).toBeGreaterThan(1);
    expect(feed.openings[0]?.signal.aborted).toBe(true);
    expect(source.silentForMs()).toBe(2500);
    expect(requests(start + 4000, start + 4250)).toMatchObject({
      status: 'error',
      reason: expect.stringContaining('sent nothing'),
    });
  });

  it('opens again when the feed ends as if all were well', async () => {
    feed.finish();
    await clock.advance(500);
    expect(feed.openings).toHaveLength(2);
  });

  const garbage: Array<[string, unknown]> = [
    ['no object', 'hello'],
    ['null', null],
    ['NaN as time', frame(Number.NaN)],
    ['a negative count', frame(start, [cell(start, { arrivals: -1 })])],
    ['NaN as count', frame(start, [cell(start, { arrivals: Number.NaN })])],
    ['an unknown key', { ...frame(start), extra: 1 }],
    ['more endings than arrivals', frame(start, [cell(start, { arrivals: 1, ended: 2 })])],
    ['more failures than endings', frame(start, [cell(start, { arrivals: 2, ended: 1, failed: 2 })])],
    ['more failed units than failures', frame(start, [cell(start, { arrivals: 2, failed: 1, failedUnits: 2 })])],
    ['more warming than arrivals', frame(start, [cell(start, { arrivals: 2, warming: 3 })])],
    ['more latencies than endings', frame(start, [cell(start, { arrivals: 2, ended: 1, latency: [[3, 2]] })])],
    ['latencies of warming requests', frame(start, [cell(start, { arrivals: 2, warming: 1, latency: [[3, 2]] })])],
    ['the cells of an older contract', frame(start, [Object.assign(cell(start), { failedFast: 0 })])],
    ['a cell off the grid', frame(start + 10, [cell(start + 1)])],
    ['a bucket that does not exist', frame(start, [cell(start, { arrivals: 1, completed: 1, latency: [[684, 1]] })])],
    ['a negative bucket count', frame(start, [cell(start, { arrivals: 1, completed: 1, latency: [[3, -1]] })])],
    ['a clock an hour ahead', frame(start + 3_600_000)],
  ];
  it.each(garbage)('takes nothing from an unreadable frame: %s', async (_name, value) => {
    await deliver(frame(start + 3000, [cell(start, { arrivals: 5 })]));
    await deliver(value);
    expect(source.knownUntilMs()).toBe(start + 3000 - cellMs);
    expect(requests(start, start + 250)).toMatchObject({ status: 'measured', samples: 5 });
    expect(requests(start + 3000, start + 3250)).toMatchObject({
      status: 'error',
      reason: expect.stringContaining('unreadable'),
    });
    await clock.advance(500);
    expect(feed.openings).toHaveLength(2);
  });

  it('keeps at least fifteen minutes and no more than it needs', async () => {
    const cellEnd = start + 20 * 60_000;
    for (let at = start; at <= cellEnd; at += 60_000) {
      await deliver(frame(at + 2000, [cell(at, { arrivals: 1 })]));
      await clock.advance(60_000 - 1);
      await deliver(frame(at + 60_000));
    }
    expect(requests(cellEnd - 15 * 60_000 + 60_000, cellEnd - 15 * 60_000 + 60_250).status).toBe('measured');
    expect(requests(start, start + 250)).toMatchObject({ status: 'error', reason: expect.stringContaining('before') });
  }, 20_000);

  it('hands out each instance event once, and none from before the start', async () => {
    const event = (atMs: number, what: 'exited' | 'ready') => ({
      revisionId: 'rev-2',
      instanceId: 'i1',
      atMs,
      what,
      code: null,
      signal: null,
      excerpt: null,
    });
    await deliver(frame(start + 1000, [], [event(start - 30_000, 'exited')]));
    await deliver(frame(start + 1250, [], [event(start + 1200, 'ready')]));
    feed.break('ECONNRESET');
    await clock.advance(200);
    await deliver(frame(start + 2000, [], [event(start + 1200, 'ready'), event(start + 1900, 'exited')]));
    expect(source.takeInstanceEvents().map((one) => one.what)).toEqual(['ready', 'exited']);
    expect(source.takeInstanceEvents()).toEqual([]);
  });

  it('closes the feed when its signal fires and stays quiet', async () => {
    await deliver(frame(start + 3000));
    ending.abort();
    await clock.advance(60_000);
    expect(feed.openings).toHaveLength(1);
    expect(feed.openings[0]?.signal.aborted).toBe(true);
  });
});
