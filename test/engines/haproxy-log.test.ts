import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { TrafficCell, TrafficFrame } from '../../src/model/traffic.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { createLoggedTraffic, type LoggedTraffic } from '../fixtures/logged-traffic.ts';
import { haproxyBinary, waitFor } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-log.test.ts: haproxy is not installed (apt-get install haproxy)');

const clock = createSystemClock();
const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Listener = {
  /** Sums of everything that was told so far. */
  sum(
    stratum?: 'user' | 'probe',
  ): Record<'arrivals' | 'ended' | 'failed' | 'failedUnits' | 'newUnits' | 'completed', number>;
  latencies(): number;
  lost(): string[];
  broken(): unknown;
};

/** Traffic and somebody who has listened to it from the begin. */
async function listen(extra = '', ringBytes?: number): Promise<{ traffic: LoggedTraffic; heard: Listener }> {
  const traffic = await createLoggedTraffic(extra, ringBytes);
  closing.push(traffic.close);
  await Promise.all(Array.from({ length: 30 }, () => traffic.send()));
  const ending = new AbortController();
  const cells = new Map<string, TrafficCell>();
  const lost = new Map<number, string>();
  let last: TrafficFrame | null = null;
  let broken: unknown = null;
  const reading = (async () => {
    for await (const frame of traffic.feed.frames({ sinceMs: 0, signal: ending.signal })) {
      last = frame;
      for (const cell of frame.cells) cells.set(`${cell.revisionId} ${cell.stratum} ${cell.atMs}`, cell);
      for (const { fromMs, reason } of frame.lost ?? []) lost.set(fromMs, reason);
    }
  })().catch((thrown: unknown) => {
    broken = thrown;
  });
  closing.push(async () => {
    ending.abort();
    await reading;
  });
  await waitFor('the first frame', async () => last !== null);
  const of = (stratum: 'user' | 'probe') => [...cells.values()].filter((cell) => cell.stratum === stratum);
  return {
    traffic,
    heard: {
      sum: (stratum = 'user') => {
        const sums = { arrivals: 0, ended: 0, failed: 0, failedUnits: 0, newUnits: 0, completed: 0 };
        for (const cell of of(stratum))
          for (const name of ['arrivals', 'ended', 'failed', 'failedUnits', 'newUnits', 'completed'] as const)
            sums[name] += cell[name];
        return sums;
      },
      latencies: () =>
        of('user').reduce((sum, cell) => sum + cell.latency.reduce((all, [, count]) => all + count, 0), 0),
      lost: () => [...lost.values()],
      broken: () => broken,
    },
  };
}

const times = (count: number, work: () => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, work));
/** A line is read, and the next frame tells of it. */
const heardOf = (): Promise<unknown> => clock.sleep(600);

describe.skipIf(missing)('what the log of HAProxy tells', { timeout: 60_000 }, () => {
  it('is every request once, with how it ended, and by kind', async () => {
    const { traffic, heard } = await listen();
    await times(40, () => traffic.send());
    await times(10, () => traffic.send('/fail'));
    await times(3, () => traffic.send('/cut'));
    await times(5, () => traffic.send('/', { 'x-seatrial-probe': '1' }));
    await times(4, () => traffic.send('/', { accept: 'text/event-stream' }));
    await times(2, () => traffic.send('/hang'));
    await heardOf();
    expect(heard.sum()).toEqual({ arrivals: 55, ended: 55, failed: 15, failedUnits: 15, newUnits: 55, completed: 50 });
    expect(heard.latencies()).toBe(55);
    expect(heard.sum('probe')).toMatchObject({ arrivals: 5, ended: 5, failed: 0 });
    expect(heard.lost()).toEqual([]);
  });

  it('knows what is open, and counts repetitions of one user once', async () => {
    const { traffic, heard } = await listen();
    const slow = times(6, () => traffic.send('/slow'));
    await clock.sleep(270);
    expect(heard.sum()).toMatchObject({ arrivals: 6, ended: 0 });
    await slow;
    await times(8, () => traffic.send('/fail', { cookie: 'seatrial_unit=somebody' }));
    // HAProxy goes on for a client that has left, so that the time-out of the instance shows.
    await abandon(traffic.haproxy.url);
    await clock.sleep(1500);
    expect(heard.sum()).toMatchObject({ arrivals: 15, ended: 15, failed: 9, failedUnits: 2, newUnits: 6 });
    expect(heard.lost()).toEqual([]);
  });

  it('takes what still flows after the longest time for no failure', async () => {
    const { traffic, heard } = await listen();
    const flowing = traffic.send('/flow');
    await clock.sleep(2000);
    expect(heard.sum()).toMatchObject({ arrivals: 1, ended: 1, failed: 0 });
    expect(await flowing).toBe(200);
    await heardOf();
    expect(heard.sum()).toMatchObject({ arrivals: 1, ended: 1, failed: 0 });
    expect(heard.lost()).toEqual([]);
  });

  it('goes on without a gap when HAProxy ends an idle reader', async () => {
    const { traffic, heard } = await listen();
    for (const pauseMs of [2500, 2050, 1990, 10]) {
      await times(5, () => traffic.send());
      await clock.sleep(pauseMs);
    }
    await times(5, () => traffic.send());
    await heardOf();
    expect(heard.sum()).toMatchObject({ arrivals: 25, ended: 25, completed: 25 });
    expect([heard.lost(), heard.broken()]).toEqual([[], null]);
  });

  it('goes on over a reload: nothing is lost, and nothing counted twice', async () => {
    const { traffic, heard } = await listen();
    let sent = 0;
    const statuses = new Map<number, number>();
    const beat = setInterval(() => {
      sent += 1;
      void traffic
        .send(sent % 10 === 0 ? '/slow' : '/')
        .then((status) => statuses.set(status, (statuses.get(status) ?? 0) + 1));
    }, 10);
    await clock.sleep(500);
    for (let turn = 0; turn < 2; turn += 1) {
      await traffic.haproxy.reload();
      await clock.sleep(1200);
    }
    clearInterval(beat);
    await clock.sleep(1000);
    console.info(`over 2 reloads: ${JSON.stringify(heard.sum())} of ${sent}: ${JSON.stringify([...statuses])}`);
    expect([heard.lost(), heard.broken()]).toEqual([[], null]);
    expect(heard.sum()).toMatchObject({ arrivals: sent, ended: sent, failed: 0, completed: sent });
  });

  it('says so when lines were lost, and goes on', async () => {
    const { traffic, heard } = await listen('', 16_384);
    // Whoever reads is busy for so long that the ring cannot hold what comes.
    spawnSync('wrk', ['-t1', '-c16', '-d1s', `${traffic.haproxy.url}/fast`], { stdio: 'ignore' });
    await clock.sleep(1500);
    console.info(
      `behind by 1 s: ${JSON.stringify(heard.sum())}, ${heard.lost().length} cells without a verdict, ${heard.lost()[0] ?? String(heard.broken())}`,
    );
    expect(heard.lost().length).toBeGreaterThan(0);
    expect(heard.lost()[0]).toMatch(/lines of HAProxy's log were lost|did not tell of/);
    const before = [heard.sum().ended, heard.lost().length];
    await clock.sleep(1500);
    await times(5, () => traffic.send());
    await heardOf();
    expect(heard.sum().ended - (before[0] ?? 0)).toBeGreaterThanOrEqual(5);
    expect(heard.lost()).toHaveLength(before[1] ?? 0);
  });

  it('takes no line of anybody else', async () => {
    const other = [
      'frontend other',
      '    mode http',
      '    bind unix@/tmp/seatrial-other.sock',
      '    timeout client 5s',
      '    log ring@seatrial_shop format raw local0',
      '    log-format "seatrial1 1 0 rev-1/user 99 200 -- 1 shop_a/s1 rev-1 -"',
      '    http-request return status 200',
    ];
    const { traffic, heard } = await listen(
      `${other.join('\n').replace('/tmp/', `${process.env['TMPDIR'] ?? '/tmp'}/`)}\n`,
    );
    await times(3, () => traffic.send());
    await heardOf();
    expect(heard.sum()).toMatchObject({ arrivals: 3, ended: 3 });
  });
});

/** A request whose client goes away at once. */
async function abandon(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.write('GET /hang HTTP/1.1\r\nHost: x\r\nCookie: seatrial_unit=gone\r\n\r\n');
  await clock.sleep(100);
  socket.destroy();
}
