import type { CheckResult } from './check.ts';
import type { LatencySummary } from './latency-summary.ts';
import type { Approval, Plan } from './plan.ts';
import type { ControlAction, Outcome, RecordedEvent } from './run-event.ts';
import type { Step } from './step.ts';
import type { InstanceEvent } from './traffic.ts';
import type { ArmCounts, Decision, Verdict } from './verdict.ts';

export type StepProgress = {
  step: Step;
  phase: 'forward' | 'back';
  state: 'pending' | 'running' | 'completed' | 'failed';
  startedAtMs: number | null;
  endedAtMs: number | null;
  error: { code: string; message: string; remedy: string } | null;
  evidence: Record<string, string | number | boolean | null>;
};

export type CountsPoint = {
  seq: number;
  fromMs: number;
  toMs: number;
  stratum: 'user' | 'probe';
  weightPercent: number;
  canary: ArmCounts;
  baseline: ArmCounts;
  p99CanaryMs: number | null;
  p99BaselineMs: number | null;
  lnHarm: number;
  lnSafe: number;
};

/** `reason` as it was last; `trigger` as in the event. */
export type Hold = {
  seq: number;
  fromMs: number;
  toMs: number | null;
  reason: string;
  gate: string | null;
  trigger?: string | null | undefined;
};

/** The fold of a run's events, and the only input of status, report, review and learnings. */
export type RunRecord = {
  runId: string;
  plan: Plan;
  requester: string;
  /** running, held, frozen, rolling_back; `ended` when `outcome` says how. */
  status: 'running' | 'held' | 'frozen' | 'rolling_back' | 'ended';
  outcome: Outcome | null;
  /** Why it ended, holds or is frozen; one sentence. */
  reason: string | null;
  error: { code: string; message: string; remedy: string } | null;
  startedAtMs: number;
  endedAtMs: number | null;
  ownerPid: number | null;
  ownerGeneration: number | null;
  approvals: Approval[];
  preflight: { checks: CheckResult[]; durationMs: number } | null;
  /** Gates that blocked and that people overrode. */
  overrides: Array<{
    seq: number;
    atMs: number;
    gate: string;
    title: string;
    finding: string;
    by: string;
    reason: string;
  }>;
  steps: StepProgress[];
  currentStepId: string | null;
  /** Last weight that was read back from the target. */
  weightPercent: number;
  /** Highest weight that the candidate ever had. */
  maxWeightPercent: number;
  counts: CountsPoint[];
  /** Latest verdict per metric. */
  verdicts: Verdict[];
  decisions: Array<{ seq: number; atMs: number; stepId: string | null; decision: Decision }>;
  instances: Array<InstanceEvent & { seq: number }>;
  smoke: Array<{ seq: number; atMs: number; on: 'candidate' | 'environment' | 'rollback'; checks: CheckResult[] }>;
  controls: Array<{
    seq: number;
    atMs: number;
    requestId: string;
    action: ControlAction;
    by: string;
    reason: string | null;
    accepted: boolean;
    answer: string;
  }>;
  holds: Hold[];
  rollback: {
    trigger: string;
    reason: string;
    detectedAtMs: number;
    startedAtMs: number;
    /** Null until the data plane was seen to route nothing to the candidate. */
    trafficRestoredAtMs: number | null;
    trafficRestoredAfterMs: number | null;
    completedAtMs: number | null;
  } | null;
  verified: { expected: string; reads: number; matching: number; ok: boolean; reason: string; seq: number } | null;
  exposure: { canary: ArmCounts; baseline: ArmCounts; failedByRelease: number; cut: number } | null;
  latency: LatencySummary | null;
  notified: Array<{ about: string; channel: string; ok: boolean; reason: string; atMs: number }>;
  warnings: Array<{ code: string; message: string; atMs: number; seq: number }>;
  /** All events in order; ids are cited as `#<seq>`. */
  events: RecordedEvent[];
  /** Damage found while reading: forward steps are not taken on such a record. */
  damage: { line: number; reason: string } | null;
  /** Format version when a newer seatrial wrote some of it: shown as far as it is understood, never continued. */
  newer: number | null;
};
