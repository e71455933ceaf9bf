import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/system/clock.ts';
import { assessConfig } from '../../src/targets/haproxy/assess-config.ts';
import { loadRunningConfig } from '../../src/targets/haproxy/load-running-config.ts';
import { type Slot, splitKey } from '../../src/targets/haproxy/split-value.ts';
import { createHaproxyStage, type HaproxyStage } from '../fixtures/haproxy-stage.ts';
import { createKeepAliveClient, type KeepAliveClient } from '../fixtures/keep-alive-client.ts';
import { checkHaproxyConfig, haproxyBinary, waitFor } from '../fixtures/real-haproxy.ts';
import { freePort } from '../fixtures/real-prometheus.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-split.test.ts: haproxy is not installed (apt-get install haproxy)');

const signal = new AbortController().signal;
const clock = createSystemClock();
const narrow = `
backend narrow
    mode http
    balance roundrobin
    timeout connect 1s
    timeout server 10s
`;
let stage: HaproxyStage;
let client: KeepAliveClient;

beforeAll(async () => {
  if (missing) return;
  stage = await createHaproxyStage(narrow);
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

describe.skipIf(missing)('the fragment', () => {
  it('is accepted by HAProxy without a warning of its own', () => {
    const { ok, output } = checkHaproxyConfig(stage.haproxy.configText, stage.haproxy.settings);
    expect(output).toContain('Configuration file is valid');
    expect(ok).toBe(true);
    const warnings = output
      .split('\n')
      .filter((line) => line.includes('[WARNING]') && !line.includes('server state file'));
    expect(warnings).toEqual([]);
  });

  it('is found whole in a process that was started with it', async () => {
    const running = await loadRunningConfig(stage.haproxy.api, stage.haproxy.settings, {
      configText: stage.haproxy.configText,
      signal,
    });
    const findings = assessConfig(stage.haproxy.settings, running);
    expect(findings.filter((one) => one.state !== 'present')).toEqual([]);
    expect(findings.length).toBeGreaterThan(60);
  });

  it('is missed line by line where it was not put, also through a socket of level operator', async () => {
    const other = {
      ...stage.haproxy.settings,
      splitMap: '/etc/haproxy/none.map',
      backends: { a: 'narrow', b: 'nowhere' },
    };
    const running = await loadRunningConfig(stage.haproxy.operator, other, { configText: null, signal });
    const missed = assessConfig(other, running).filter((one) => one.state === 'missing');
    expect(missed.map((one) => one.part)).toEqual([
      'stats socket of level admin',
      'backend narrow: places for 3 instances',
      'backend nowhere',
      'split map /etc/haproxy/none.map',
    ]);
    expect(missed[0]?.add?.line).toContain('level admin');
  });
});

describe.skipIf(missing)('slots', () => {
  beforeAll(() => stage.fillSlots());

  it('counts a server that leaves maintenance as running before any check, so a pass must be waited for', async () => {
    const place = { backend: 'shop_b', server: 's3' };
    await stage.haproxy.api.setAddress(place, { address: '127.0.0.1', port: await freePort() }, signal);
    await stage.haproxy.api.setState(place, 'ready', signal);
    expect(await stage.stateOf(place)).toMatchObject({ operational: 'running', check: 'none' });
    await waitFor('the failed check', async () => (await stage.stateOf(place))?.operational === 'stopped');
    await stage.haproxy.api.setState(place, 'maint', signal);
  });

  it('splits 2,000 new units as the map says, at once, and issues each a cookie', async () => {
    for (const percent of [5, 25, 50]) {
      await stage.split('b', percent, `fresh-${percent}`);
      const answers = await client.many(2000, () => client.get(stage.haproxy.url));
      const share = answers.filter((answer) => answer.revision === 'rev-b').length / 2000;
      const deviation = Math.sqrt(((percent / 100) * (1 - percent / 100)) / 2000);
      expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
      expect(Math.abs(share - percent / 100)).toBeLessThan(4 * deviation);
      expect(new Set(answers.map((answer) => answer.cookie)).size).toBe(2000);
    }
  });

  it('keeps every unit in its arm and moves it towards the candidate only, in either slot', async () => {
    await stage.split('b', 0, 'sticky-1');
    const units = (await client.many(1000, () => client.get(stage.haproxy.url))).map(
      (answer) => answer.cookie ?? 'none',
    );
    const inB = await growing(units, 'b', 'rev-b', 'sticky-1');
    // b is stable now and a takes the next candidate: the salt may change, because no unit is in a.
    const inA = await growing(units, 'a', 'rev-a', 'sticky-2');
    // Another salt draws other units: those of the first 25 % are no more likely to be in the second.
    const both = inB.filter((unit) => inA.includes(unit)).length;
    expect(both / inB.length).toBeGreaterThan(0.15);
    expect(both / inB.length).toBeLessThan(0.35);
  });

  it('draws anew for a cookie that is no unit, and takes a map that says nonsense for the first slot', async () => {
    await stage.split('b', 0, 'odd');
    expect((await client.get(stage.haproxy.url, { cookie: 'seatrial_unit=a b;c' })).cookie).toMatch(/^[0-9a-f-]{36}$/);
    expect((await client.get(stage.haproxy.url, { cookie: `seatrial_unit=${'x'.repeat(65)}` })).cookie).toMatch(
      /^[0-9a-f-]{36}$/,
    );
    expect((await client.get(stage.haproxy.url, { cookie: 'seatrial_unit=mine' })).cookie).toBeNull();
    await stage.haproxy.api.setMapValue(stage.haproxy.settings.splitMap, { key: splitKey, value: 'nonsense' }, signal);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-a');
    await stage.haproxy.api.delMapEntry(stage.haproxy.settings.splitMap, splitKey, signal);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-a');
    await stage.haproxy.api.addMapEntry(stage.haproxy.settings.splitMap, { key: splitKey, value: '0:odd' }, signal);
  });

  it('swaps a whole map at once', async () => {
    const { splitMap } = stage.haproxy.settings;
    const others = Array.from({ length: 40 }, (_, index) => ({ key: `k${index}`, value: `v${index}` }));
    await stage.haproxy.api.replaceMap(splitMap, [{ key: splitKey, value: '10000:r' }, ...others], signal);
    expect((await stage.haproxy.api.mapEntries(splitMap, signal)).length).toBe(41);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-b');
    await stage.haproxy.api.replaceMap(splitMap, [{ key: splitKey, value: '0:r' }], signal);
    expect(await stage.haproxy.api.mapEntries(splitMap, signal)).toEqual([{ key: splitKey, value: '0:r' }]);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-a');
  });

  it('answers from the other slot when one has no living server', async () => {
    await stage.split('b', 100, 'dead');
    for (const app of stage.appsOf('b')) app.behaviour = 'sick';
    await waitFor('both to be down', async () => (await stage.livingIn('shop_b')) === 0);
    const answers = await client.many(50, () => client.get(stage.haproxy.url));
    expect(answers.every((answer) => answer.status === 200 && answer.revision === 'rev-a')).toBe(true);
    for (const app of stage.appsOf('b')) app.behaviour = 'ok';
    await waitFor('both to be up', async () => (await stage.livingIn('shop_b')) === 2);
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-b');
  });

  it('sends a GET again that a dying instance swallowed, and never a POST', async () => {
    await stage.split('b', 100, 'cut');
    const [cutting, healthy] = stage.appsOf('b');
    if (cutting === undefined || healthy === undefined) throw new Error('no apps');
    cutting.behaviour = 'cut';
    const gets = await client.many(20, (index) => client.get(`${stage.haproxy.url}/get-${index}`));
    expect(gets.filter((answer) => answer.status !== 200)).toEqual([]);
    // On a connection that had answered before, HAProxy closes without a word, so that the client decides.
    const closed = { status: 0, revision: '', cookie: null, body: '' };
    const posts = await client.many(20, (index) =>
      client.get(`${stage.haproxy.url}/post-${index}`, {}, 'POST').catch(() => closed),
    );
    const seen = posts.map(
      (_, index) => (cutting.seen.get(`/post-${index}`) ?? 0) + (healthy.seen.get(`/post-${index}`) ?? 0),
    );
    expect(seen).toEqual(posts.map(() => 1));
    expect(posts.filter((answer) => answer.status !== 200).length).toBeGreaterThan(0);
    cutting.behaviour = 'ok';
  });
});

describe.skipIf(missing)('an open tunnel', () => {
  beforeAll(() => stage.fillSlots());

  it('stays with its instance when the split moves on, counts as a session, and ends when sessions are shut', async () => {
    const { api } = stage.haproxy;
    await stage.split('b', 100, 'tunnel');
    const tunnel = await openTunnel(stage.haproxy.url);
    expect(tunnel.holder).toMatch(/^b[12]$/);
    const place = { backend: 'shop_b', server: tunnel.holder === 'b1' ? 's1' : 's2' };
    await stage.split('b', 0, 'tunnel');
    expect((await client.get(stage.haproxy.url)).revision).toBe('rev-a');
    await api.setState(place, 'drain', signal);
    expect(await tunnel.echo('still here')).toBe('still here');
    const rows = await api.stat('shop_b', signal);
    expect(rows.find((row) => row.server === place.server)?.sessions.now).toBe(1);
    await api.setState(place, 'maint', signal);
    expect(await tunnel.echo('even in maintenance')).toBe('even in maintenance');
    await api.shutdownSessions(place, signal);
    await tunnel.ended;
    await waitFor('no session', async () => {
      const now = await api.stat('shop_b', signal);
      return now.every((row) => row.sessions.now === 0);
    });
  });
});

describe.skipIf(missing)('five reloads and forty changes of the split', () => {
  it('lose nothing that keep-alive clients send, be they busy or pausing', async () => {
    await stage.fillSlots();
    const load = client.startLoad(stage.haproxy.url);
    const pausing = client.startLoad(stage.haproxy.url, 40);
    const posting = client.startLoad(stage.haproxy.url, 5, 'POST');
    for (let round = 0; round < 5; round++) {
      for (const percent of [5, 25, 50, 75, 100, 50, 25, 0]) {
        await stage.split('b', percent, `round-${round}`);
        await clock.sleep(30);
      }
      writeFileSync(stage.haproxy.settings.stateFile, await stage.haproxy.api.serversStateText(signal));
      await stage.haproxy.reload();
    }
    const loads = [load, pausing, posting];
    await Promise.all(loads.map((one) => one.stop()));
    console.info(`requests during five reloads: ${loads.map((one) => one.requests()).join(', ')}`);
    expect(loads.flatMap((one) => one.failures)).toEqual([]);
  });
});

/** Raises the candidate's share and returns its units at 25 %. */
async function growing(units: string[], slot: Slot, revision: string, salt: string): Promise<string[]> {
  let inside = new Set<string>();
  let quarter: string[] = [];
  for (const percent of [5, 25, 60, 100]) {
    await stage.split(slot, percent, salt);
    const answers = await client.many(units.length, (index) =>
      client.get(stage.haproxy.url, { cookie: `seatrial_unit=${units[index]}` }),
    );
    const now = new Set(units.filter((_, index) => answers[index]?.revision === revision));
    expect(answers.filter((answer) => answer.cookie !== null)).toEqual([]);
    expect([...inside].filter((unit) => !now.has(unit))).toEqual([]);
    expect(now.size).toBeGreaterThan(inside.size);
    inside = now;
    if (percent === 25) quarter = [...now];
  }
  expect(inside.size).toBe(units.length);
  return quarter;
}

type Tunnel = { holder: string; echo(text: string): Promise<string>; ended: Promise<unknown> };

async function openTunnel(url: string): Promise<Tunnel> {
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('GET /tunnel HTTP/1.1\r\nhost: shop\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString();
  });
  await waitFor('the tunnel', async () => /\r\n\r\n[ab]\d$/.test(text));
  return {
    holder: text.slice(-2),
    echo: async (sent) => {
      text = '';
      socket.write(sent);
      await waitFor('the echo', async () => text.length >= sent.length);
      return text;
    },
    ended: once(socket, 'close'),
  };
}
