import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Claim, type ClaimRequest } from './claim.ts';
import type { Connection } from './connection.ts';
import { dropHopByHop, hasNoBody, isIdempotent, revisionHeader } from './forwarded-headers.ts';
import { onceClosed } from './once-closed.ts';
import type { Endpoint, OpenRequest } from './routing-table.ts';

export type ExchangeOptions = Omit<ClaimRequest, 'request' | 'incoming'> & {
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
  readonly #repeatable: boolean;
  #connection: Connection | null = null;
  #endpoint: Endpoint | null = null;
  #outgoing: ClientRequest | null = null;
  #replayed = false;
  #answered = false;
  #broken = false;
  #cut = false;
  #ended = false;
  #lastUploadMs = 0;
  #bytesAtHalf = 0;
  #stopWatching: (() => void) | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#claim = new Claim({ ...options, request: this, incoming: options.request });
    const { method, headers } = options.request;
    this.#repeatable = isIdempotent(method) && hasNoBody(headers);
    this.clientCloses = /(^|,)\s*close\s*(,|$)/i.test(headers.connection ?? '');
  }

  begin(): void {
    const { request, response } = this.#options;
    response.once('close', () => this.#end());
    // An answer that waits behind another one has no socket yet, and is not told when its client goes.
    if (response.socket === null) this.#stopWatching = onceClosed(request.socket, () => this.#end());
    if (!this.#repeatable) request.on('data', () => (this.#lastUploadMs = performance.now()));
    // Listening to data would let it flow before there is anyone to take it.
    request.pause();
    this.#arm(this.#options.requestTimeoutMs / 2, () => this.#halfOver());
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
    this.#claim.answered();
    const { headers } = answer;
    const status = answer.statusCode ?? 0;
    this.#noteVersion(headers[this.#options.versionHeader ?? '']);
    this.#noteKeepAlive(headers['keep-alive']);
    this.stream = String(headers['content-type'] ?? '').startsWith('text/event-stream');
    if (status >= 500) this.#claim.end('server_error');
    if (this.stream) this.#complete();
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
    if (response.destroyed || this.#ended || this.#cut || this.#broken) return;
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
        if (this.#isOver()) endpoint.pool.giveBack(connection);
        else this.#send(connection, endpoint);
      },
      () => {
        if (!this.#isOver()) this.#dispatch();
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
        if (this.#isOver()) endpoint.pool.giveBack(connection);
        else this.#send(connection, endpoint);
      },
      () => this.#fail(502, 'the instance ended before it answered'),
    );
  }

  /** Nobody waits for an answer any more. */
  #isOver(): boolean {
    return this.#ended || this.#broken || this.#options.response.destroyed;
  }

  #send(connection: Connection, endpoint: Endpoint): void {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#options.forward(connection, endpoint.port);
  }

  #arm(ms: number, over: () => void): void {
    this.#timer = setTimeout(over, ms);
  }

  #halfOver(): void {
    this.#bytesAtHalf = this.#connection?.socket.bytesRead ?? 0;
    this.#arm(this.#options.requestTimeoutMs / 2, () => this.#timeOver());
  }

  /** Nothing is open in the counts for longer than the time-out, though what still moves goes on. */
  #timeOver(): void {
    if (this.#flows()) this.#claim.end('flowing');
    // A head and then silence keeps its user waiting as well as no head.
    else if (this.#answered) this.#claim.end('timeout');
    if (!this.#answered) this.#awaitAnswer();
  }

  /** Whether bytes have moved in the second half of the time-out, either way. */
  #flows(): boolean {
    const { response, requestTimeoutMs } = this.#options;
    if (!this.#answered) return this.#lastUploadMs > this.#claim.startedMs + requestTimeoutMs / 2;
    return (this.#connection?.socket.bytesRead ?? 0) > this.#bytesAtHalf || response.writableLength > 0;
  }

  #awaitAnswer(): void {
    if (this.#answered) return;
    const { requestTimeoutMs } = this.#options;
    const sinceUploadMs = performance.now() - Math.max(this.#lastUploadMs, this.#claim.startedMs);
    const leftMs = requestTimeoutMs - sinceUploadMs;
    // An upload that still flows has not been waiting for an answer.
    if (leftMs <= 1) return void this.#fail(504, `no answer within ${requestTimeoutMs} ms`);
    this.#claim.end('timeout');
    this.#arm(leftMs, () => this.#awaitAnswer());
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Answers in the instance's place. */
  #fail(status: 502 | 503 | 504, reason: string): void {
    const { request, response } = this.#options;
    this.#broken = true;
    this.#claim.end(status === 504 ? 'timeout' : 'connection');
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
    this.#claim.end('connection');
    this.#options.response.destroy();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#disarm();
    this.#stopWatching?.();
    const whole = this.#options.response.writableFinished && this.#answered && !this.#broken && !this.#cut;
    if (whole) this.#complete();
    else this.#outgoing?.destroy();
    this.#claim.close();
  }

  #complete(): void {
    this.#claim.end('answer');
    this.#claim.completed();
  }

  #noteVersion(value: string | string[] | undefined): void {
    const version = this.#claim.version;
    if (value === undefined || version === null || this.#options.versionHeader === null) return;
    if (String(value) !== version) this.#claim.mismatched();
  }

  /** An instance that closes idle connections early says so. */
  #noteKeepAlive(hint: string | string[] | undefined): void {
    const seconds = /timeout=(\d+)/.exec(String(hint ?? ''))?.[1];
    if (seconds === undefined || this.#connection === null) return;
    this.#connection.idleLimitMs = Math.min(this.#connection.idleLimitMs, Math.max(0, Number(seconds) * 1000 - 1000));
  }
}
