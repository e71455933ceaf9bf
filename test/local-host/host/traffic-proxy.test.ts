import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createStage, type Stage } from '../../fixtures/proxy-stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage({ requestTimeoutMs: 600 });
});
afterEach(() => stage.close());

const hello: http.RequestListener = (_request, response) => void response.end('hello');
const tellRequest: http.RequestListener = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks);
  const sha256 = createHash('sha256').update(body).digest('hex');
  response.end(
    JSON.stringify({ method: request.method, url: request.url, headers: request.headers, bytes: body.length, sha256 }),
  );
};

async function serveStable(listener: http.RequestListener) {
  const endpoint = await stage.endpoint('stable', listener);
  stage.route({ revisions: { stable: [endpoint] } });
  return endpoint;
}

describe('forwarding', () => {
  it('names the revision on every answer and takes such a header from nobody else', async () => {
    await serveStable((request, response) => {
      response.setHeader('x-seatrial-revision', 'a lie');
      tellRequest(request, response);
    });
    const reply = await ask(stage.url, {
      path: '/a/../b//c?x=1?y',
      headers: { 'x-seatrial-revision': 'mine', host: 'shop.example' },
    });
    expect(reply.headers['x-seatrial-revision']).toBe('stable');
    const seen = JSON.parse(reply.body);
    expect(seen.url).toBe('/a/../b//c?x=1?y');
    expect(seen.headers).toMatchObject({
      host: 'shop.example',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.example',
    });
    expect(seen.headers).not.toHaveProperty('x-seatrial-revision');
  });

  it('hands uploads through unchanged, with a length and in chunks, also for DELETE', async () => {
    await serveStable(tellRequest);
    const body = randomBytes(3_000_000);
    const sha256 = createHash('sha256').update(body).digest('hex');
    for (const [method, chunked] of [
      ['POST', false],
      ['POST', true],
      ['PUT', true],
      ['DELETE', true],
      ['DELETE', false],
    ] as const) {
      const reply = await ask(stage.url, { method, body, chunked });
      expect(JSON.parse(reply.body)).toMatchObject({ method, bytes: body.length, sha256 });
    }
    expect(stage.counts('stable')).toMatchObject({ arrivals: 5, completed: 5, failed: 0 });
  });

  it('answers HEAD, 204, 304 and Expect: 100-continue as the service does', async () => {
    await serveStable((request, response) => {
      if (request.url === '/204') return void response.writeHead(204).end();
      if (request.url === '/304') return void response.writeHead(304, { etag: '"a"' }).end();
      tellRequest(request, response);
    });
    const head = await ask(stage.url, { method: 'HEAD' });
    expect([head.status, head.body]).toEqual([200, '']);
    expect((await ask(`${stage.url}/204`)).status).toBe(204);
    expect((await ask(`${stage.url}/304`)).headers['etag']).toBe('"a"');
    const request = http.request(stage.url, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': '3' },
    });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('abc');
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    expect(response?.statusCode).toBe(200);
    response?.resume();
  });

  it('keeps connections, answers pipelined requests in order, and closes when the client asks', async () => {
    await serveStable((request, response) => {
      setTimeout(() => response.end(request.url), request.url === '/slow' ? 60 : 0);
    });
    const socket = net.connect(Number(new URL(stage.url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (data) => (text += data.toString()));
    const get = (path: string, extra = ''): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n${extra}\r\n`;
    socket.write(get('/slow') + get('/fast') + get('/last', 'connection: close\r\n'));
    await once(socket, 'close');
    const order = ['/slow', '/fast', '/last'].map((path) => text.indexOf(path));
    expect(order.every((at, index) => at > (order[index - 1] ?? 0))).toBe(true);
    expect(text.match(/connection: keep-alive/gi)).toHaveLength(2);
    expect(text.match(/connection: close/gi)).toHaveLength(1);
  });

  it('serves a wish to upgrade to something else as a plain request', async () => {
    await serveStable(hello);
    const reply = await ask(stage.url, {
      headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' },
    });
    expect([reply.status, reply.body]).toEqual([200, 'hello']);
  });
});

describe('users', () => {
  it('get a cookie once, and stay where it puts them', async () => {
    const [stable, candidate] = [await stage.endpoint('stable', hello), await stage.endpoint('candidate', hello)];
    stage.route({
      candidateId: 'candidate',
      candidateSlots: 5000,
      revisions: { stable: [stable], candidate: [candidate] },
    });
    const seen = new Set<string>();
    for (let index = 0; index < 30; index += 1) {
      const first = await ask(stage.url);
      const line = first.headers['set-cookie']?.[0] ?? '';
      expect(line).toMatch(/^unit=[0-9a-f]{24}; Path=\/; HttpOnly; SameSite=Lax$/);
      const cookie = line.split(';')[0] ?? '';
      const again = await ask(stage.url, { headers: { cookie } });
      expect(again.headers['set-cookie']).toBeUndefined();
      expect(again.headers['x-seatrial-revision']).toBe(first.headers['x-seatrial-revision']);
      seen.add(String(first.headers['x-seatrial-revision']));
    }
    expect(seen).toEqual(new Set(['stable', 'candidate']));
  });

  it('keep the cookies that the service sets', async () => {
    await serveStable((_request, response) => void response.setHeader('set-cookie', ['a=1', 'b=2']).end());
    expect((await ask(stage.url)).headers['set-cookie']).toHaveLength(3);
  });

  it('are spread over the instances, the least loaded first', async () => {
    const hits = [0, 0];
    const held: http.ServerResponse[] = [];
    const slow = await stage.endpoint('stable', (_request, response) => {
      hits[0] = (hits[0] ?? 0) + 1;
      held.push(response);
    });
    const fast = await stage.endpoint('stable', (_request, response) => {
      hits[1] = (hits[1] ?? 0) + 1;
      response.end();
    });
    stage.route({ revisions: { stable: [slow, fast] } });
    const first = [ask(stage.url), ask(stage.url)];
    await eventually(() => held.length === 1);
    for (let index = 0; index < 8; index += 1) await ask(stage.url);
    for (const response of held) response.end();
    await Promise.all(first);
    expect(hits[0]).toBe(1);
    expect(hits[1]).toBe(9);
  });
});

describe('instances that fail', () => {
  it('a refused connection goes to another instance of the revision, for POST too, and nobody notices', async () => {
    const [dead, alive] = [await stage.deadEndpoint('stable'), await stage.endpoint('stable', tellRequest)];
    stage.route({ revisions: { stable: [dead, alive] } });
    for (let index = 0; index < 6; index += 1) {
      const reply = await ask(stage.url, { method: 'POST', body: 'abc' });
      expect(JSON.parse(reply.body).bytes).toBe(3);
    }
    expect(stage.counts('stable')).toMatchObject({ arrivals: 6, failed: 0, completed: 6 });
    expect([dead.open.size, alive.open.size]).toEqual([0, 0]);
  });

  it('a candidate that cannot be connected to has failed, and the user is served by stable', async () => {
    const [stable, dead] = [await stage.endpoint('stable', hello), await stage.deadEndpoint('candidate')];
    stage.route({
      candidateId: 'candidate',
      candidateSlots: 10_000,
      revisions: { stable: [stable], candidate: [dead] },
    });
    const reply = await ask(stage.url);
    expect([reply.status, reply.headers['x-seatrial-revision']]).toEqual([200, 'stable']);
    expect(stage.counts('candidate')).toMatchObject({ arrivals: 1, failed: 1, completed: 0 });
    expect(stage.counts('stable')).toMatchObject({ arrivals: 1, failed: 0 });
  });

  it('without any instance the answer is 503 and counts as failed; the connection stays usable', async () => {
    stage.route({ revisions: { stable: [] } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const replies = [
      await ask(stage.url, { agent, method: 'POST', body: 'x'.repeat(100_000) }),
      await ask(stage.url, { agent }),
    ];
    expect(replies.map((reply) => [reply.status, reply.body])).toEqual(
      Array(2).fill([503, '503: no instance of this service is ready\n']),
    );
    expect(replies[0]?.headers['x-seatrial-revision']).toBe('stable');
    expect(stage.counts('stable')).toMatchObject({ arrivals: 2, failed: 2, completed: 0 });
    agent.destroy();
  });

  it('no answer in time is 504 and failed; a long upload that flows is no silence', async () => {
    await serveStable((request, response) => {
      if (request.method === 'GET') return;
      tellRequest(request, response);
    });
    const reply = await ask(stage.url);
    expect([reply.status, reply.body]).toEqual([504, '504: no answer within 600 ms\n']);
    const upload = http.request(stage.url, { method: 'POST' });
    for (let index = 0; index < 9; index += 1) {
      upload.write('x');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    upload.end();
    const [response]: http.IncomingMessage[] = await once(upload, 'response');
    response?.resume();
    expect(response?.statusCode).toBe(200);
    expect(stage.counts('stable')).toMatchObject({ arrivals: 2, failed: 1, completed: 1 });
  });

  it('an answer that ends in the middle is not passed off as a whole one', async () => {
    await serveStable((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    await expect(ask(stage.url)).rejects.toThrow();
    await eventually(() => stage.counts('stable').failed === 1);
  });

  it('a reused connection that the instance closes unread is tried once more without a body, never with one', async () => {
    let requests = 0;
    const endpoint = await stage.endpoint('stable', (request, response) => {
      requests += 1;
      if (requests === 2) return void request.socket.resetAndDestroy();
      response.end('ok');
    });
    stage.route({ revisions: { stable: [endpoint] } });
    expect((await ask(stage.url)).status).toBe(200);
    expect((await ask(stage.url)).status).toBe(200);
    expect(requests).toBe(3);
    requests = 1;
    expect((await ask(stage.url, { method: 'POST', body: 'once' })).status).toBe(502);
    expect(requests).toBe(2);
    expect(stage.counts('stable')).toMatchObject({ arrivals: 3, failed: 1 });
    expect(endpoint.open.size).toBe(0);
  });

  it('a 5xx answer is a failure at once and passes unchanged; another version in its header is told', async () => {
    await serveStable((_request, response) => void response.writeHead(503, { 'x-app-version': 'other' }).end('mine'));
    expect(await ask(stage.url)).toMatchObject({ status: 503, body: 'mine' });
    await eventually(() => stage.counts('stable').completed === 1);
    expect(stage.counts('stable')).toMatchObject({ arrivals: 1, ended: 1, failed: 1, completed: 1, mismatched: 1 });
  });

  it('a client that goes away is no failure of the release', async () => {
    const endpoint = await serveStable(() => undefined);
    const request = http.get(stage.url);
    request.on('error', () => undefined);
    await eventually(() => endpoint.open.size === 1);
    request.destroy();
    await eventually(() => endpoint.open.size === 0);
    expect(stage.counts('stable')).toMatchObject({ arrivals: 1, failed: 0, completed: 0 });
  });
});

describe('strata', () => {
  it('the prober is counted apart, and a direct listener counts nobody else', async () => {
    const [stable, candidate] = [await stage.endpoint('stable', hello), await stage.endpoint('candidate', hello)];
    stage.route({
      candidateId: 'candidate',
      candidateSlots: 0,
      revisions: { stable: [stable], candidate: [candidate] },
    });
    const direct = await stage.direct('candidate');
    const reply = await ask(direct);
    expect([reply.headers['x-seatrial-revision'], reply.headers['set-cookie']]).toEqual(['candidate', undefined]);
    await ask(direct, { headers: { 'x-seatrial-probe': '1' } });
    await ask(stage.url, { headers: { 'x-seatrial-probe': '1' } });
    expect(stage.counts('candidate', 'user').arrivals).toBe(0);
    expect(stage.counts('candidate', 'probe').arrivals).toBe(1);
    expect(stage.counts('stable', 'probe').arrivals).toBe(1);
  });

  it('a direct listener never falls back to another revision', async () => {
    const stable = await stage.endpoint('stable', hello);
    stage.route({ revisions: { stable: [stable], candidate: [] } });
    expect((await ask(await stage.direct('candidate'))).status).toBe(503);
  });
});
