import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import {
  type JournalLine,
  journalLineSchema,
  type RecordedEvent,
  type RunEvent,
  runEventSchema,
} from '../model/run-event.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';

/** `prev` of the first line. */
export const noLineBefore = '0'.repeat(64);

/** A line that says of itself what it says, whoever wrote it. `event` is null when this version does not know its kind. */
export type IntactLine = {
  version: number;
  seq: number;
  prev: string;
  run: string;
  gen: number;
  sum: string;
  event: RecordedEvent | null;
};
export type ParsedLine = { ok: true; line: IntactLine } | { ok: false; reason: string };

/** All but the sum; `event` is checked and texts that are too long are cut. */
export type LineContent = Omit<JournalLine, 'v' | 'sum' | 'type' | 'data'> & { event: RunEvent };

/** One line with its line end, and what the next one needs to know. Throws INTERNAL for an event that the model does not allow. Pure. */
export function encodeLine(content: LineContent): { text: string; sum: string; event: RecordedEvent } {
  const { event: given, ...place } = content;
  const event = assertEvent(given);
  const unsigned = { v: 1, ...place, type: event.type, data: event.data };
  const sum = sha256Hex(canonicalJson(unsigned));
  return {
    text: `${canonicalJson({ ...unsigned, sum })}\n`,
    sum,
    event: { ...event, seq: place.seq, atMs: place.ts, gen: place.gen },
  };
}

/** Envelope of every version: later ones may add fields, but keep these, the canonical form and the rule of `sum`. */
const anyVersionSchema = z.looseObject({
  v: z.number().int().positive(),
  seq: z.number().int().nonnegative(),
  prev: z.string(),
  run: z.string(),
  gen: z.number().int().nonnegative(),
  ts: z.number().int(),
  type: z.string(),
  data: z.unknown(),
  sum: z.string(),
});

/** A line without its line end. Never throws: what is not exactly what a writer wrote is not ok. Pure. */
export function parseLine(bytes: Uint8Array): ParsedLine {
  try {
    return checkLine(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
}

function checkLine(text: string): ParsedLine {
  const value: unknown = JSON.parse(text);
  const envelope = anyVersionSchema.safeParse(value);
  if (!envelope.success) return { ok: false, reason: 'it is not a journal line' };
  const { sum, ...unsigned } = envelope.data;
  // Both: the sum guards the meaning, the canonical form every byte.
  if (canonicalJson(envelope.data) !== text) return { ok: false, reason: 'it is not in canonical form' };
  if (sha256Hex(canonicalJson(unsigned)) !== sum) return { ok: false, reason: 'its checksum is wrong' };
  if (envelope.data.v === 1 && !journalLineSchema.safeParse(value).success) {
    return { ok: false, reason: 'it has fields that this format does not have' };
  }
  return { ok: true, line: intactLine(envelope.data) };
}

function intactLine(envelope: z.infer<typeof anyVersionSchema>): IntactLine {
  const { v, seq, prev, run, gen, ts, type, data, sum } = envelope;
  const known = runEventSchema.safeParse({ type, data });
  const understood = known.success ? known.data : v === 1 ? null : withoutUnknownFields({ type, data });
  const event = understood === null ? null : { ...understood, seq, atMs: ts, gen };
  return { version: v, seq, prev, run, gen, sum, event };
}

/** What this version understands of an event of a newer one; null when that is not enough to be one of ours. */
function withoutUnknownFields(given: unknown): RunEvent | null {
  const first = runEventSchema.safeParse(given);
  if (first.success) return first.data;
  const second = runEventSchema.safeParse(
    first.error.issues.reduce<unknown>(
      (value, issue) =>
        issue.code === 'unrecognized_keys' ? changeAt(value, issue.path, (at) => without(at, issue.keys)) : value,
      given,
    ),
  );
  return second.success ? second.data : null;
}

/** A journal must not fail because someone's error message is long, or because a request carries a field more. */
function assertEvent(given: RunEvent): RunEvent {
  const first = runEventSchema.safeParse(given);
  if (first.success) return first.data;
  let fitted: unknown = given;
  for (const issue of first.error.issues) {
    if (issue.code === 'too_big')
      fitted = changeAt(fitted, issue.path, (value) => shorten(value, Number(issue.maximum)));
    if (issue.code === 'unrecognized_keys')
      fitted = changeAt(fitted, issue.path, (value) => without(value, issue.keys));
  }
  const second = runEventSchema.safeParse(fitted);
  if (second.success) return second.data;
  const issue = second.error.issues[0];
  const reason = `the event ${given.type} is not allowed: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  throw new DeployError('INTERNAL', { reason }, second.error);
}

function changeAt(value: unknown, path: readonly PropertyKey[], change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (index === key ? changeAt(item, rest, change) : item));
  }
  return fromEntries(value, ([name, item]) => [name, name === key ? changeAt(item, rest, change) : item]);
}

function shorten(value: unknown, maximum: number): unknown {
  return typeof value === 'string' ? `${value.slice(0, maximum - 1)}…` : value;
}

function without(value: unknown, keys: readonly string[]): unknown {
  return fromEntries(value, ([name, item]) => [name, keys.includes(name) ? undefined : item]);
}

type Property = [string, unknown];

/** The same object with every property changed; those that become undefined are gone. */
function fromEntries(value: unknown, change: (property: Property) => Property): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const properties: Property[] = Object.entries(value);
  return Object.fromEntries(properties.map(change).filter(([, item]) => item !== undefined));
}
