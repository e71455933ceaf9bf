import type { JudgePlan } from '../analysis/judge.ts';
import type { CheckResult } from '../model/check.ts';
import type { Clock } from '../model/clock.ts';
import type { DeadManFired } from '../model/dead-man.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { ControlAction, RecordedEvent, RunEvent } from '../model/run-event.ts';
import type { Target } from '../model/target.ts';

export type ControlRequest = { requestId: string; action: ControlAction; by: string; reason: string | null };

export type Deadlines = {
  /** Checkout, preparation, start and health of a revision. */
  provisionMs: number;
  /** Any single change of traffic or role, with its read-back. */
  changeMs: number;
  /** Beyond a drain's own deadline. */
  retireMs: number;
};

export type EventPlace = {
  step?: string;
  idem?: string;
  /** Another event follows at once, and the two may reach the disk together. */
  later?: boolean;
};

/** The dead-man rollback of the target, bound to one run and its owner. */
export type DeadManPort = {
  /** What it is armed to do, in one sentence. */
  promise: string;
  arm(): Promise<void>;
  /** Somebody is still there. What came of it when it has fired for this run, else null. */
  renew(): Promise<DeadManFired | null>;
  disarm(): Promise<void>;
};

/** Everything that a rollout touches, handed in: the loop itself knows no driver, no file and no real clock. */
export type RolloutPorts = {
  target: Target;
  metrics: MetricSource;
  /** Synthetic requests beside those of users, and what their judge must know of the plan; where the plan wants them. */
  synthetic?: { source: MetricSource; judgePlan: JudgePlan };
  clock: Clock;
  deadlines: Deadlines;
  /** Where the target can hold one. */
  deadMan?: DeadManPort;
  /** Fencing token of the lock under which this runs. */
  generation: number;
  /** False as soon as somebody else owns the target; nothing is done or written after that. */
  stillOwner(): Promise<boolean>;
  /** On the disk when it resolves, unless the event is `counts` or it is `later`: then with the next that is. */
  append(event: RunEvent, place?: EventPlace): Promise<RecordedEvent>;
  /** False once an event could not be written: then no forward step is taken, and the way back still is. */
  journalWritable(): boolean;
  /** Why a lock that reaches further than this machine is not held any more: as with the journal, no forward step then. Null while it is. */
  fenced?(): string | null;
  /** Requests that arrived since the last call, in order, each at most once. */
  takeControls(): Promise<ControlRequest[]>;
  /** Why nothing may go forward now, in a sentence: an emergency stop or a freeze window; null when nothing stands against it. Absent where nobody can stop a run. */
  frozen?(): Promise<string | null>;
  smoke(on: 'candidate' | 'environment' | 'rollback', signal: AbortSignal): Promise<CheckResult[]>;
  /** One request by a new user through the traffic path; the revision id that answered, or null when none could be read. */
  readLive(signal: AbortSignal): Promise<string | null>;
  /** Tells people, beside the run: it returns at once, and what came of it is journalled later. */
  /** `approval`: a person must let it go on, and the text says how. */
  notify(
    about: 'start' | 'success' | 'rollback' | 'rollback_failed' | 'failed' | 'held' | 'approval',
    text: string,
  ): void;
};
