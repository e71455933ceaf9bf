import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import { httpRequest } from '../system/http.ts';
import type { ArmRevision, ArmRevisions } from './arm-revisions.ts';
import { type ArmReading, createBoundarySampler, type Reading, type ReadShare } from './boundary-sampler.ts';
import { compileExpression, fillExpression, type JsonExpression } from './json-expression.ts';
import { type JsonValue, readCount, readJsonAnswer, readLatencyTotals, showJson } from './read-json.ts';
import { requestHeaders } from './request-headers.ts';
import { createSampledSource } from './sampled-source.ts';

/** Expressions of a share: totals `part` of `of`, or a ratio with its sample size over the last interval. */
export type JsonShare =
  | { kind: 'counter'; part: string; of: string }
  | { kind: 'gauge'; ratio: string; samples: string };

export type JsonEndpointOptions = {
  /** One address that tells of both arms, or one for each; with placeholders. */
  url: string | Readonly<Record<Arm, string>>;
  everyMs: number;
  timeoutMs: number;
  settleMs: number;
  headersFromEnv: Readonly<Record<string, string>>;
  environment: Readonly<Record<string, string | undefined>>;
  /** Part of the document that is about an arm. */
  select: Readonly<Record<Arm, string>>;
  since: string | null;
  /** Null for a source of events only. */
  requests: JsonShare | null;
  latency: string | null;
  events: Readonly<Record<string, JsonShare>>;
  revisions: ArmRevisions;
  clock: Clock;
};

const longestBody = 1_000_000;

/** Figures of an HTTP address that answers with JSON. Throws an Error for an expression that is no JMESPath. */
export function createJsonEndpointSource(options: JsonEndpointOptions): MetricSource {
  const { everyMs, settleMs, latency, events, clock } = options;
  const read = createJsonReader(options);
  return createSampledSource({
    kind: 'json-endpoint',
    clock,
    traits: {
      windowMs: everyMs,
      countedBy: 'completion',
      settleMs,
      latency: latency === null ? 'none' : 'coarse',
      events: Object.keys(events),
    },
    sampler: createBoundarySampler({ everyMs, clock, read }),
  });
}

/** What one question brings; throws an Error when neither arm can be read. Throws at once for an expression that is no JMESPath. */
export function createJsonReader(options: JsonEndpointOptions): (signal: AbortSignal) => Promise<Reading> {
  const readers = { baseline: compileArm(options, 'baseline'), canary: compileArm(options, 'canary') };
  return async (signal) => {
    const one =
      typeof options.url === 'string' && !options.url.includes('{{') ? fetchJson(options, options.url, signal) : null;
    const readArm = async (arm: Arm): Promise<ArmReading> => {
      const revision = options.revisions[arm];
      if (revision === null) return { status: 'no_data', reason: 'there is no revision in this arm' };
      try {
        return readers[arm](await (one ?? fetchJson(options, urlOf(options, arm, revision), signal)));
      } catch (thrown) {
        return { status: 'error', reason: thrown instanceof Error ? thrown.message : toDeployError(thrown).message };
      }
    };
    const [baseline, canary] = await Promise.all([readArm('baseline'), readArm('canary')]);
    const failed = [baseline, canary].find((reading) => reading.status === 'error');
    const heard = [baseline, canary].some((reading) => reading.status === 'read');
    if (failed?.status === 'error' && !heard) throw new Error(failed.reason);
    return { baseline, canary };
  };
}

function urlOf({ url }: JsonEndpointOptions, arm: Arm, revision: ArmRevision): string {
  const template = typeof url === 'string' ? url : url[arm];
  return template.replace(/\{\{\s*(version|revisionId)\s*\}\}/g, (_, name: string) =>
    encodeURIComponent(name === 'version' ? revision.version : revision.revisionId),
  );
}

async function fetchJson(options: JsonEndpointOptions, url: string, signal: AbortSignal): Promise<JsonValue> {
  const headers = { accept: 'application/json', ...requestHeaders(options.headersFromEnv, options.environment) };
  const answer = await httpRequest({ url, headers, timeoutMs: options.timeoutMs, signal, maxBytes: longestBody });
  return readJsonAnswer(answer, 'the answer');
}

function compileArm(options: JsonEndpointOptions, arm: Arm): (document: JsonValue) => ArmReading {
  const revision = options.revisions[arm] ?? { version: '', revisionId: '' };
  const expression = (text: string, what: string): JsonExpression =>
    compileExpression(fillExpression(text, revision), what);
  const select = expression(options.select[arm], `select.${arm}`);
  const since = options.since === null ? null : expression(options.since, 'since');
  const requests = options.requests === null ? null : compileShare(options.requests, 'counts', expression);
  const latency = options.latency === null ? null : expression(options.latency, 'latency');
  const events = Object.entries(options.events).map(([name, share]) => ({
    name,
    read: compileShare(share, `events.${name}`, expression),
  }));
  return (document) => {
    const part = select.of(document);
    if (part === null || part === undefined)
      return { status: 'no_data', reason: `the answer says nothing of the ${arm} (${select.text})` };
    const about = asJson(part);
    return {
      status: 'read',
      epoch: since === null ? null : JSON.stringify(since.of(about) ?? null),
      requests: requests === null ? null : requests(about),
      latency: latency === null ? null : readLatencyTotals(latency.of(about)),
      events: new Map(events.map(({ name, read }) => [name, read(about)])),
    };
  };
}

function compileShare(
  share: JsonShare,
  what: string,
  expression: (text: string, what: string) => JsonExpression,
): (about: JsonValue) => ReadShare {
  if (share.kind === 'counter') {
    const part = expression(share.part, what);
    const of = expression(share.of, what);
    return (about) => ({
      since: 'start',
      samples: readCount(of.of(about), of.text),
      failures: readCount(part.of(about), part.text),
    });
  }
  const ratio = expression(share.ratio, what);
  const size = expression(share.samples, what);
  return (about) => {
    const samples = readCount(size.of(about), size.text);
    const value = ratio.of(about);
    if (samples === 0) return { since: 'interval', samples: 0, failures: 0 };
    if (typeof value !== 'number' || !(value >= 0 && value <= 1))
      throw new Error(`${ratio.text} is ${showJson(value)}, not a ratio from 0 to 1`);
    return { since: 'interval', samples, failures: Math.round(value * samples) };
  };
}

/** What an expression chose from JSON is JSON; the library types it loosely. */
function asJson(value: unknown): JsonValue {
  const text = JSON.stringify(value);
  const parsed: JsonValue = JSON.parse(text);
  return parsed;
}
