import { nearestName } from '../../model/operation-input.ts';
import { DataMistake } from './data-mistake.ts';

/** One row of recorded traffic: requests of one arm that arrived at one time. */
export type Observation = {
  tMs: number;
  arm: 'baseline' | 'canary';
  requests: number;
  failures: number;
  /** Failures with repetitions of one client taken out; null where the row does not say. */
  failedUnits: number | null;
  latency: ObservedLatency | null;
};

export type ObservedLatency =
  /** Milliseconds of single requests. */
  | { kind: 'values'; valuesMs: number[] }
  /** Upper edge in ms (Infinity: the open last bucket) and count. */
  | { kind: 'buckets'; buckets: Array<readonly [edgeMs: number, count: number]> };

/** Fields of a row by column, as CSV text or JSON values. */
export type RowFields = ReadonlyMap<string, unknown>;

/** A row with the line on which it begins, or what is wrong with it. */
export type Row = { line: number; fields: RowFields } | { line: number; mistake: DataMistake };

export const columns = ['t', 'arm', 'n', 'errors', 'latencies', 'buckets', 'units'] as const;
export const neededColumns = ['t', 'arm', 'n', 'errors'] as const;

/** A name that is none of the columns would be dropped silently, and the verdict be another than was meant. Pure. */
export function unknownColumn(name: string): DataMistake | null {
  if (columns.some((known) => known === name)) return null;
  const nearest = nearestName(name, columns);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return new DataMistake(name.slice(0, 40), `is unknown; expected only ${columns.join(', ')}${hint}`);
}

/** Throws DataMistake, which names the column and what was expected. Pure. */
export function parseObservation(fields: RowFields): Observation {
  const arm = parseArm(fields.get('arm'));
  const tMs = parseTime(fields.get('t'));
  const requests = parseCount('n', fields.get('n'));
  const failures = parseCount('errors', fields.get('errors'));
  if (failures > requests)
    throw new DataMistake('errors', `${failures} errors of ${requests} requests; expected at most n`);
  const failedUnits = isAbsent(fields.get('units')) ? null : parseCount('units', fields.get('units'));
  if (failedUnits !== null && (failedUnits > failures || (failedUnits === 0 && failures > 0)))
    throw new DataMistake(
      'units',
      `${failedUnits} failing units for ${failures} errors; expected from ${Math.min(1, failures)} to errors`,
    );
  return { tMs, arm, requests, failures, failedUnits, latency: parseLatency(fields, requests) };
}

function parseArm(value: unknown): Observation['arm'] {
  const text = typeof value === 'string' ? value.trim() : value;
  if (text === 'baseline' || text === 'canary') return text;
  throw new DataMistake('arm', `is ${shown(value)}; expected baseline or canary`);
}

function parseTime(value: unknown): number {
  const tMs = numberOf(value);
  if (tMs !== null && tMs >= 0) return tMs;
  throw new DataMistake('t', `is ${shown(value)}; expected milliseconds from 0 on, such as 1500 or 1767225600000`);
}

/** In one row; more is no count of requests. */
const mostRequests = 1e12;

function parseCount(column: string, value: unknown): number {
  const count = numberOf(value);
  if (count !== null && count > mostRequests)
    throw new DataMistake(column, `is ${shown(value)}; expected at most ${mostRequests}`);
  if (count !== null && Number.isSafeInteger(count) && count >= 0) return count;
  throw new DataMistake(column, `is ${shown(value)}; expected a whole number from 0 on, such as 20`);
}

function parseLatency(fields: RowFields, requests: number): ObservedLatency | null {
  const [latencies, buckets] = [fields.get('latencies'), fields.get('buckets')];
  if (!isAbsent(latencies) && !isAbsent(buckets))
    throw new DataMistake('buckets', 'is given beside latencies; expected one of the two');
  if (!isAbsent(latencies)) {
    const valuesMs = listOf(latencies).map(parseLatencyMs);
    assertWithin('latencies', valuesMs.length, requests);
    return { kind: 'values', valuesMs };
  }
  if (isAbsent(buckets)) return null;
  const parsed = bucketsOf(buckets);
  assertWithin(
    'buckets',
    parsed.reduce((sum, [, count]) => sum + count, 0),
    requests,
  );
  return { kind: 'buckets', buckets: parsed };
}

function assertWithin(column: string, count: number, requests: number): void {
  if (count > requests)
    throw new DataMistake(
      column,
      `has ${count} requests where n is ${requests}; expected at most n${column === 'buckets' ? ' (each bucket by itself, not cumulative)' : ''}`,
    );
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'number') return [value];
  if (typeof value !== 'string')
    throw new DataMistake('latencies', `is ${shown(value)}; expected a list of milliseconds, such as [12, 9.5]`);
  const text = value.trim();
  return text
    .replace(/^\[|\]$/g, '')
    .split(/[\s;,]+/)
    .filter((part) => part !== '');
}

function parseLatencyMs(value: unknown): number {
  const ms = numberOf(value);
  if (ms !== null && ms >= 0) return ms;
  throw new DataMistake(
    'latencies',
    `has ${shown(value)}; expected milliseconds separated by spaces or semicolons, such as 12 9.5`,
  );
}

function bucketsOf(value: unknown): Array<readonly [number, number]> {
  const entries = typeof value === 'string' ? bucketEntries(value.trim()) : entriesOf(value);
  return entries.map(([edge, count]) => {
    const edgeMs = /^\+?inf(inity)?$/i.test(edge.trim()) ? Number.POSITIVE_INFINITY : numberOf(edge);
    if (edgeMs === null || !(edgeMs > 0))
      throw new DataMistake('buckets', `has the edge ${shown(edge)}; expected milliseconds above 0, or +Inf`);
    const requests = numberOf(count);
    if (requests === null || !Number.isSafeInteger(requests) || requests < 0)
      throw new DataMistake('buckets', `has ${shown(count)} at ${edge}; expected a whole number of requests`);
    return [edgeMs, requests] as const;
  });
}

function bucketEntries(text: string): Array<[string, unknown]> {
  if (text.startsWith('{')) {
    try {
      return entriesOf(JSON.parse(text));
    } catch (thrown) {
      if (thrown instanceof DataMistake) throw thrown;
      throw new DataMistake('buckets', `is ${shown(text)}; expected JSON, such as {"100":40,"250":3}`);
    }
  }
  return text
    .split(/[\s;,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [edge = '', count, more] = part.split(':');
      if (count === undefined || more !== undefined)
        throw new DataMistake('buckets', `has ${shown(part)}; expected edge:count pairs, such as 100:40 250:3`);
      return [edge, count];
    });
}

function entriesOf(value: unknown): Array<[string, unknown]> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new DataMistake('buckets', `is ${shown(value)}; expected a map of edge to count, such as {"100":40,"250":3}`);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** Null for what is no finite number, the words NaN and Infinity, hexadecimals and the empty text included. */
function numberOf(value: unknown): number | null {
  const text = typeof value === 'string' ? value.trim() : value;
  if (typeof text === 'string' && !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return null;
  if (typeof text !== 'string' && typeof text !== 'number') return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

const longestShown = 40;

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'empty';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
