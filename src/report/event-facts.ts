import type { RecordedEvent } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { quantitiesIn } from './quantities.ts';
import { abortDecision } from './record-events.ts';
import { buildExposure } from './report-findings.ts';
import { detectMsOf, restoreMsOf } from './rollback-facts.ts';

/** What an event says, in a form that a claim can be held against. */
export type EventFacts = {
  /** Every number in it, those inside of its texts too. */
  numbers: number[];
  /** Ms: the same, and the times between it and what it ends or follows. */
  durations: number[];
  /** Its words in lower case, with its own time (ISO 8601) and its type. */
  words: string;
};

/** The facts of an event, with those that follow from the events it belongs to. Pure. */
export function eventFacts(record: RunRecord, event: RecordedEvent): EventFacts {
  const partners = partnersOf(record, event);
  const facts: EventFacts = { numbers: [], durations: [], words: '' };
  for (const one of [event, ...partners]) collect(one.data, facts);
  facts.words += ` ${event.type} ${event.data === null ? '' : JSON.stringify(event.data)} ${new Date(event.atMs).toISOString()}`;
  facts.words = facts.words.toLowerCase();
  facts.durations.push(...partners.map((one) => Math.abs(event.atMs - one.atMs)), ...derivedDurations(record, event));
  if (event.type === 'exposure') collect(buildExposure(record), facts);
  return facts;
}

/** Events without which this one cannot be understood: the begin of what it ends, the step it speaks of. */
function partnersOf(record: RunRecord, event: RecordedEvent): RecordedEvent[] {
  const last = (wanted: (one: RecordedEvent) => boolean): RecordedEvent[] => {
    const found = record.events.findLast((one) => one.seq < event.seq && wanted(one));
    return found === undefined ? [] : [found];
  };
  switch (event.type) {
    case 'step_completed':
    case 'step_failed':
    case 'verdict':
    case 'decision':
    case 'weight_raised': {
      const { stepId } = event.data;
      return last((one) => one.type === 'step_started' && one.data.step.id === stepId);
    }
    case 'resumed':
      return last((one) => one.type === 'held');
    case 'held':
      return record.events.filter((one) => one.type === 'resumed' && one.seq > event.seq).slice(0, 1);
    case 'traffic_restored':
      return last((one) => one.type === 'rollback_started');
    default:
      return [];
  }
}

function derivedDurations(record: RunRecord, event: RecordedEvent): number[] {
  const isAbort = abortDecision(record)?.seq === event.seq;
  const rollback = isAbort || ['rollback_started', 'traffic_restored', 'run_ended'].includes(event.type);
  const held = record.holds.find((hold) => hold.seq === event.seq);
  const end = record.endedAtMs ?? event.atMs;
  return [
    ...(rollback ? [detectMsOf(record), restoreMsOf(record)] : []),
    event.type === 'run_ended' ? event.atMs - record.startedAtMs : null,
    held === undefined ? null : (held.toMs ?? end) - held.fromMs,
    // Nobody approves before there is a plan, and nothing starts before somebody approves.
    event.type === 'approval_consumed' ? event.data.givenAtMs - record.plan.createdAtMs : null,
    event.type === 'run_started' ? event.atMs - record.plan.createdAtMs : null,
  ].filter((ms) => ms !== null);
}

/** Shares of what is counted in an object are as much said by it as the counts. */
function collect(value: unknown, facts: EventFacts): void {
  if (typeof value === 'number') {
    facts.numbers.push(value);
    facts.durations.push(value);
    facts.words += ` ${momentOf(value)}`;
  } else if (typeof value === 'string') {
    for (const quantity of quantitiesIn(value)) {
      facts.numbers.push(quantity.value);
      if (quantity.ms !== null) facts.durations.push(quantity.ms);
    }
  } else if (Array.isArray(value)) {
    facts.numbers.push(value.length, ...statusCounts(value));
    for (const one of value) collect(one, facts);
  } else if (typeof value === 'object' && value !== null) {
    const [requests, failures] = [Reflect.get(value, 'requests'), Reflect.get(value, 'failures')];
    if (typeof requests === 'number' && typeof failures === 'number' && requests > 0)
      facts.numbers.push(failures / requests, requests - failures);
    for (const one of Object.values(value)) collect(one, facts);
  }
}

/** Numbers that are moments (Unix ms of this century), as texts show them. */
function momentOf(value: number): string {
  return value > 1e12 && value < 4e12 ? new Date(value).toISOString() : '';
}

/** How many checks of a list have each status. */
function statusCounts(values: readonly unknown[]): number[] {
  const counts = new Map<unknown, number>();
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    const status = Reflect.get(value, 'status');
    if (typeof status === 'string') counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts.values()];
}
