import { once } from 'node:events';
import { request as httpClient, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { z } from 'zod';
import { DeployError } from '../../model/deploy-error.ts';
import { type TrafficFrame, trafficFrameSchema } from '../../model/traffic.ts';
import { createSystemClock } from '../../system/clock.ts';
import { errorCodeOf } from '../../system/files.ts';
import { type HttpAnswer, httpRequest } from '../../system/http.ts';
import {
  type ControlName,
  type ControlRequest,
  type HostAnswer,
  hostAnswerSchema,
  hostRefusalSchema,
  refusalToError,
} from './control-protocol.ts';
import type { HostFiles } from './host-files.ts';

const clock = createSystemClock();
const answerWithinMs = 10_000;
const mostAttempts = 6;
const againAfterMs = 50;
/** Frames come at least every 250 ms; a host that is silent for this long is dead or stopped. */
const silenceMs = 3000;

/** What a running host says of itself, or null when none is running. Throws TARGET_UNREACHABLE when one runs and does not answer. */
export async function readHost(files: HostFiles, signal?: AbortSignal): Promise<HostAnswer | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exchange(files, { path: '/state', method: 'GET', signal });
    } catch (thrown) {
      if (hasCode(thrown, ['ENOENT', 'ECONNREFUSED'])) return null;
      // The socket of a host that is just dying still takes connections for a moment.
      if (attempt >= mostAttempts || !hasCode(thrown, ['ECONNRESET', 'EPIPE'])) throw thrown;
      await clock.sleep(againAfterMs, signal);
    }
  }
}

/** Asks a running host for a change and returns what holds afterwards. Throws the host's own error, or TARGET_UNREACHABLE. */
export function callHost<Name extends ControlName>(
  files: HostFiles,
  call: { name: Name; body: ControlRequest<Name>; signal?: AbortSignal | undefined },
): Promise<HostAnswer> {
  return exchange(files, {
    path: `/${call.name}`,
    method: 'POST',
    body: JSON.stringify(call.body),
    signal: call.signal,
  });
}

/** The host's counts and events as they happen. Throws TARGET_UNREACHABLE when the host is gone or silent. */
export async function* readFrames(
  files: HostFiles,
  options: { sinceMs: number; signal: AbortSignal },
): AsyncGenerator<TrafficFrame> {
  const { signal } = options;
  const response = await openFeed(files, options);
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  // A destroyed stream has no end that the reader of lines would see.
  response.once('close', () => lines.close());
  let heardMs = performance.now();
  let silent = false;
  const watch = setInterval(() => {
    if (performance.now() - heardMs < silenceMs) return;
    silent = true;
    response.destroy();
  }, 250);
  const onAbort = (): void => void response.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const line of lines) {
      heardMs = performance.now();
      yield parseFrame(line);
      heardMs = performance.now();
    }
  } catch (thrown) {
    if (!signal.aborted && thrown instanceof DeployError) throw thrown;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
    lines.close();
    response.destroy();
  }
  if (!signal.aborted) throw unreachable(files, silent ? `it was silent for ${silenceMs} ms` : 'it ended');
}

async function openFeed(files: HostFiles, options: { sinceMs: number; signal: AbortSignal }): Promise<IncomingMessage> {
  const { sinceMs, signal } = options;
  const outgoing = httpClient({
    socketPath: files.controlSocket,
    path: `/feed?sinceMs=${Math.floor(sinceMs)}`,
    agent: false,
  });
  outgoing.end();
  try {
    const [response]: IncomingMessage[] = await once(outgoing, 'response', {
      signal: AbortSignal.any([signal, AbortSignal.timeout(silenceMs)]),
    });
    if (response?.statusCode !== 200) throw new Error('it refused the feed');
    response.on('error', () => undefined);
    return response;
  } catch (thrown) {
    outgoing.on('error', () => undefined);
    outgoing.destroy();
    throw unreachable(files, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function parseFrame(line: string): TrafficFrame {
  return trafficFrameSchema.parse(JSON.parse(line));
}

async function exchange(
  files: HostFiles,
  call: { path: string; method: string; body?: string; signal?: AbortSignal | undefined },
): Promise<HostAnswer> {
  const answer = await send(files, call);
  const body: unknown = parseJson(answer.body);
  if (answer.status === 200) return readAs(hostAnswerSchema, body, files);
  throw refusalToError(readAs(hostRefusalSchema, body, files).error);
}

async function send(
  files: HostFiles,
  call: { path: string; method: string; body?: string; signal?: AbortSignal | undefined },
): Promise<HttpAnswer> {
  try {
    return await httpRequest({
      url: `http://host.invalid${call.path}`,
      method: call.method,
      body: call.body,
      headers: { 'content-type': 'application/json' },
      socketPath: files.controlSocket,
      timeoutMs: answerWithinMs,
      maxBytes: 8_000_000,
      signal: call.signal,
    });
  } catch (thrown) {
    throw unreachable(files, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}

function hasCode(thrown: unknown, codes: readonly string[]): boolean {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if (codes.includes(errorCodeOf(at) ?? '')) return true;
  }
  return false;
}

function readAs<Schema extends z.ZodType>(schema: Schema, body: unknown, files: HostFiles): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw unreachable(files, `its answer is not understood (${parsed.error.issues[0]?.message ?? 'no reason'})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function unreachable(files: HostFiles, reason: string, cause?: unknown): DeployError {
  const remedy = `See ${files.directory}/host.log, then \`seatrial host up\`.`;
  return new DeployError('TARGET_UNREACHABLE', { target: 'the local host', reason, remedy }, cause);
}
