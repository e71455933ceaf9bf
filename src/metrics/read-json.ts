import { z } from 'zod';
import type { HttpAnswer } from '../system/http.ts';

export type JsonValue = z.infer<ReturnType<typeof z.json>>;
const json = z.json();

/** A text as JSON. Throws an Error that says what it is instead. Pure. */
export function parseJson(text: string, whose: string): JsonValue {
  return json.parse(parseJsonText(text, whose));
}

/** The same without looking into it: for long texts whose shape a schema checks. */
export function parseJsonText(text: string, whose: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const shown = text.length === 0 ? 'nothing' : `${text.length} characters that are no JSON`;
    throw new Error(`${whose} is ${shown}`);
  }
}

/** The JSON of an answer with status 200. Throws an Error for every other status, a cut body and what is no JSON. Pure. */
export function readJsonAnswer(answer: HttpAnswer, whose: string): JsonValue {
  if (answer.status >= 300 && answer.status < 400)
    throw new Error(`${whose} was a redirect (${answer.status}), which is not followed`);
  if (answer.status !== 200) throw new Error(`${whose} had status ${answer.status}`);
  if (answer.truncated) throw new Error(`${whose} was longer than is read`);
  return parseJson(answer.body, whose);
}

/** A count: a whole number from 0. Throws an Error that names what it is. Pure. */
export function readCount(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`${what} is ${showJson(value)}, not a count`);
}

/** What a value is, short and without its content where it may be long. Pure. */
export function showJson(value: unknown): string {
  if (value === null || value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? 'text' : String(value);
}

/** Totals by upper edge in ms from a map {"<edge>": total} or a list of [edge, total]; `+Inf` is the last edge. Throws. Pure. */
export function readLatencyTotals(value: unknown): ReadonlyMap<number, number> {
  const pairs = z.union([z.record(z.string(), z.number()), z.array(z.tuple([edge, z.number()]))]).safeParse(value);
  if (!pairs.success) throw new Error(`latency is ${showJson(value)}, neither a map nor a list of [edge, total]`);
  const entries = Array.isArray(pairs.data) ? pairs.data : Object.entries(pairs.data);
  const totals = new Map<number, number>();
  for (const [key, total] of entries) {
    const edgeMs = /^\+?inf(inity)?$/i.test(String(key)) ? Number.POSITIVE_INFINITY : Number(key);
    if (!(edgeMs > 0)) throw new Error(`latency has the edge ${String(key).slice(0, 20)}, which is no number of ms`);
    totals.set(edgeMs, readCount(total, `latency up to ${edgeMs} ms`));
  }
  if (!totals.has(Number.POSITIVE_INFINITY)) throw new Error('latency has no last edge "+Inf" with all requests');
  return totals;
}

const edge = z.union([z.number(), z.string()]);
