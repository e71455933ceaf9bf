import { z } from 'zod';
import { cleanExcerpt } from '../system/excerpt.ts';
import { type HttpAnswer, httpRequest } from '../system/http.ts';
import { parseJsonText, showJson } from './read-json.ts';
import { requestHeaders } from './request-headers.ts';

export type PrometheusAccess = {
  /** Without /api/v1. */
  url: string;
  timeoutMs: number;
  headersFromEnv: Readonly<Record<string, string>>;
  environment: Readonly<Record<string, string | undefined>>;
};

export type NativeHistogram = {
  count: number;
  /** Edges in the unit of the metric; the lower one of the zero bucket may be below 0. */
  buckets: ReadonlyArray<{ lower: number; upper: number; count: number }>;
};

/** Raw samples of one series, ascending. Times are Unix ms of Prometheus. */
export type RawSeries = {
  /** Labels in a fixed order: the identity of the series. */
  key: string;
  labels: Readonly<Record<string, string>>;
  /** NaN and infinities come through as they are. */
  values: ReadonlyArray<readonly [number, number]>;
  histograms: ReadonlyArray<readonly [number, NativeHistogram]>;
};

/** What Prometheus itself said was wrong: `bad_data` for a query that is no PromQL. */
export class PrometheusError extends Error {
  readonly errorType: string;
  constructor(errorType: string, message: string) {
    super(message);
    this.errorType = errorType;
  }
}

const longestBody = 16_000_000;
const seconds = z.number().transform((value) => Math.round(value * 1000));
/** `"123"`, `"NaN"`, `"+Inf"`: Prometheus sends values as text, because JSON has no infinities. */
const sampleText = z.string().transform((text, context) => {
  const special: Record<string, number> = { NaN: Number.NaN, '+Inf': Infinity, Inf: Infinity, '-Inf': -Infinity };
  const value = special[text] ?? (text.trim() === '' ? Number.NaN : Number(text));
  if (Number.isNaN(value) && text !== 'NaN') {
    context.addIssue({ code: 'custom', message: 'a sample is no number' });
    return z.NEVER;
  }
  return value;
});
const histogramSchema = z.object({
  count: sampleText,
  buckets: z.array(z.tuple([z.number(), sampleText, sampleText, sampleText])).default([]),
});
const labelsSchema = z.record(z.string(), z.string());
const matrixSchema = z.object({
  resultType: z.literal('matrix'),
  result: z.array(
    z.object({
      metric: labelsSchema,
      values: z.array(z.tuple([seconds, sampleText])).default([]),
      histograms: z.array(z.tuple([seconds, histogramSchema])).default([]),
    }),
  ),
});
const scalarSchema = z.object({ resultType: z.literal('scalar'), result: z.tuple([seconds, sampleText]) });
const answerSchema = z.union([
  z.object({ status: z.literal('success'), data: z.unknown() }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

/** Prometheus' own clock (Unix ms), asked now, and by how much it is ahead of ours, to half the time of the question. Throws. */
export async function askPrometheusTime(
  access: PrometheusAccess,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<{ atMs: number; skewMs: number }> {
  const sentMs = nowMs();
  const data = await ask(access, 'query', { query: 'time()' }, signal);
  const [atMs] = parse(scalarSchema, data, 'a scalar').result;
  return { atMs, skewMs: Math.round(atMs - (sentMs + nowMs()) / 2) };
}

/** Raw samples in (atMs − rangeMs, atMs] of every series that the selector matches. Throws. */
export async function askRawSeries(
  access: PrometheusAccess,
  asked: { selector: string; atMs: number; rangeMs: number },
  signal: AbortSignal,
): Promise<RawSeries[]> {
  const query = `${asked.selector}[${Math.ceil(asked.rangeMs)}ms]`;
  const data = await ask(access, 'query', { query, time: String(asked.atMs / 1000) }, signal);
  return seriesOf(parse(matrixSchema, data, 'a matrix'));
}

/** The last value of every series at each step, with Prometheus' look-back. For long past times. Throws. */
export async function askSteps(
  access: PrometheusAccess,
  asked: { selector: string; fromMs: number; toMs: number; stepMs: number },
  signal: AbortSignal,
): Promise<RawSeries[]> {
  const { selector, fromMs, toMs, stepMs } = asked;
  const range = { start: String(fromMs / 1000), end: String(toMs / 1000), step: String(stepMs / 1000) };
  return seriesOf(
    parse(matrixSchema, await ask(access, 'query_range', { query: selector, ...range }, signal), 'a matrix'),
  );
}

async function ask(
  access: PrometheusAccess,
  what: 'query' | 'query_range',
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const answer = await httpRequest({
    url: `${access.url.replace(/\/$/, '')}/api/v1/${what}`,
    method: 'POST',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      ...requestHeaders(access.headersFromEnv, access.environment),
    },
    body: new URLSearchParams(parameters).toString(),
    timeoutMs: access.timeoutMs,
    signal,
    maxBytes: longestBody,
  });
  return dataOf(answer);
}

function dataOf(answer: HttpAnswer): unknown {
  if (answer.status >= 300 && answer.status < 400)
    throw new Error(`Prometheus answered with a redirect (${answer.status}), which is not followed`);
  if (answer.truncated) throw new Error('the answer of Prometheus was longer than is read');
  const isJson = answer.body.trimStart().startsWith('{');
  if (!isJson && answer.status !== 200) throw new Error(`Prometheus answered with status ${answer.status}`);
  const parsed = answerSchema.safeParse(parseJsonText(answer.body, 'the answer of Prometheus'));
  if (!parsed.success) throw new Error(`the answer of Prometheus (status ${answer.status}) is not of its API`);
  if (parsed.data.status === 'error')
    throw new PrometheusError(
      parsed.data.errorType,
      `Prometheus: ${cleanExcerpt(parsed.data.errorType, 40)}: ${cleanExcerpt(parsed.data.error)}`,
    );
  if (answer.status !== 200) throw new Error(`Prometheus answered with status ${answer.status}`);
  return parsed.data.data;
}

function parse<T>(schema: z.ZodType<T>, data: unknown, wanted: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const type = z.object({ resultType: z.string() }).safeParse(data);
  const got = type.success ? type.data.resultType : showJson(data);
  throw new Error(
    `the answer of Prometheus is not ${wanted} (${cleanExcerpt(got, 40)}): ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
  );
}

function seriesOf(matrix: z.output<typeof matrixSchema>): RawSeries[] {
  return matrix.result.map(({ metric, values, histograms }) => ({
    key: JSON.stringify(Object.entries(metric).sort(([left], [right]) => (left < right ? -1 : 1))),
    labels: metric,
    values,
    histograms: histograms.map(([atMs, { count, buckets }]) => [
      atMs,
      { count, buckets: buckets.map(([, lower, upper, inside]) => ({ lower, upper, count: inside })) },
    ]),
  }));
}
