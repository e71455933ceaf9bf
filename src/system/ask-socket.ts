import net from 'node:net';
import { DeployError } from '../model/deploy-error.ts';

/** A unix socket, or an address of TCP. */
export type SocketAddress = { path: string } | { host: string; port: number };

export type SocketQuestion = {
  address: SocketAddress;
  /** Written whole, as it is; the sender's side stays open until the answer is there. */
  text: string;
  connectTimeoutMs: number;
  /** For the whole exchange, connecting included. */
  timeoutMs: number;
  /** An answer that is longer is an error, never cut. */
  maxBytes: number;
  /** The answer is complete when it ends with this; without it, when the other side closes. */
  terminator?: string | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * One question and its whole answer (UTF-8) over a connection of its own. Throws
 * - TARGET_REFUSED when the socket may not be opened by this user, or the answer is too long;
 * - TARGET_UNREACHABLE when nobody listens, or no complete answer comes in time: the reason says whether the question had been sent;
 * - CANCELLED when the signal fires.
 */
export function askSocket(question: SocketQuestion): Promise<string> {
  const { address, signal } = question;
  const target = shownAddress(address);
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new DeployError('CANCELLED', { what: `the question to ${target}` }));
    const socket = net.connect(address);
    const received = collectAnswer(question.maxBytes, question.terminator);
    let sent = false;
    const end = (error: DeployError | null): void => {
      clearTimeout(connectTimer);
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      if (error === null) resolve(received.text());
      else reject(error);
    };
    const unreachable = (reason: string, cause?: unknown): void =>
      end(doesNotAnswer(target, `${reason}; ${sent ? 'what was sent may have been done' : 'nothing was sent'}`, cause));
    const onAbort = (): void => end(new DeployError('CANCELLED', { what: `the question to ${target}` }));
    const connectTimer = setTimeout(
      () => unreachable(`no connection within ${question.connectTimeoutMs} ms`),
      question.connectTimeoutMs,
    );
    const timer = setTimeout(
      () => unreachable(`no complete answer within ${question.timeoutMs} ms`),
      question.timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('connect', () => {
      clearTimeout(connectTimer);
      sent = true;
      socket.write(question.text);
    });
    socket.on('data', (bytes) => {
      const state = received.take(bytes);
      if (state === 'complete') end(null);
      if (state === 'too long')
        end(
          new DeployError('TARGET_REFUSED', { reason: `${target} answered with more than ${question.maxBytes} bytes` }),
        );
    });
    socket.on('end', () => {
      if (received.endsAtClose) end(null);
      else unreachable('it closed in the middle of its answer');
    });
    socket.on('error', (error) => {
      const refused = sent ? null : notPermitted(error, target);
      if (refused === null) unreachable(reasonOf(error), error);
      else end(refused);
    });
  });
}

export function shownAddress(address: SocketAddress): string {
  return 'path' in address ? address.path : `${address.host}:${address.port}`;
}

type Answer = {
  readonly endsAtClose: boolean;
  take(bytes: Buffer): 'more' | 'complete' | 'too long';
  text(): string;
};

function collectAnswer(maxBytes: number, terminator: string | undefined): Answer {
  const chunks: Buffer[] = [];
  const last = Buffer.from(terminator ?? '');
  let length = 0;
  let tail = Buffer.alloc(0);
  return {
    endsAtClose: terminator === undefined,
    take: (bytes) => {
      chunks.push(bytes);
      length += bytes.length;
      if (length > maxBytes) return 'too long';
      if (terminator === undefined) return 'more';
      tail = Buffer.concat([tail, bytes]).subarray(-last.length);
      return tail.equals(last) ? 'complete' : 'more';
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Somebody may listen, but not for this user: trying again does not help, changing permissions does. */
function notPermitted(error: Error, target: string): DeployError | null {
  const code = codeOf(error);
  if (code !== 'EACCES' && code !== 'EPERM') return null;
  const remedy = `Give this user access to ${target}: its mode, owner or group, and those of the folders above it.`;
  return new DeployError('TARGET_REFUSED', { reason: `no permission to open the socket ${target}`, remedy }, error);
}

function reasonOf(error: Error): string {
  const known: Record<string, string> = {
    ECONNREFUSED: 'nobody listens there',
    ENOENT: 'there is no such socket',
    ENOTSOCK: 'it is no socket',
    ECONNRESET: 'the connection was reset',
    EPIPE: 'the connection was closed',
    EAGAIN: 'its queue of connections is full',
  };
  return known[codeOf(error)] ?? error.message;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function doesNotAnswer(target: string, reason: string, cause: unknown): DeployError {
  const remedy = 'Start it, and let this user read and write its socket.';
  return new DeployError('TARGET_UNREACHABLE', { target, reason, remedy }, cause);
}
