import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Claim, type ClaimRequest } from './claim.ts';
import type { Connection } from './connection.ts';
import { dropHopByHop, hasNoBody, isIdempotent, revisionHeader } from './forwarded-headers.ts';
import type { Endpoint, OpenRequest } from './routing-table.ts';

export type ExchangeOptions = Omit<ClaimRequest, 'request'> & {
  request: IncomingMessage;
  response: ServerResponse;
  requestTimeoutMs: number;
  /** Lower-case header in which the service names its version. */
  versionHeader: string | null;
  /** Cookie line for a unit that has just been drawn, or null. */
  issueCookie: string | null;
  /** Sends the request on and the answer back over this connection. */
  forward: (connection: Connection, port: number) => void;
};

const connectTimeoutMs = 5000;

/**
 * One HTTP request from arrival to the last byte of its answer. It is sent to an instance at most once; the one exception
 * is a request without body and without side effects whose reused connection was closed before any answer began.
 */
export class Exchange implements OpenRequest {
  stream = false;
  /** The client asked to end its connection with this answer. */
  readonly clientCloses: boolean;
  readonly #options: ExchangeOptions;
  readonly #claim: Claim;
  readonly #startedMs = performance.now();
  readonly #repeatable: boolean;
  #connection: Connection | null = null;
  #endpoint: Endpoint | null = null;
  #outgoing: ClientRequest | null = null;
  #replayed = false;
  #answered = false;
  #broken = false;
  #cut = false;
  #lastUploadMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#claim = new Claim({ ...options, request: this });
    const { method, headers } = options.request;
    this.#repeatable = isIdempotent(method) && hasNoBody(headers);
    this.clientCloses = /(^|,)\s*close\s*(,|$)/i.test(headers.connection ?? '');
  }

  begin(): void {
    const { request, response } = this.#options;
    response.once('close', () => this.#end());
    if (!this.#repeatable) request.on('data', () => (this.#lastUploadMs = performance.now()));
    // Listening to data would let it flow before there is anyone to take it.
    request.pause();
    this.#arm(this.#options.requestTimeoutMs);
    this.#dispatch();
  }

  /** The request to the instance exists; its head has not been sent yet. */
  departing(outgoing: ClientRequest, chunkedBody: boolean): void {
    this.#outgoing = outgoing;
    if (!chunkedBody) return;
    // The library takes a chunked body's framing away from DELETE and OPTIONS, which would let the body pass as a request.
    outgoing.removeHeader('content-length');
    outgoing.setHeader('transfer-encoding', 'chunked');
  }

  /** The head of the answer is here and has not been sent on yet. */
  answered(answer: IncomingMessage): void {
    this.#answered = true;
    this.#disarm();
    const { headers } = answer;
    const status = answer.statusCode ?? 0;
    if (status >= 500) this.#claim.counted?.failed(Date.now());
    this.#noteVersion(headers[this.#options.versionHeader ?? '']);
    this.#noteKeepAlive(headers['keep-alive']);
    this.stream = String(headers['content-type'] ?? '').startsWith('text/event-stream');
    if (this.stream) this.#claim.counted?.completed(performance.now() - this.#startedMs);
    dropHopByHop(headers);
    headers.connection = this.clientCloses ? 'close' : 'keep-alive';
    headers[revisionHeader] = this.#claim.revisionId ?? 'none';
    if (this.#options.issueCookie !== null) {
      headers['set-cookie'] = [...(headers['set-cookie'] ?? []), this.#options.issueCookie];
    }
    answer.on('error', () => this.#breakOff());
  }

  /** The connection to the instance failed, or the client's own did. */
  failed(): void {
    const { response } = this.#options;
    if (response.destroyed || this.#cut || this.#broken) return;
    if (this.#answered) return void this.#breakOff();
    const connection = this.#connection;
    const nothingCame = connection !== null && connection.socket.bytesRead === connection.readBefore;
    if (this.#repeatable && !this.#replayed && connection?.reused === true && nothingCame) return void this.#replay();
    this.#fail(502, 'the instance closed the connection before it answered');
  }

  cut(): void {
    const { response } = this.#options;
    this.#cut = true;
    if (this.stream && this.#answered) {
      // A clean end makes an event source connect again.
      response.end();
      this.#outgoing?.destroy();
    } else response.destroy();
  }

  #dispatch(): void {
    const endpoint = this.#claim.next();
    if (endpoint === null) return void this.#fail(503, 'no instance of this service is ready');
    const idle = this.#repeatable ? endpoint.pool.takeIdle() : null;
    if (idle !== null) return void this.#send(idle, endpoint);
    endpoint.pool.connect(
      connectTimeoutMs,
      (connection) => {
        if (this.#options.response.destroyed || this.#broken) return endpoint.pool.giveBack(connection);
        this.#send(connection, endpoint);
      },
      () => {
        if (!this.#options.response.destroyed && !this.#broken) this.#dispatch();
      },
    );
  }

  /**
   * The instance may have closed the old connection just when it was used: once more on a fresh one. Only with the same
   * instance: a request that has killed it is not given to the next.
   */
  #replay(): void {
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    this.#replayed = true;
    endpoint.pool.connect(
      connectTimeoutMs,
      (connection) => {
        if (this.#options.response.destroyed || this.#broken) endpoint.pool.giveBack(connection);
        else this.#send(connection, endpoint);
      },
      () => this.#fail(502, 'the instance ended before it answered'),
    );
  }

  #send(connection: Connection, endpoint: Endpoint): void {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#options.forward(connection, endpoint.port);
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => {
      const sinceUploadMs = performance.now() - Math.max(this.#lastUploadMs, this.#startedMs);
      const leftMs = this.#options.requestTimeoutMs - sinceUploadMs;
      // An upload that still flows has not been waiting for an answer.
      if (leftMs > 1) this.#arm(leftMs);
      else this.#fail(504, `no answer within ${this.#options.requestTimeoutMs} ms`);
    }, ms);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Answers in the instance's place. */
  #fail(status: 502 | 503 | 504, reason: string): void {
    const { request, response } = this.#options;
    this.#broken = true;
    this.#claim.counted?.failed(Date.now());
    request.unpipe();
    request.resume();
    this.#outgoing?.destroy();
    if (response.destroyed) return;
    if (response.headersSent) return void response.destroy();
    const text = `${status}: ${reason}\n`;
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      [revisionHeader]: this.#claim.revisionId ?? 'none',
    });
    response.end(text);
  }

  /** The answer ended in the middle: the client must not take it for a whole one. */
  #breakOff(): void {
    if (this.#options.response.destroyed || this.#cut) return;
    this.#broken = true;
    this.#claim.counted?.failed(Date.now());
    this.#options.response.destroy();
  }

  #end(): void {
    this.#disarm();
    const whole = this.#options.response.writableFinished && this.#answered && !this.#broken && !this.#cut;
    if (whole && !this.stream) this.#claim.counted?.completed(performance.now() - this.#startedMs);
    if (this.#outgoing !== null && !whole) this.#outgoing.destroy();
    this.#claim.release();
  }

  #noteVersion(value: string | string[] | undefined): void {
    const version = this.#claim.version;
    if (value === undefined || version === null || this.#options.versionHeader === null) return;
    if (String(value) !== version) this.#claim.counted?.mismatched();
  }

  /** An instance that closes idle connections early says so. */
  #noteKeepAlive(hint: string | string[] | undefined): void {
    const seconds = /timeout=(\d+)/.exec(String(hint ?? ''))?.[1];
    if (seconds === undefined || this.#connection === null) return;
    this.#connection.idleLimitMs = Math.min(this.#connection.idleLimitMs, Math.max(0, Number(seconds) * 1000 - 1000));
  }
}
