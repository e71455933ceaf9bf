import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import { controlRequests, type HostAnswer } from './control-protocol.ts';
import { writeFeed } from './feed-writer.ts';
import type { Host } from './host.ts';

const mostBytes = 1_000_000;

type Handler = (host: Host, body: unknown) => Promise<HostAnswer>;

/** JSON over HTTP on a unix socket that only this user can open. `goDown` ends the host after its answer. */
export function createControlServer(host: Host, goDown: () => void): Server {
  const handlers: Record<string, Handler> = {
    'POST /place': async (to, body) => to.place(controlRequests.place.parse(body)),
    'POST /scale': async (to, body) => to.scale(controlRequests.scale.parse(body)),
    'POST /weight': async (to, body) => to.weight(controlRequests.weight.parse(body)),
    'POST /promote': async (to, body) => to.promote(controlRequests.promote.parse(body)),
    'POST /retire': async (to, body) => to.retire(controlRequests.retire.parse(body)),
    'POST /cut': async (to, body) => to.cutRequests(controlRequests.cut.parse(body)),
    'POST /arm': async (to, body) => to.arm(controlRequests.arm.parse(body)),
    'POST /renew': async (to, body) => to.renew(controlRequests.renew.parse(body)),
    'POST /disarm': async (to, body) => to.disarm(controlRequests.disarm.parse(body)),
    'POST /spec': async (to, body) => to.changeSpec(controlRequests.spec.parse(body)),
    'GET /state': async (to) => to.answer(),
    'POST /down': async (to, body) => {
      controlRequests.down.parse(body);
      to.deadMan.disarm();
      goDown();
      return to.answer();
    },
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://host.invalid');
    if (request.method === 'GET' && url.pathname === '/feed') {
      const sinceMs = z.coerce
        .number()
        .catch(0)
        .parse(url.searchParams.get('sinceMs') ?? 0);
      return writeFeed(host, response, sinceMs);
    }
    void answer(response, async () => {
      const handler = handlers[`${request.method} ${url.pathname}`];
      if (handler === undefined) throw new DeployError('USAGE', { reason: `the host does not know ${url.pathname}` });
      return handler(host, request.method === 'GET' ? null : await readJson(request));
    });
  });
  server.keepAliveTimeout = 1000;
  return server;
}

async function answer(response: ServerResponse, act: () => Promise<HostAnswer>): Promise<void> {
  try {
    send(response, 200, await act());
  } catch (thrown) {
    const error =
      thrown instanceof z.ZodError
        ? new DeployError('USAGE', { reason: z.prettifyError(thrown) }, thrown)
        : toDeployError(thrown);
    send(response, 409, { error: { code: error.code, details: error.details } });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > mostBytes) throw new DeployError('USAGE', { reason: 'the request is too large' });
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (thrown) {
    throw new DeployError('USAGE', { reason: 'the request is not JSON' }, thrown);
  }
}
