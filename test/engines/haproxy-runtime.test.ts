import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/system/clock.ts';
import { renderConfigFragment } from '../../src/targets/haproxy/config-fragment.ts';
import { isSameWorker, type ProcessInfo } from '../../src/targets/haproxy/parse-process-info.ts';
import type { ProxyStat } from '../../src/targets/haproxy/parse-server-stat.ts';
import { planSplitWeights } from '../../src/targets/haproxy/plan-split-weights.ts';
import { refusalKind } from '../../src/targets/haproxy/runtime-answer.ts';
import { createRuntimeApi, type RuntimeApi } from '../../src/targets/haproxy/runtime-api.ts';
import { type Slot, splitKey } from '../../src/targets/haproxy/split-value.ts';
import { createHaproxyStage, type HaproxyStage } from '../fixtures/haproxy-stage.ts';
import { createKeepAliveClient, type KeepAliveClient } from '../fixtures/keep-alive-client.ts';
import { haproxyBinary, settingsIn, waitFor } from '../fixtures/real-haproxy.ts';
import { freePort } from '../fixtures/real-prometheus.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-runtime.test.ts: haproxy is not installed (apt-get install haproxy)');

const signal = new AbortController().signal;
const clock = createSystemClock();
const extra = `
backend mixed
    mode http
    balance roundrobin
    timeout connect 1s
    timeout server 10s
    option httpchk GET /health
backend fixed
    mode http
    balance static-rr
    timeout connect 1s
    timeout server 10s
    server only 127.0.0.1:1
frontend mixed_front
    mode http
    bind 127.0.0.1:MIXED_PORT
    timeout client 10s
    http-response set-header x-server %[srv_name]
    default_backend mixed
`;

let stage: HaproxyStage;
let client: KeepAliveClient;
let mixedUrl: string;
beforeAll(async () => {
  if (missing) return;
  const mixedPort = await freePort();
  mixedUrl = `http://127.0.0.1:${mixedPort}`;
  stage = await createHaproxyStage(extra.replace('MIXED_PORT', String(mixedPort)));
});
afterAll(async () => {
  if (!missing) await stage.close();
});
beforeEach(() => {
  client = createKeepAliveClient();
});
afterEach(() => {
  client.close();
  if (!missing) for (const app of stage.apps) app.behaviour = 'ok';
});

describe.skipIf(missing)('servers added at runtime', () => {
  it('are weighted, drained and deleted under load without one failed request', async () => {
    const { api } = stage.haproxy;
    for (const [index, app] of stage.apps.entries()) await add(`m${index}`, app.port, index < 2 ? 256 : 0);
    await waitFor('all four to be up', async () => (await stage.livingIn('mixed')) === 4);
    const load = client.startLoad(mixedUrl);
    const plan = planSplitWeights({ weightPercent: 5, candidateServers: 2, stableServers: 2 });
    if (plan === null) throw new Error('no plan');
    await setGroup(['m0', 'm1'], plan.stableWeight, ['m2', 'm3'], plan.candidateWeight);
    const before = await totalsOf('mixed');
    await client.many(2000, () => client.get(mixedUrl));
    const after = await totalsOf('mixed');
    const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    const share = (grown('m2') + grown('m3')) / (grown('m0') + grown('m1') + grown('m2') + grown('m3'));
    expect(100 * share).toBeCloseTo(5, 0);
    const slow = client.get(`${mixedUrl}/slow`);
    await waitFor('the slow request', async () => (await usedIn('mixed')).some(({ used }) => used > 0));
    for (const server of ['m0', 'm1', 'm2']) {
      const place = { backend: 'mixed', server };
      expect(refusalKind(await failureOf(api.delServer(place, 0, signal)))).toBe('not in maintenance');
      await api.setState(place, 'drain', signal);
      // Only then into maintenance, which closes idle connections: those that come back later stay for seconds.
      await waitFor('drain', async () =>
        (await usedIn('mixed')).every((one) => one.server !== server || one.used === 0),
      );
      await api.setState(place, 'maint', signal);
      await api.delServer(place, 5000, signal);
    }
    expect(await slow).toMatchObject({ status: 200, body: 'late' });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.requests()).toBeGreaterThan(200);
    const left = await api.serversState('mixed', signal);
    expect(left.map((one) => one.server)).toEqual(['m3']);
  });

  it('are refused while in use until the limit, and their sessions can be shut', async () => {
    const place = { backend: 'mixed', server: 'm3' };
    await stage.haproxy.api.setWeights([{ ...place, weight: 10 }], signal);
    const slow = client
      .get(`${mixedUrl}/slow`)
      .then(({ status }) => status)
      .catch(() => 'closed');
    await waitFor('the slow request', async () => (await usedIn('mixed')).some(({ used }) => used > 0));
    await stage.haproxy.api.setState(place, 'maint', signal);
    expect(refusalKind(await failureOf(stage.haproxy.api.delServer(place, 150, signal)))).toBe('server in use');
    await stage.haproxy.api.shutdownSessions(place, signal);
    // Closed without a word where the client's connection had answered before.
    expect([502, 'closed']).toContain(await slow);
    await stage.haproxy.api.delServer(place, 5000, signal);
  });

  it('are refused twice, in no backend, and where the balance is static', async () => {
    await add('twice', stage.apps[0]?.port ?? 0, 1);
    expect(refusalKind(await failureOf(add('twice', stage.apps[0]?.port ?? 0, 1)))).toBe('server exists');
    const fresh = { server: 'x', address: '127.0.0.1', port: 1, weight: 1, check: null, maxConnections: null };
    const { api } = stage.haproxy;
    expect(refusalKind(await failureOf(api.addServer({ ...fresh, backend: 'none' }, signal)))).toBe('no such backend');
    expect(refusalKind(await failureOf(api.addServer({ ...fresh, backend: 'fixed' }, signal)))).toBe('static balance');
    const weights = [
      { backend: 'mixed', server: 'twice', weight: 7 },
      { backend: 'mixed', server: 'none', weight: 3 },
    ];
    expect(refusalKind(await failureOf(api.setWeights(weights, signal)))).toBe('no such server');
    // One line is no transaction: what stands before and after the refused command was done.
    expect(await stage.stateOf({ backend: 'mixed', server: 'twice' })).toMatchObject({ weight: 7 });
    expect(refusalKind(await failureOf(api.stat('none', signal)))).toBe('no such backend');
    expect(refusalKind(await failureOf(api.serversState('none', signal)))).toBe('no such backend');
    expect(refusalKind(await failureOf(api.mapEntries('/none', signal)))).toBe('no such map');
    const { splitMap } = stage.haproxy.settings;
    expect(refusalKind(await failureOf(api.setMapValue(splitMap, { key: 'none', value: '1' }, signal)))).toBe(
      'no such entry',
    );
  });
});

describe.skipIf(missing)('a reload by someone else', () => {
  it('is seen by the worker, keeps what the state file holds, loses the rest, and loses no request', async () => {
    const { api, settings } = stage.haproxy;
    await stage.fillSlots();
    await add('lost', stage.apps[0]?.port ?? 0, 1);
    await stage.split('b', 25, 'kept');
    await api.setState({ backend: 'shop_a', server: 's2' }, 'drain', signal);
    await api.setWeights([{ backend: 'shop_a', server: 's1', weight: 77 }], signal);
    writeFileSync(settings.stateFile, await api.serversStateText(signal));
    const before = await api.info(signal);
    const servers = [...(await api.serversState('shop_a', signal)), ...(await api.serversState('shop_b', signal))];
    const load = client.startLoad(stage.haproxy.url);
    await stage.haproxy.reload();
    const slots = [...(await api.serversState('shop_a', signal)), ...(await api.serversState('shop_b', signal))];
    await clock.sleep(300);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(isSameWorker(before, await api.info(signal))).toBe(false);
    // Each change says which worker obeyed it.
    const obeyed = await stage.split('b', 25, 'kept');
    expect(isSameWorker(obeyed, await api.info(signal))).toBe(true);
    await stage.split('b', 0, 'none');
    const lasting = (one: (typeof servers)[number]): unknown => [
      one.server,
      one.address,
      one.port,
      one.admin,
      one.weight,
      one.operational,
    ];
    expect(slots.map(lasting)).toEqual(servers.map(lasting));
    expect((await api.serversState('mixed', signal)).map((one) => one.server)).toEqual([]);
    expect(await api.mapEntries(settings.splitMap, signal)).toEqual([{ key: splitKey, value: '0:none' }]);
    expect(await api.mapEntries(settings.revisionsMap, signal)).toEqual([]);
    // Counters began again with the new worker.
    const rows = await api.stat('shop_a', signal);
    expect(rows.find((row) => row.server === null)?.sessions.total).toBeLessThan(load.requests() + 5);
    await api.setState({ backend: 'shop_a', server: 's2' }, 'ready', signal);
  });

  it('keeps maps whose files were written too', async () => {
    const { settings, api } = stage.haproxy;
    writeFileSync(settings.splitMap, `${splitKey} 10000:disk\n`);
    writeFileSync(settings.revisionsMap, 'shop_b/s1 rev-b\nshop_b/s2 rev-b\n');
    await stage.haproxy.reload();
    expect(await api.mapEntries(settings.splitMap, signal)).toEqual([{ key: splitKey, value: '10000:disk' }]);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-b');
  });

  it('leaves one request of each idle connection to the former worker, with the former split', async () => {
    client = createKeepAliveClient(1);
    await stage.split('b', 100, 'former');
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-b');
    await stage.haproxy.reload();
    await stage.fillRevisions();
    await stage.split('b', 0, 'new');
    const revisions = [await client.get(stage.haproxy.url), await client.get(stage.haproxy.url)].map(
      (answer) => answer.revision,
    );
    expect(revisions).toEqual(['rev-b', 'rev-a']);
  });
});

describe.skipIf(missing)('statistics', () => {
  beforeAll(() => stage.fillSlots());

  it('count an answer at the server that gave it, and what HAProxy answered itself at the backend only', async () => {
    await stage.split('b', 100, 'counted');
    const before = await stage.haproxy.api.stat('shop_b', signal);
    await client.many(40, () => client.get(stage.haproxy.url));
    const after = await stage.haproxy.api.stat('shop_b', signal);
    expect(grownOf(before, after)).toEqual({ servers: 40, backend: 40, serverErrors: 0, backendErrors: 0 });
    for (const server of ['s1', 's2']) {
      await stage.haproxy.api.setAddress(
        { backend: 'shop_b', server },
        { address: '127.0.0.1', port: await freePort() },
        signal,
      );
    }
    // Before the first failed check both still count as living.
    const refused = await client.many(5, () => client.get(stage.haproxy.url));
    const last = await stage.haproxy.api.stat('shop_b', signal);
    const lost = refused.filter((answer) => answer.status === 503).length;
    expect(lost).toBeGreaterThan(0);
    expect(grownOf(after, last)).toMatchObject({ serverErrors: 0, backendErrors: lost });
    // A retry on another server counts as redispatch, not as retry.
    const all = last.find((row) => row.server === null);
    expect(all).toMatchObject({ connectErrors: lost, retries: 0, redispatches: 3 * lost });
    await stage.fillSlots();
  });
});

describe.skipIf(missing)('a second process that takes over with -sf, without a master', () => {
  it('is seen as another worker on the same socket', async () => {
    const directory = stage.haproxy.directory;
    const settings = { ...settingsIn(directory, await freePort()), statsSocket: join(directory, 'single.sock') };
    const config = join(directory, 'single.cfg');
    writeFileSync(config, renderConfigFragment(settings));
    const api = createRuntimeApi({ address: { path: settings.statsSocket }, connectTimeoutMs: 500, timeoutMs: 2000 });
    const start = (...more: string[]) =>
      spawn(haproxyBinary ?? '', ['-db', '-f', config, ...more], { stdio: 'ignore' });
    const first = start();
    const firstEnded = once(first, 'exit');
    await waitFor('the first', async () => (await api.info(signal)).pid === first.pid);
    const before = await api.info(signal);
    const second = start('-sf', String(first.pid), '-x', settings.statsSocket);
    const secondEnded = once(second, 'exit');
    await waitFor('the second', async () => (await api.info(signal)).pid === second.pid);
    expect(isSameWorker(before, await api.info(signal))).toBe(false);
    await firstEnded;
    second.kill('SIGTERM');
    await secondEnded;
    await expect(api.info(signal)).rejects.toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });
});

describe.skipIf(missing)('sockets', () => {
  it('of level operator may change maps, and no server', async () => {
    const { operator, settings } = stage.haproxy;
    expect(await operator.level(signal)).toBe('operator');
    expect(await stage.haproxy.api.level(signal)).toBe('admin');
    const place = { backend: 'shop_a', server: 's1' };
    const changes = [
      () => operator.setWeights([{ ...place, weight: 1 }], signal),
      () => operator.setState(place, 'drain', signal),
      () => operator.setAddress(place, { address: '127.0.0.1', port: 1 }, signal),
      () => operator.delServer(place, 0, signal),
      () => operator.shutdownSessions(place, signal),
      () =>
        operator.addServer({ ...place, address: '::1', port: 1, weight: 1, check: null, maxConnections: null }, signal),
    ];
    for (const change of changes) expect(refusalKind(await failureOf(change()))).toBe('not permitted');
    await operator.setMapValue(settings.splitMap, { key: splitKey, value: '0:operator' }, signal);
    expect(await operator.mapEntries(settings.splitMap, signal)).toEqual([{ key: splitKey, value: '0:operator' }]);
  });

  it('that speak something else are refused', async () => {
    const api = createRuntimeApi({ address: hostOf(stage.haproxy.url), connectTimeoutMs: 500, timeoutMs: 2000 });
    const failure = await failureOf(api.info(signal));
    expect(failure).toMatchObject({ code: 'TARGET_REFUSED', message: expect.stringContaining('HTTP/1.1 400') });
    expect(refusalKind(failure)).toBe('other');
  });
});

describe.skipIf(missing)('how fast it is', () => {
  it('changes a map or a weight within milliseconds', async () => {
    const { api, settings } = stage.haproxy;
    const place = { backend: 'shop_a', server: 's1' };
    const map = await medianOf(100, (index) =>
      api.setMapValue(settings.splitMap, { key: splitKey, value: `${index}:fast` }, signal),
    );
    const weight = await medianOf(100, (index) => api.setWeights([{ ...place, weight: index + 1 }], signal));
    const seen = await medianOf(20, async (index) => {
      const slot: Slot = index % 2 === 0 ? 'b' : 'a';
      await stage.split(slot, 100, 'seen');
      expect((await client.get(stage.haproxy.url)).body[0]).toBe(slot);
    });
    console.info(
      `median: set map ${map.toFixed(2)} ms, set weight ${weight.toFixed(2)} ms, map seen by a request ${seen.toFixed(2)} ms`,
    );
    expect(map).toBeLessThan(50);
    expect(weight).toBeLessThan(50);
  });
});

async function add(server: string, port: number, weight: number): Promise<void> {
  const place = { backend: 'mixed', server };
  const check = { intervalMs: 200, rise: 1, fall: 2 };
  await stage.haproxy.api.addServer(
    { ...place, address: '127.0.0.1', port, weight, check, maxConnections: null },
    signal,
  );
  await stage.haproxy.api.setHealth(place, true, signal);
  await stage.haproxy.api.setState(place, 'ready', signal);
}

function setGroup(
  stable: string[],
  stableWeight: number,
  candidate: string[],
  candidateWeight: number,
): Promise<ProcessInfo> {
  const of = (servers: string[], weight: number) => servers.map((server) => ({ backend: 'mixed', server, weight }));
  return stage.haproxy.api.setWeights([...of(stable, stableWeight), ...of(candidate, candidateWeight)], signal);
}

function usedIn(backend: string): ReturnType<RuntimeApi['connections']> {
  return stage.haproxy.api.connections(backend, signal);
}

async function totalsOf(backend: string): Promise<Map<string, number>> {
  const rows = await stage.haproxy.api.stat(backend, signal);
  return new Map(rows.map((row) => [row.server ?? 'all', row.sessions.total]));
}

type Grown = { servers: number; backend: number; serverErrors: number; backendErrors: number };

function grownOf(before: readonly ProxyStat[], after: readonly ProxyStat[]): Grown {
  const sum = (rows: readonly ProxyStat[], isServer: boolean, of: (row: ProxyStat) => number): number =>
    rows.filter((row) => (row.server !== null) === isServer).reduce((total, row) => total + of(row), 0);
  const grown = (isServer: boolean, of: (row: ProxyStat) => number): number =>
    sum(after, isServer, of) - sum(before, isServer, of);
  return {
    servers: grown(true, (row) => row.answers?.ok ?? 0),
    backend: grown(false, (row) => row.answers?.ok ?? 0),
    serverErrors: grown(true, (row) => row.answers?.serverError ?? 0),
    backendErrors: grown(false, (row) => row.answers?.serverError ?? 0),
  };
}

function hostOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return null;
  } catch (thrown) {
    return thrown;
  }
}

async function medianOf(times: number, work: (index: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let index = 0; index < times; index++) {
    const start = clock.monotonic();
    await work(index);
    taken.push(clock.monotonic() - start);
  }
  taken.sort((left, right) => left - right);
  return taken[Math.floor(times / 2)] ?? 0;
}
