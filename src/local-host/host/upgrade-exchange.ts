import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Claim, type ClaimRequest } from './claim.ts';
import type { Connection } from './connection.ts';
import { revisionHeader } from './forwarded-headers.ts';
import { closeForRestart, FrameBoundary } from './frame-boundary.ts';
import type { OpenRequest } from './routing-table.ts';

export type UpgradeOptions = Omit<ClaimRequest, 'request'> & {
  socket: Socket;
  requestTimeoutMs: number;
  issueCookie: string | null;
  forward: (connection: Connection, port: number) => void;
};

const connectTimeoutMs = 5000;
const closingMs = 1000;

/** A websocket from its first request to its last byte. */
export class UpgradeExchange implements OpenRequest {
  readonly stream = true;
  readonly #options: UpgradeOptions;
  readonly #claim: Claim;
  readonly #fromInstance = new FrameBoundary();
  readonly #timer: NodeJS.Timeout;
  #instanceSocket: Socket | null = null;
  #ended = false;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#claim = new Claim({ ...options, request: this });
    this.#timer = setTimeout(() => this.refuse(504, 'no answer in time'), options.requestTimeoutMs);
  }

  begin(): void {
    this.#options.socket.on('error', () => undefined);
    this.#options.socket.once('close', () => this.#end());
    // A client that has ended its side is gone; a service that does not notice must not hold its place.
    this.#options.socket.once('end', () => this.#destroySoon());
    this.#dispatch();
  }

  /** The request to the instance exists; its listeners must come before those of the library to change the answer's head. */
  departing(outgoing: ClientRequest): void {
    outgoing.on('upgrade', (answer, instanceSocket) => {
      clearTimeout(this.#timer);
      this.#instanceSocket = instanceSocket;
      this.#answered('answer');
      this.#sign(answer);
      instanceSocket.on('data', (chunk: Uint8Array) => this.#fromInstance.push(chunk));
    });
    outgoing.on('response', (answer) => {
      clearTimeout(this.#timer);
      this.#answered((answer.statusCode ?? 0) >= 500 ? 'server_error' : 'answer');
      this.#sign(answer);
    });
  }

  /** Answers in the instance's place, when nothing has been answered yet, and ends the connection. */
  refuse(status: 502 | 503 | 504, reason: string): void {
    const { socket } = this.#options;
    if (this.#ended || socket.destroyed) return;
    if (this.#instanceSocket !== null) return;
    this.#claim.end(status === 504 ? 'timeout' : 'connection');
    const text = `${status}: ${reason}\n`;
    const head = [
      `HTTP/1.1 ${status} ${status === 504 ? 'Gateway Timeout' : status === 503 ? 'Service Unavailable' : 'Bad Gateway'}`,
      'connection: close',
      'content-type: text/plain; charset=utf-8',
      `content-length: ${Buffer.byteLength(text)}`,
      `${revisionHeader}: ${this.#claim.revisionId ?? 'none'}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
  }

  cut(): void {
    const { socket } = this.#options;
    this.#instanceSocket?.unpipe(socket);
    if (this.#instanceSocket !== null && this.#fromInstance.atBoundary) socket.write(closeForRestart);
    socket.end();
    this.#destroySoon();
  }

  #destroySoon(): void {
    setTimeout(() => this.#options.socket.destroy(), closingMs).unref();
  }

  #dispatch(): void {
    const endpoint = this.#claim.next();
    if (endpoint === null) return void this.refuse(503, 'no instance of this service is ready');
    endpoint.pool.connect(
      connectTimeoutMs,
      (connection) => {
        if (this.#ended) return endpoint.pool.giveBack(connection);
        this.#options.forward(connection, endpoint.port);
      },
      () => {
        if (!this.#ended) this.#dispatch();
      },
    );
  }

  /** Its head ends it in the counts: what comes then may take days. */
  #answered(by: 'answer' | 'server_error'): void {
    this.#claim.answered();
    this.#claim.end(by);
    this.#claim.completed();
  }

  #sign(answer: IncomingMessage): void {
    answer.headers[revisionHeader] = this.#claim.revisionId ?? 'none';
    if (this.#options.issueCookie === null) return;
    answer.headers['set-cookie'] = [...(answer.headers['set-cookie'] ?? []), this.#options.issueCookie];
  }

  #end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#instanceSocket?.destroy();
    this.#claim.close();
  }
}
