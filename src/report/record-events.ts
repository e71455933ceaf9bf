import { intendedWeight, weightAfter } from '../model/candidate-weight.ts';
import type { RecordedEvent, RunEventType } from '../model/run-event.ts';
import type { Hold, RunRecord, StepProgress } from '../model/run-record.ts';

export type EventOf<T extends RunEventType> = Extract<RecordedEvent, { type: T }>;

/** Events of one type, in order. Pure. */
export function eventsOf<T extends RunEventType>(record: RunRecord, type: T): EventOf<T>[] {
  return record.events.filter((event): event is EventOf<T> => event.type === type);
}

/** Ids of the events that began and ended a step; fewer when it did not get so far. Of several attempts the first and the last. */
export function stepEvents(record: RunRecord, { step, phase, startedAtMs, endedAtMs }: StepProgress): number[] {
  // A way back that was walked again has its steps anew.
  const from = phase === 'back' ? (lastSeq(record, 'rollback_started')[0] ?? 0) : 0;
  const own = record.events.filter(({ seq }) => seq >= from);
  const started = own.find(
    (event) => event.type === 'step_started' && event.data.step.id === step.id && event.data.phase === phase,
  );
  const ended = own.findLast(
    (event) =>
      (event.type === 'step_completed' || event.type === 'step_failed') &&
      event.data.stepId === step.id &&
      event.data.phase === phase,
  );
  return [startedAtMs === null ? undefined : started?.seq, endedAtMs === null ? undefined : ended?.seq].filter(
    (seq) => seq !== undefined,
  );
}

/** Ids of the events that began a hold, gave it the reason that it has, and ended it. */
export function holdEvents(record: RunRecord, { seq, toMs, reason }: Hold): number[] {
  const ends = ['resumed', 'held', 'rollback_started', 'run_ended'];
  const ended = record.events.find((event) => event.seq > seq && event.atMs === toMs && ends.includes(event.type));
  const last = ended?.seq ?? Number.POSITIVE_INFINITY;
  const told = eventsOf(record, 'held').findLast(
    (event) => event.seq >= seq && event.seq < last && event.data.reason === reason,
  );
  return [...new Set([seq, told?.seq, ended?.seq])].filter((one) => one !== undefined);
}

/** Where the highest weight of the candidate is told: read back, or else asked for. Empty when it never had users. */
export function maxWeightEvents(record: RunRecord): number[] {
  const most = record.maxWeightPercent;
  if (most === 0) return [];
  const told = record.events.filter((event) => weightTold(record, event) === most);
  const read = told.find(({ type }) => type === 'step_completed') ?? told[0];
  return read === undefined ? [] : [read.seq];
}

function weightTold({ plan }: RunRecord, event: RecordedEvent): number | null {
  switch (event.type) {
    case 'weight_raised':
      return event.data.weightPercent;
    case 'step_started':
      return event.data.phase === 'forward' ? intendedWeight(event.data.step) : null;
    case 'step_completed': {
      const { stepId, phase, evidence } = event.data;
      const step = phase === 'forward' ? plan.content.steps.find(({ id }) => id === stepId) : undefined;
      return weightAfter(plan, { step, evidence });
    }
    default:
      return null;
  }
}

export function firstSeq(record: RunRecord, type: RunEventType): number[] {
  const event = record.events.find((one) => one.type === type);
  return event === undefined ? [] : [event.seq];
}

export function lastSeq(record: RunRecord, type: RunEventType): number[] {
  const event = record.events.findLast((one) => one.type === type);
  return event === undefined ? [] : [event.seq];
}

/** The decision that ended the rollout badly, with its event; null when none did. */
export function abortDecision(record: RunRecord): RunRecord['decisions'][number] | null {
  return record.decisions.find((entry) => entry.decision.action === 'abort') ?? null;
}

/** Event of the latest verdict on a metric. */
export function verdictSeq(record: RunRecord, metric: string): number[] {
  const event = eventsOf(record, 'verdict').findLast((one) => one.data.verdict.metric === metric);
  return event === undefined ? [] : [event.seq];
}

/** Where it was last written why the run ended, holds or is frozen. */
export function reasonEvents(record: RunRecord): number[] {
  const told = record.events.findLast(({ type }) => ['held', 'frozen', 'run_ended'].includes(type));
  return record.reason === null || told === undefined ? [] : [told.seq];
}
