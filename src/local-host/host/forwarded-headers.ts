import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** Tells on every answer which revision gave it. */
export const revisionHeader = 'x-seatrial-revision';

const hopByHop = ['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'];
const neverNominated = new Set([
  'close',
  'keep-alive',
  'upgrade',
  'host',
  'content-length',
  'transfer-encoding',
  'cookie',
]);

/** Takes away what belongs to the client's connection or to us, and adds where the request came from. Changes `request.headers`. */
export function prepareRequestHeaders(request: IncomingMessage): void {
  const { headers } = request;
  dropHopByHop(headers);
  delete headers[revisionHeader];
  // The proxy has answered it already.
  delete headers.expect;
  const address = request.socket.remoteAddress ?? 'unknown';
  headers['x-forwarded-for'] =
    headers['x-forwarded-for'] === undefined ? address : `${headers['x-forwarded-for']}, ${address}`;
  headers['x-forwarded-proto'] ??= 'http';
  headers['x-forwarded-host'] ??= headers.host ?? '';
}

/** Takes away what belongs to the instance's connection. Changes `headers`. */
export function dropHopByHop(headers: IncomingHttpHeaders): void {
  const nominated = headers.connection;
  if (nominated !== undefined && nominated !== 'keep-alive' && nominated !== 'close') {
    for (const name of nominated.split(',').map((part) => part.trim().toLowerCase())) {
      if (!neverNominated.has(name)) delete headers[name];
    }
  }
  for (const name of hopByHop) delete headers[name];
}

/** Value of one cookie, or null. Pure. */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim() || null;
  }
  return null;
}

/** True when there is no body to send a second time. Pure. */
export function hasNoBody(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
}

const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Whether doing it twice is the same as doing it once (RFC 9110, 9.2.2). Pure. */
export function isIdempotent(method: string | undefined): boolean {
  return method !== undefined && idempotentMethods.has(method);
}
