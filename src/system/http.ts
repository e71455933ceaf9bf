import http from 'node:http';
import https from 'node:https';
import { DeployError } from '../model/deploy-error.ts';
import { createCheckedLookup } from './checked-lookup.ts';
import { forbiddenReason, isMetadataName } from './forbidden-address.ts';

export type HttpRequest = {
  url: string;
  method?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  body?: string | undefined;
  /** For the whole exchange, to the last byte. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Bytes of the body that are kept; the rest is dropped and `truncated` set. */
  maxBytes?: number | undefined;
  /** A unix socket instead of the address in the URL. */
  socketPath?: string | undefined;
};

export type HttpAnswer = {
  status: number;
  headers: Record<string, string>;
  body: string;
  truncated: boolean;
  durationMs: number;
};

/**
 * One request on a connection of its own; redirects are answers, not followed. Every address that the host has is checked
 * before one of them is connected to; link-local and metadata addresses and user info in the URL are refused. Throws
 * HTTP_FAILED when no complete answer comes.
 */
export async function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  const { url: address, method = 'GET' } = request;
  const url = parseUrl(address);
  const wrong =
    url === null ? 'not an http or https address' : request.socketPath === undefined ? refusalOf(url) : null;
  if (url === null || wrong !== null)
    throw new DeployError('HTTP_FAILED', { method, url: shownUrl(address), reason: wrong ?? 'no address' });
  try {
    return await exchange(url, request);
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    // What node refuses before anything is sent: a header that would be two.
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError('HTTP_FAILED', { method, url: shownUrl(address), reason }, thrown);
  }
}

function exchange(url: URL, request: HttpRequest): Promise<HttpAnswer> {
  const started = performance.now();
  const method = request.method ?? 'GET';
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      finish();
      outgoing.destroy();
      reject(new DeployError('HTTP_FAILED', { method, url: shownUrl(request.url), reason }, cause));
    };
    const options = {
      method,
      headers: {
        connection: 'close',
        ...(request.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(request.body)) }),
        ...request.headers,
      },
      agent: false as const,
      lookup,
      ...(request.socketPath === undefined ? {} : { socketPath: request.socketPath }),
    };
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, options, (answer) => {
      collect(answer, request.maxBytes ?? 1_000_000).then(
        ({ body, truncated }) => {
          finish();
          resolve({
            status: answer.statusCode ?? 0,
            headers: flatHeaders(answer.headers),
            body,
            truncated,
            durationMs: performance.now() - started,
          });
        },
        (error: unknown) => fail(error instanceof Error ? error.message : String(error), error),
      );
    });
    const timer = setTimeout(() => fail(`no complete answer within ${request.timeoutMs} ms`), request.timeoutMs);
    const onAbort = (): void => fail('cancelled');
    const finish = (): void => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
    };
    outgoing.on('error', (error) => fail(error.message, error));
    if (request.signal?.aborted) return onAbort();
    request.signal?.addEventListener('abort', onAbort, { once: true });
    outgoing.end(request.body);
  });
}

const lookup = createCheckedLookup();

/** Why this address is not asked; a name's own addresses are checked when it is resolved. */
function refusalOf(url: URL): string | null {
  if (url.username !== '' || url.password !== '') return 'it has user info, which belongs into a header';
  if (isMetadataName(url.hostname)) return 'it is the name of a metadata service, which is never asked';
  return forbiddenReason(url.hostname);
}

function parseUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
  } catch {
    return null;
  }
}

/** Without user info and query, which may hold secrets. */
function shownUrl(text: string): string {
  const url = parseUrl(text);
  return url === null ? 'an invalid address' : `${url.origin}${url.pathname}`;
}

async function collect(answer: http.IncomingMessage, maxBytes: number): Promise<{ body: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let truncated = false;
  for await (const chunk of answer) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    const room = maxBytes - kept;
    if (bytes.length > room) truncated = true;
    if (room > 0) chunks.push(bytes.subarray(0, room));
    kept += Math.min(bytes.length, Math.max(0, room));
  }
  if (!answer.complete) throw new Error('the connection was cut in the middle of the answer');
  return { body: Buffer.concat(chunks).toString('utf8'), truncated };
}

function flatHeaders(headers: http.IncomingHttpHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}
