import { Agent, type ClientRequest } from 'node:http';
import { connect, type Socket } from 'node:net';

/** A connected socket to an instance. */
export type Connection = {
  readonly socket: Socket;
  /** Gives exactly this socket to the request that is made with it. */
  readonly agent: Agent;
  /** It has carried a request before, so the instance may be about to close it. */
  reused: boolean;
  /** Bytes read when it was last handed out: no more since then means that no answer had begun. */
  readBefore: number;
  idleSince: number;
  idleLimitMs: number;
};

/** Below the 5 s after which a Node.js server closes an idle connection. */
const idleLimitMs = 4000;
const mostIdle = 128;

/** Connections to one instance: first connect, then hand the request over, so that a refused connection costs nothing. */
export class ConnectionPool {
  readonly #port: number;
  readonly #idle: Connection[] = [];
  #closed = false;

  constructor(port: number) {
    this.#port = port;
  }

  /** The idle connection used last, or null. */
  takeIdle(): Connection | null {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      const idleMs = performance.now() - connection.idleSince;
      if (connection.socket.destroyed || !connection.socket.writable || idleMs > connection.idleLimitMs) {
        connection.socket.destroy();
        continue;
      }
      connection.reused = true;
      connection.readBefore = connection.socket.bytesRead;
      return connection;
    }
  }

  /** A fresh connection; exactly one of the two callbacks is called, later. */
  connect(timeoutMs: number, done: (connection: Connection) => void, failed: (error: Error) => void): void {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    const settle = (): void => {
      clearTimeout(timer);
      socket.removeListener('connect', onConnect);
      socket.removeListener('error', onError);
      // An error of an idle socket means only that it is gone.
      socket.on('error', () => undefined);
    };
    const onConnect = (): void => {
      settle();
      done(this.#adopt(socket));
    };
    const onError = (error: Error): void => {
      settle();
      socket.destroy();
      failed(error);
    };
    const timer = setTimeout(() => onError(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('connect', onConnect);
    socket.once('error', onError);
  }

  /** Puts back a connection that was handed out and not used. */
  giveBack(connection: Connection): void {
    if (this.#closed || connection.socket.destroyed || this.#idle.length >= mostIdle) {
      connection.socket.destroy();
      return;
    }
    connection.idleSince = performance.now();
    this.#idle.push(connection);
  }

  /** Ends connections that have been idle for too long. */
  sweep(): void {
    const now = performance.now();
    const old = this.#idle.filter((connection) => now - connection.idleSince > connection.idleLimitMs);
    for (const connection of old) this.#forget(connection);
  }

  /** Ends the idle connections now and the others as soon as they are free. */
  close(): void {
    this.#closed = true;
    for (const connection of [...this.#idle]) this.#forget(connection);
  }

  #adopt(socket: Socket): Connection {
    const agent = new HandOver(socket);
    const connection = { socket, agent, reused: false, readBefore: 0, idleSince: 0, idleLimitMs };
    // The request emits `free` when both sides are done and the connection may be used again.
    socket.on('free', () => this.giveBack(connection));
    socket.once('close', () => this.#forget(connection));
    return connection;
  }

  #forget(connection: Connection): void {
    const index = this.#idle.indexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
    connection.socket.destroy();
  }
}

/** An agent without choice. Node.js asks an agent for a socket by `addRequest`, and takes what `onSocket` brings. */
class HandOver extends Agent {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ keepAlive: true });
    this.#socket = socket;
  }

  addRequest(request: ClientRequest): void {
    request.reusedSocket = this.#socket.bytesWritten > 0;
    request.onSocket(this.#socket);
  }
}
