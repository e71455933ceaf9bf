import { describe, expect, it } from 'vitest';
import type { ProxyStat } from '../../../src/targets/haproxy/parse-server-stat.ts';
import type { Slot } from '../../../src/targets/haproxy/split-value.ts';
import { createTotalsMemory } from '../../../src/targets/haproxy/traffic-totals.ts';

type Counted = { total: number; now?: number; ok: number; bad?: number; aborts?: number };

function row({ total, now = 0, ok, bad = 0, aborts = 0 }: Counted): ProxyStat {
  return {
    backend: 'a',
    server: null,
    status: 'UP',
    weight: 1,
    queue: { now: 0, max: 0 },
    sessions: { now, total },
    answers: { informational: 0, ok, redirect: 0, clientError: 0, serverError: bad, other: 0 },
    connectErrors: 0,
    responseErrors: 0,
    retries: 0,
    redispatches: 0,
    clientAborts: 0,
    serverAborts: aborts,
    lastChangeSeconds: null,
    checkStatus: '',
    checkRunning: false,
    checkText: '',
    address: '',
    balance: 'roundrobin',
    connections: null,
  };
}

const info = {
  version: '2.6',
  pid: 1,
  startedAtSeconds: 1,
  uptimeSeconds: 1,
  stopping: false,
  threads: 1,
  maxConnections: 1,
};
const view = (slot: Slot | null, pid = 1) => ({
  worker: { ...info, pid },
  keys: { slots: { a: slot === 'a' ? 'rev' : null, b: slot === 'b' ? 'rev' : null }, fence: 0 },
});

describe('totals of a slot', () => {
  it('count what has ended, and as failed what was answered badly, broke off, or ended without an answer', () => {
    const tell = createTotalsMemory();
    expect(tell(view('a'), 'rev', row({ total: 10, now: 2, ok: 7, bad: 1 }))).toEqual({
      epoch: '1:1',
      requests: 8,
      failures: 1,
    });
    // Two answers broke off in their middle: their status was good.
    expect(tell(view('a'), 'rev', row({ total: 20, ok: 19, bad: 1, aborts: 2 }))?.failures).toBe(3);
    const silent = row({ total: 25, ok: 20, bad: 1, aborts: 2 });
    tell(view('a'), 'rev', silent);
    expect(tell(view('a'), 'rev', silent)).toEqual({ epoch: '1:1', requests: 25, failures: 7 });
  });

  it('take a request that is just being counted for no failure, and never fall', () => {
    const tell = createTotalsMemory();
    tell(view('a'), 'rev', row({ total: 100, ok: 100 }));
    expect(tell(view('a'), 'rev', row({ total: 111, ok: 110 }))).toMatchObject({ requests: 111, failures: 0 });
    expect(tell(view('a'), 'rev', row({ total: 111, now: 1, ok: 110 }))).toMatchObject({ requests: 111, failures: 0 });
    expect(tell(view('a'), 'rev', row({ total: 120, ok: 120 }))).toMatchObject({ requests: 120, failures: 0 });
  });

  it('begin anew with another worker, and say nothing where the slot has just changed', () => {
    const tell = createTotalsMemory();
    tell(view('a'), 'rev', row({ total: 100, ok: 90, bad: 10 }));
    expect(tell(view('a', 2), 'rev', row({ total: 3, ok: 3 }))).toEqual({ epoch: '2:1', requests: 3, failures: 0 });
    expect(tell(view('b', 2), 'rev', row({ total: 500, ok: 500 }))).toBeNull();
    expect(tell(view('b', 2), 'rev', row({ total: 501, ok: 501 }))?.requests).toBe(501);
    expect(tell(view(null, 2), 'rev', row({ total: 501, ok: 501 }))).toBeNull();
  });
});
