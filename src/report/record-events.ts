import type { RecordedEvent, RunEventType } from '../model/run-event.ts';
import type { RunRecord, StepProgress } from '../model/run-record.ts';

export type EventOf<T extends RunEventType> = Extract<RecordedEvent, { type: T }>;

/** Events of one type, in order. Pure. */
export function eventsOf<T extends RunEventType>(record: RunRecord, type: T): EventOf<T>[] {
  return record.events.filter((event): event is EventOf<T> => event.type === type);
}

/** Ids of the events that began and ended a step; fewer when it did not get so far. */
export function stepEvents(record: RunRecord, progress: StepProgress): number[] {
  const { id } = progress.step;
  const started = eventsOf(record, 'step_started').find(
    (event) => event.data.step.id === id && event.data.phase === progress.phase,
  );
  const ends = [...eventsOf(record, 'step_completed'), ...eventsOf(record, 'step_failed')];
  const ended = ends.find((event) => event.data.stepId === id && event.data.phase === progress.phase);
  return [started?.seq, ended?.seq].filter((seq) => seq !== undefined);
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
