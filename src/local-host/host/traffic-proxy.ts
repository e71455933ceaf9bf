import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ProxyServer } from 'http-proxy-3';
import { probeHeader } from '../../model/traffic.ts';
import type { ClaimRequest } from './claim.ts';
import type { Connection } from './connection.ts';
import { Exchange } from './exchange.ts';
import { prepareRequestHeaders, readCookie } from './forwarded-headers.ts';
import type { HostSpec } from './host-spec.ts';
import { assignRevision, type RoutingTable } from './routing-table.ts';
import type { TrafficCounter } from './traffic-counter.ts';
import { UpgradeExchange } from './upgrade-exchange.ts';

export type ProxyOptions = {
  table: () => RoutingTable;
  counter: TrafficCounter;
  spec: () => Pick<HostSpec, 'cookie' | 'versionHeader' | 'requestTimeoutMs'>;
};

type Route = Pick<ClaimRequest, 'assignedId' | 'fixed' | 'stratum' | 'unit' | 'drawn'> & { issueCookie: string | null };

const longestUnit = 200;
const clientIdleMs = 75_000;

/** The reverse proxy in front of all instances: who gets a request is decided here, moving its bytes is the library's work. */
export class TrafficProxy {
  /** Every answer from now on ends its connection. */
  closing = false;
  /** What waits for `release`, in its order; null while nothing has to wait. */
  #held: (() => void)[] | null = null;
  readonly #options: ProxyOptions;
  readonly #library = new ProxyServer();
  readonly #exchanges = new WeakMap<IncomingMessage, Exchange>();
  readonly #upgrades = new WeakMap<IncomingMessage, UpgradeExchange>();

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#library.on('proxyReq', (outgoing, request) => {
      const emptied =
        request.headers['transfer-encoding'] === undefined && outgoing.getHeader('content-length') === '0';
      const chunkedBody = emptied && request.rawHeaders.some((name) => name.toLowerCase() === 'transfer-encoding');
      this.#exchanges.get(request)?.departing(outgoing, chunkedBody);
    });
    this.#library.on('proxyRes', (answer, request) => this.#exchanges.get(request)?.answered(answer));
    this.#library.on('proxyReqWs', (outgoing, request) => this.#upgrades.get(request)?.departing(outgoing));
    // Every request brings its own handler; these are repetitions of what that one has been told.
    this.#library.on('error', () => undefined);
    this.#library.on('econnreset', () => undefined);
  }

  /** Requests wait from now on instead of being refused, until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const begin of held) begin();
  }

  /** A server for users (`null`), or one that reaches only this revision, whatever its weight. Not listening yet. */
  createServer(fixedRevisionId: string | null): Server {
    const server = createServer((request, response) =>
      this.#whenReleased(response, () => this.#serve(request, response, fixedRevisionId)),
    );
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => undefined);
      this.#whenReleased(socket, () => this.#upgrade({ request, socket, head, server }, fixedRevisionId));
    });
    server.keepAliveTimeout = clientIdleMs;
    // Long uploads are legitimate; a client that does not even send its headers is not.
    server.requestTimeout = 0;
    server.headersTimeout = 60_000;
    return server;
  }

  /** A client that has gone while it waited is not served. */
  #whenReleased(client: { readonly destroyed: boolean }, begin: () => void): void {
    if (this.#held === null) begin();
    else
      this.#held.push(() => {
        if (!client.destroyed) begin();
      });
  }

  #serve(request: IncomingMessage, response: ServerResponse, fixedRevisionId: string | null): void {
    const route = this.#route(request, fixedRevisionId);
    const spec = this.#options.spec();
    if (this.closing) request.headers.connection = 'close';
    const exchange = new Exchange({
      ...this.#options,
      ...route,
      request,
      response,
      arrivedAtMs: Date.now(),
      requestTimeoutMs: spec.requestTimeoutMs,
      versionHeader: spec.versionHeader,
      forward: (connection, port) => {
        const options = { ...forwardOptions(connection, port), headers: { connection: 'keep-alive' } };
        this.#library.web(request, response, options, () => exchange.failed());
      },
    });
    prepareRequestHeaders(request);
    this.#exchanges.set(request, exchange);
    exchange.begin();
  }

  #upgrade(
    incoming: { request: IncomingMessage; socket: Duplex; head: Buffer; server: Server },
    fixedRevisionId: string | null,
  ): void {
    const { request, socket, head, server } = incoming;
    if (!(socket instanceof Socket)) return void socket.destroy();
    if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return void serveWithoutUpgrade(server, request, socket);
    }
    const exchange = new UpgradeExchange({
      ...this.#options,
      ...this.#route(request, fixedRevisionId),
      incoming: request,
      socket,
      arrivedAtMs: Date.now(),
      requestTimeoutMs: this.#options.spec().requestTimeoutMs,
      forward: (connection, port) => {
        const refuse = (): void => exchange.refuse(502, 'the instance closed the connection before it answered');
        this.#library.ws(request, socket, head, forwardOptions(connection, port), refuse);
      },
    });
    prepareRequestHeaders(request);
    this.#upgrades.set(request, exchange);
    exchange.begin();
  }

  #route(request: IncomingMessage, fixedRevisionId: string | null): Route {
    const probe = request.headers[probeHeader] !== undefined;
    if (fixedRevisionId !== null) {
      const stratum = probe ? 'probe' : null;
      return { assignedId: fixedRevisionId, fixed: true, stratum, unit: null, drawn: false, issueCookie: null };
    }
    const { cookie } = this.#options.spec();
    const known = readCookie(request.headers.cookie, cookie)?.slice(0, longestUnit) ?? null;
    const unit = known ?? randomBytes(12).toString('hex');
    const issueCookie = known === null ? `${cookie}=${unit}; Path=/; HttpOnly; SameSite=Lax` : null;
    const assignedId = assignRevision(this.#options.table(), unit);
    // Probes are not users: those that they would have drawn say nothing about how users are split.
    const drawn = known === null && !probe;
    return { assignedId, fixed: false, stratum: probe ? 'probe' : 'user', unit: known, drawn, issueCookie };
  }
}

function forwardOptions(connection: Connection, port: number) {
  // `toProxy` hands the path on as it came instead of normalising it.
  return { target: { host: '127.0.0.1', port }, agent: connection.agent, toProxy: true };
}

/** A server may ignore a wish to upgrade (RFC 9110, 7.8); Node.js has given the connection away already, so it ends with this answer. */
function serveWithoutUpgrade(server: Server, request: IncomingMessage, socket: Socket): void {
  delete request.headers.upgrade;
  delete request.headers['http2-settings'];
  request.headers.connection = 'close';
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  socket.on('error', () => undefined);
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  server.emit('request', request, response);
}
