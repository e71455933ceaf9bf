import { createHash } from 'node:crypto';
import http from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { drainEndpoint } from '../../../src/local-host/host/drain-endpoint.ts';
import type { Endpoint } from '../../../src/local-host/host/routing-table.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createStage, type Stage } from '../../fixtures/proxy-stage.ts';
import { openWebsocket } from '../../fixtures/websocket-client.ts';

let stage: Stage;
let endpoint: Endpoint;

beforeEach(async () => {
  stage = await createStage({ requestTimeoutMs: 500 });
  endpoint = await stage.endpoint(
    'stable',
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: tick\n\n'), 20);
      response.once('close', () => clearInterval(timer));
    },
    (server) => {
      server.on('upgrade', (request, socket) => {
        if (request.url === '/refused') return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
        if (request.url === '/broken') return void socket.destroy();
        const accept = createHash('sha1')
          .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
          .digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
        );
        socket.on('data', (data: Buffer) => {
          const mask = data.subarray(2, 6);
          const payload = data.subarray(6).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
          socket.write(Buffer.concat([Buffer.of(0x81, payload.length), payload]));
        });
        socket.on('error', () => undefined);
      });
    },
  );
  stage.route({ revisions: { stable: [endpoint] } });
});
afterEach(() => stage.close());

it('websockets pass both ways, name the revision, and outlive the request time-out', async () => {
  const client = await openWebsocket(stage.url);
  expect(client.head).toMatch(/x-seatrial-revision: stable/i);
  expect(client.head).toMatch(/set-cookie: unit=/i);
  expect(await client.echo('hello')).toBe('hello');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await client.echo('still here')).toBe('still here');
  expect(endpoint.open.size).toBe(1);
  client.socket.destroy();
  await eventually(() => endpoint.open.size === 0);
  expect(stage.counts('stable')).toMatchObject({ arrivals: 1, completed: 1, failed: 0 });
});

it('a websocket that the service refuses or breaks is told so', async () => {
  await expect(openWebsocket(`${stage.url}/refused`)).rejects.toThrow('403');
  await expect(openWebsocket(`${stage.url}/broken`)).rejects.toThrow('502');
  await eventually(() => endpoint.open.size === 0);
  expect(stage.counts('stable')).toMatchObject({ arrivals: 2, failed: 1 });
});

it('a websocket goes to another instance when one refuses the connection, and to 503 when there is none', async () => {
  stage.route({ revisions: { stable: [await stage.deadEndpoint('stable'), endpoint] } });
  for (let index = 0; index < 3; index += 1) (await openWebsocket(stage.url)).socket.destroy();
  stage.route({ revisions: { stable: [] } });
  await expect(openWebsocket(stage.url)).rejects.toThrow('503');
});

it('on drain a websocket gets its time, then a close frame 1012', async () => {
  const client = await openWebsocket(stage.url);
  await client.echo('x');
  const started = performance.now();
  const cut = await drainEndpoint(endpoint, { drainMs: 0, streamDrainMs: 200 });
  expect(cut).toBe(1);
  expect(performance.now() - started).toBeGreaterThan(190);
  expect(await client.closed).toBe(1012);
});

it('an event stream flows at once, is no slow request, and ends cleanly on drain', async () => {
  const events = await new Promise<http.IncomingMessage>((resolve) => http.get(stage.url, resolve));
  let text = '';
  events.on('data', (data) => (text += String(data)));
  await eventually(() => text.includes('tick'));
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(stage.counts('stable')).toMatchObject({ arrivals: 1, completed: 1, failed: 0 });
  const ended = new Promise((resolve) => events.once('end', resolve));
  expect(await drainEndpoint(endpoint, { drainMs: 0, streamDrainMs: 0 })).toBe(1);
  await ended;
  expect(events.complete).toBe(true);
});

it('plain requests are cut at the drain time and counted', async () => {
  const silent = await stage.endpoint('stable', () => undefined);
  stage.route({ revisions: { stable: [silent] } });
  const reply = ask(stage.url).catch((error: Error) => error.message);
  await eventually(() => silent.open.size === 1);
  expect(await drainEndpoint(silent, { drainMs: 50, streamDrainMs: 5000 })).toBe(1);
  expect(await reply).toMatch(/hang up|reset/);
  expect(stage.counts('stable').failed).toBe(0);
});
