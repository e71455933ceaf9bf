import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drainEndpoint } from '../../../src/local-host/host/drain-endpoint.ts';
import type { Endpoint } from '../../../src/local-host/host/routing-table.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createStage, type Stage, type StageCounts } from '../../fixtures/proxy-stage.ts';
import { openWebsocket } from '../../fixtures/websocket-client.ts';

const requestTimeoutMs = 600;
let stage: Stage;
let endpoint: Endpoint;

/** What the service does with a request, by its path. */
const service: http.RequestListener = (request, response) => {
  const path = request.url?.split('?')[0];
  if (path === '/ok') return void response.end('ok');
  if (path === '/missing') return void response.writeHead(404).end('no');
  if (path === '/broken') return void response.writeHead(500).end('no');
  if (path === '/silent') return;
  if (path === '/dies') return void request.socket.resetAndDestroy();
  if (path === '/slow') return void setTimeout(() => response.end('late'), 200);
  response.writeHead(path === '/broken-slowly' ? 503 : 200, {
    'content-type': path?.startsWith('/events') ? 'text/event-stream' : 'text/plain',
  });
  response.flushHeaders();
  if (path === '/head-only') return;
  if (path === '/broken-slowly') return void setTimeout(() => response.end('no'), 200);
  // `/stream/n` and `/events/n` write every 50 ms and end after n writes; negative n: break off instead.
  let left = Number(path?.split('/')[2]);
  const timer = setInterval(() => {
    response.write('data: tick\n\n');
    left -= Math.sign(left);
    if (left !== 0) return;
    clearInterval(timer);
    if (path?.includes('-')) request.socket.resetAndDestroy();
    else response.end();
  }, 50);
  response.once('close', () => clearInterval(timer));
};

const upgrades = (server: http.Server): void => {
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => undefined);
    if (request.url === '/refused') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    if (request.url === '/fails') return void socket.end('HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno');
    if (request.url === '/broken') return void socket.destroy();
    if (request.url === '/silent') return;
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n');
  });
};

beforeEach(async () => {
  stage = await createStage({ requestTimeoutMs });
  endpoint = await stage.endpoint('stable', service, upgrades);
  stage.route({ revisions: { stable: [endpoint] } });
});
afterEach(() => stage.close());

/** Waits until nothing is open, and checks that every end is in the histogram. */
async function settled(revisionId = 'stable'): Promise<StageCounts> {
  await eventually(() => {
    const { arrivals, ended } = stage.counts(revisionId);
    return arrivals > 0 && arrivals === ended;
  });
  const counts = stage.counts(revisionId);
  expect(counts.latencies).toBe(counts.ended - counts.warming);
  return counts;
}

const get = (path: string): Promise<unknown> => ask(stage.url + path).catch((error: Error) => error.message);

describe('how a request ends', () => {
  it.each([
    ['/ok', { failed: 0, completed: 1 }],
    ['/missing', { failed: 0, completed: 1 }],
    ['/slow', { failed: 0, completed: 1 }],
    ['/broken', { failed: 1, completed: 1 }],
    ['/dies', { failed: 1, completed: 0 }],
    ['/silent', { failed: 1, completed: 0 }],
    ['/stream/3', { failed: 0, completed: 1 }],
    ['/stream/-3', { failed: 1, completed: 0 }],
    ['/events/3', { failed: 0, completed: 1 }],
    ['/events/-3', { failed: 0, completed: 1 }],
  ])('%s', async (path, expected) => {
    await get(path);
    expect(await settled()).toMatchObject({ arrivals: 1, ended: 1, ...expected });
  });

  it('a 5xx has ended with its head, however slowly its text comes', async () => {
    const reply = get('/broken-slowly');
    await eventually(() => stage.counts('stable').failed === 1);
    expect(stage.counts('stable')).toMatchObject({ ended: 1, completed: 0 });
    await reply;
    await eventually(() => stage.counts('stable').completed === 1);
  });

  it('a POST that dies or hangs is failed, also when its body took a moment to come', async () => {
    for (const path of ['/dies', '/silent'])
      await ask(stage.url + path, { method: 'POST', body: 'abc' }).catch(() => undefined);
    const slow = http.request(`${stage.url}/silent`, { method: 'POST' });
    slow.write('a');
    setTimeout(() => slow.end('b'), 80);
    const [response]: http.IncomingMessage[] = await once(slow, 'response');
    expect(response?.statusCode).toBe(504);
    response?.resume();
    expect(await settled()).toMatchObject({ arrivals: 3, failed: 3, completed: 0 });
  });

  it('without any instance, and with one that refuses connections', async () => {
    stage.route({ revisions: { stable: [] } });
    await get('/ok');
    stage.route({ revisions: { stable: [await stage.deadEndpoint('stable')] } });
    await get('/ok');
    expect(await settled()).toMatchObject({ arrivals: 2, failed: 2, completed: 0 });
  });

  it('a head and then silence is failed at the time-out, though the client may go on waiting', async () => {
    const client = http.get(`${stage.url}/head-only`);
    client.on('error', () => undefined);
    await eventually(() => endpoint.open.size === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stage.counts('stable')).toMatchObject({ arrivals: 1, ended: 0 });
    expect(await settled()).toMatchObject({ failed: 1, completed: 0 });
    expect(endpoint.open.size).toBe(1);
    client.destroy();
    await eventually(() => endpoint.open.size === 0);
    expect(stage.counts('stable')).toMatchObject({ ended: 1, failed: 1 });
  });

  it('what still flows at the time-out ends then, is no failure, and goes on', async () => {
    const download = get('/stream/20');
    const upload = http.request(`${stage.url}/slow`, { method: 'POST' });
    const feeding = setInterval(() => upload.write('x'), 50);
    await new Promise((resolve) => setTimeout(resolve, requestTimeoutMs + 150));
    expect(stage.counts('stable')).toMatchObject({ arrivals: 2, ended: 2, failed: 0 });
    clearInterval(feeding);
    upload.end();
    await download;
    await eventually(() => stage.counts('stable').completed === 2);
    expect(await settled()).toMatchObject({ arrivals: 2, ended: 2, failed: 0, completed: 2 });
  });

  it('a client that goes away, before an answer or in its middle, has ended and failed nothing', async () => {
    for (const path of ['/silent', '/stream/1000']) {
      const client = http.get(stage.url + path);
      client.on('error', () => undefined);
      if (path === '/silent') await eventually(() => endpoint.open.size === 1);
      else await once(client, 'response');
      client.destroy();
      await eventually(() => endpoint.open.size === 0);
    }
    expect(await settled()).toMatchObject({ arrivals: 2, ended: 2, failed: 0, completed: 0 });
  });

  it('websockets end with their head; refused, failing, broken, silent and abandoned ones end too', async () => {
    const client = await openWebsocket(stage.url);
    expect(await settled()).toMatchObject({ arrivals: 1, failed: 0, completed: 1 });
    client.socket.resetAndDestroy();
    await expect(openWebsocket(`${stage.url}/refused`)).rejects.toThrow('403');
    expect(await settled()).toMatchObject({ arrivals: 2, failed: 0, completed: 2 });
    await expect(openWebsocket(`${stage.url}/fails`)).rejects.toThrow('500');
    expect(await settled()).toMatchObject({ arrivals: 3, failed: 1 });
    await expect(openWebsocket(`${stage.url}/broken`)).rejects.toThrow('502');
    await expect(openWebsocket(`${stage.url}/silent`)).rejects.toThrow('504');
    expect(await settled()).toMatchObject({ arrivals: 5, failed: 3 });
    const gone = net.connect(Number(new URL(stage.url).port), '127.0.0.1');
    gone.write('GET /silent HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    await eventually(() => stage.counts('stable').arrivals === 6);
    gone.resetAndDestroy();
    expect(await settled()).toMatchObject({ arrivals: 6, failed: 3 });
    await eventually(() => endpoint.open.size === 0);
    stage.route({ revisions: { stable: [] } });
    await expect(openWebsocket(stage.url)).rejects.toThrow('503');
    expect(await settled()).toMatchObject({ arrivals: 7, failed: 4 });
  });

  it('pipelined requests end with their connection, those that wait behind another answer too', async () => {
    const client = net.connect(Number(new URL(stage.url).port), '127.0.0.1');
    client.on('error', () => undefined);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const paths = ['/silent', ...Array.from({ length: 15 }, () => '/ok'), '/silent'];
    client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''));
    await eventually(() => stage.counts('stable').arrivals === paths.length);
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.resetAndDestroy();
    expect(await settled()).toMatchObject({ arrivals: 17, failed: 0 });
    await eventually(() => endpoint.open.size === 0);
    process.removeListener('warning', note);
    expect(warnings).toEqual([]);
  });

  it('requests that are cut by a drain have ended and failed nothing', async () => {
    const reply = get('/silent');
    await eventually(() => endpoint.open.size === 1);
    await drainEndpoint(endpoint, { drainMs: 20, streamDrainMs: 20 });
    await reply;
    expect(await settled()).toMatchObject({ arrivals: 1, ended: 1, failed: 0 });
  });

  it('nothing stays open after a crowd of all kinds, while the instance is killed in its middle', async () => {
    let server: http.Server | null = null;
    const mortal = await stage.endpoint('stable', service, (made) => (server = made));
    stage.route({ revisions: { stable: [endpoint, mortal] } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
    const paths = ['/ok', '/slow', '/broken', '/dies', '/silent', '/stream/4', '/stream/-2', '/events/3', '/head-only'];
    const crowd = Array.from({ length: 180 }, (_, index) => {
      const method = index % 4 === 0 ? 'POST' : 'GET';
      const request = http.request(stage.url + paths[index % paths.length], { agent, method });
      const over = new Promise<void>((resolve) => {
        request.on('error', () => undefined);
        request.on('response', (response) => response.on('error', () => undefined).resume());
        request.on('close', resolve);
      });
      request.end(method === 'POST' ? 'body' : undefined);
      setTimeout(() => request.destroy(), index % 5 === 0 ? index : 2500).unref();
      return over;
    });
    setTimeout(() => server?.closeAllConnections(), 120);
    setTimeout(() => server?.close(), 120);
    await Promise.all(crowd);
    const counts = await settled();
    expect(counts.ended).toBe(counts.arrivals);
    expect(counts.failed).toBeGreaterThan(20);
    expect(counts.failed).toBeLessThan(counts.arrivals);
    await eventually(() => endpoint.open.size === 0 && mortal.open.size === 0);
    agent.destroy();
  }, 20_000);
});

describe('units', () => {
  it('a cookie tells clients apart on one connection, and is the same client on many', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await farFromTheEndOfAMinute();
    for (let index = 0; index < 6; index += 1)
      await ask(`${stage.url}/broken`, { agent, headers: { cookie: `unit=user${index % 3}` } });
    expect(await settled()).toMatchObject({ failed: 6, failedUnits: 3 });
    for (let index = 0; index < 3; index += 1) await ask(`${stage.url}/broken`, { headers: { cookie: 'unit=user1' } });
    expect(await settled()).toMatchObject({ failed: 9, failedUnits: 3 });
    for (let index = 0; index < 3; index += 1) await ask(`${stage.url}/broken`);
    expect(await settled()).toMatchObject({ failed: 12, failedUnits: 6 });
    agent.destroy();
  });

  it('a unit is new when it is drawn, for the revision that the split gave it to, whoever then serves it', async () => {
    const candidate = await stage.endpoint('candidate', service);
    const split = (slots: number, candidates: Endpoint[]): void =>
      stage.route({
        candidateId: 'candidate',
        candidateSlots: slots,
        revisions: { stable: [endpoint], candidate: candidates },
      });
    split(10_000, [candidate]);
    const first = await ask(`${stage.url}/ok`);
    await ask(`${stage.url}/ok`, { headers: { cookie: first.headers['set-cookie']?.[0]?.split(';')[0] ?? '' } });
    await ask(`${stage.url}/ok`, { headers: { cookie: 'unit=brought-along' } });
    await ask(`${stage.url}/ok`, { headers: { 'x-seatrial-probe': '1' } });
    await ask(await stage.direct('candidate'), { headers: { 'x-seatrial-probe': '1' }, path: '/ok' });
    expect(stage.counts('candidate')).toMatchObject({ arrivals: 3, newUnits: 1 });
    expect(stage.counts('candidate', 'probe')).toMatchObject({ arrivals: 2, newUnits: 0 });
    // The candidate cannot take it, so stable does; a retry is not another unit.
    split(10_000, [await stage.deadEndpoint('candidate')]);
    await get('/ok');
    split(10_000, []);
    await get('/ok');
    expect(stage.counts('candidate')).toMatchObject({ arrivals: 4, failed: 1, newUnits: 3 });
    expect(stage.counts('stable')).toMatchObject({ arrivals: 2, newUnits: 0 });
    split(0, [candidate]);
    await get('/ok');
    (await openWebsocket(stage.url)).socket.destroy();
    expect(stage.counts('stable')).toMatchObject({ arrivals: 4, newUnits: 2 });
  });

  it('draws as the weight says', async () => {
    stage.route({
      candidateId: 'candidate',
      candidateSlots: 3000,
      revisions: { stable: [endpoint], candidate: [endpoint] },
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    await Promise.all(Array.from({ length: 600 }, () => ask(`${stage.url}/ok`, { agent })));
    const [stable, candidate] = [stage.counts('stable').newUnits, stage.counts('candidate').newUnits];
    expect(stable + candidate).toBe(600);
    // Six standard deviations of a binomial with 600 draws at 30 %.
    expect(Math.abs(candidate - 180)).toBeLessThan(6 * Math.sqrt(600 * 0.3 * 0.7));
    agent.destroy();
  });
});

describe('warming up', () => {
  it('answers of a new instance are left out of latency, and of nothing else', async () => {
    const cold = await stage.coldEndpoint('stable', service);
    stage.route({ revisions: { stable: [cold] } });
    await get('/broken');
    for (let index = 0; index < 58; index += 1) await get('/ok');
    const counts = await settled();
    expect(counts).toMatchObject({ arrivals: 59, ended: 59, failed: 1, failedUnits: 1, completed: 59, warming: 59 });
    expect(counts.latencies).toBe(0);
  });

  it('only the requests of the new instance are left out', async () => {
    const cold = await stage.coldEndpoint('stable', service);
    stage.route({ revisions: { stable: [endpoint, cold] } });
    for (let index = 0; index < 20; index += 1) await get('/ok');
    expect(await settled()).toMatchObject({ arrivals: 20, warming: 10, latencies: 10 });
  });

  it('a request that moves on to a new instance is left out too', async () => {
    const dead = await stage.deadEndpoint('stable');
    const cold = await stage.coldEndpoint('stable', service);
    stage.route({ revisions: { stable: [dead, cold] } });
    for (let index = 0; index < 4; index += 1) await get('/ok');
    expect(await settled()).toMatchObject({ arrivals: 4, failed: 0, warming: 4, latencies: 0 });
  });
});

/** So that what follows lies in one arrival second. */
/** Failures of one client are told apart by the minute. */
async function farFromTheEndOfAMinute(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 3000) await new Promise((resolve) => setTimeout(resolve, leftMs + 5));
}
