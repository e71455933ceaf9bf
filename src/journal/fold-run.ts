import { intendedWeight, weightAfter } from '../model/candidate-weight.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { RecordedEvent, RunEventType } from '../model/run-event.ts';
import type { CountsPoint, RunRecord, StepProgress } from '../model/run-record.ts';
import type { Step } from '../model/step.ts';
import type { Damage } from './scan-journal.ts';

type EventOf<Type extends RunEventType> = Extract<RecordedEvent, { type: Type }>;

/**
 * Everything that is known of a run, out of its events. Throws JOURNAL_CORRUPT when they do not hold its beginning. Pure.
 * Events do not name their run: whoever has the id hands it in.
 */
export function replayRun(events: readonly RecordedEvent[], damage: Damage | null, runId = ''): RunRecord {
  const started = events.find((event) => event.type === 'run_started');
  if (started === undefined) {
    throw new DeployError('JOURNAL_CORRUPT', {
      runId,
      ...(damage ?? { line: 1, reason: 'the beginning of the run is missing' }),
    });
  }
  const record = beginRecord(runId, started);
  record.damage = damage;
  for (const event of events) {
    record.events.push(event);
    applyEvent(record, event);
  }
  return record;
}

function beginRecord(runId: string, started: EventOf<'run_started'>): RunRecord {
  return {
    runId,
    plan: started.data.plan,
    requester: started.data.requester,
    status: 'running',
    outcome: null,
    reason: null,
    error: null,
    startedAtMs: started.atMs,
    endedAtMs: null,
    ownerPid: null,
    ownerGeneration: null,
    approvals: [],
    preflight: null,
    overrides: [],
    steps: started.data.plan.content.steps.map((step) => pendingStep(step, 'forward')),
    currentStepId: null,
    weightPercent: 0,
    maxWeightPercent: 0,
    counts: [],
    verdicts: [],
    decisions: [],
    instances: [],
    smoke: [],
    controls: [],
    holds: [],
    rollback: null,
    verified: null,
    exposure: null,
    latency: null,
    notified: [],
    warnings: [],
    events: [],
    damage: null,
    newer: null,
  };
}

function applyEvent(record: RunRecord, event: RecordedEvent): void {
  const { seq, atMs } = event;
  switch (event.type) {
    case 'run_started':
    // What the target did for a run without an owner shows in its way back.
    case 'dead_man':
      return;
    case 'owner_acquired':
    case 'approval_consumed':
    case 'preflight_completed':
    case 'gate_overridden':
      applyPermission(record, event);
      return;
    case 'step_started':
    case 'step_completed':
    case 'step_failed':
      applyStep(record, event);
      return;
    case 'counts':
      applyCounts(record, { seq, ...event.data });
      return;
    case 'verdict':
      applyVerdict(record, event);
      return;
    case 'decision':
      record.decisions.push({ seq, atMs, ...event.data });
      return;
    case 'weight_raised':
      applyRaise(record, event);
      return;
    case 'instance':
      record.instances.push({ seq, ...event.data });
      return;
    case 'smoke_completed':
      record.smoke.push({ seq, atMs, ...event.data });
      return;
    case 'control':
      record.controls.push({ seq, atMs, ...event.data });
      return;
    case 'exposure':
      record.exposure = event.data;
      return;
    case 'latency':
      record.latency = event.data;
      return;
    case 'notified':
      record.notified.push({ atMs, ...event.data });
      return;
    case 'warning':
      record.warnings.push({ seq, atMs, ...event.data });
      return;
    default:
      applyStatus(record, event);
      return;
  }
}

type PermissionEvent = EventOf<'owner_acquired' | 'approval_consumed' | 'preflight_completed' | 'gate_overridden'>;

/** Who may act, and what allowed it. */
function applyPermission(record: RunRecord, event: PermissionEvent): void {
  const { seq, atMs } = event;
  switch (event.type) {
    case 'owner_acquired':
      record.ownerPid = event.data.pid;
      record.ownerGeneration = event.data.generation;
      return;
    case 'approval_consumed':
      record.approvals.push(event.data);
      return;
    case 'preflight_completed':
      record.preflight = event.data;
      return;
    case 'gate_overridden':
      record.overrides.push({ seq, atMs, ...event.data });
      return;
  }
}

function applyRaise(record: RunRecord, { data }: EventOf<'weight_raised'>): void {
  // Asked for is enough to count as having had users: the run may have died before it could say so.
  noteMost(record, data.weightPercent);
  if (data.done) record.weightPercent = data.weightPercent;
}

type StatusEvent = EventOf<
  'held' | 'resumed' | 'frozen' | 'rollback_started' | 'traffic_restored' | 'revision_verified' | 'run_ended'
>;

function applyStatus(record: RunRecord, event: StatusEvent): void {
  const { seq, atMs } = event;
  switch (event.type) {
    case 'held':
      applyHeld(record, event);
      record.status = 'held';
      record.reason = event.data.reason;
      return;
    case 'resumed':
      closeHold(record, atMs);
      record.status = record.rollback === null ? 'running' : 'rolling_back';
      record.reason = null;
      return;
    case 'frozen':
      record.status = 'frozen';
      record.reason = event.data.reason;
      return;
    case 'rollback_started':
      applyRollbackStarted(record, event);
      return;
    case 'traffic_restored':
      record.weightPercent = 0;
      if (record.rollback !== null && record.rollback.trafficRestoredAtMs === null) {
        record.rollback.trafficRestoredAtMs = atMs;
        record.rollback.trafficRestoredAfterMs = event.data.afterMs;
      }
      return;
    case 'revision_verified': {
      const { expected, reads, matching, ok, reason } = event.data;
      record.verified = { expected, reads, matching, ok, reason, seq };
      return;
    }
    case 'run_ended':
      applyRunEnded(record, event);
      return;
  }
}

/** The same hold with newer figures is still the same hold. */
function applyHeld(record: RunRecord, { seq, atMs, data }: EventOf<'held'>): void {
  const open = record.holds.at(-1);
  const { reason, gate, trigger = null } = data;
  if (open?.toMs === null && trigger !== null && open.trigger === trigger && open.gate === gate) {
    open.reason = reason;
    return;
  }
  closeHold(record, atMs);
  record.holds.push({ seq, fromMs: atMs, toMs: null, ...data });
}

function applyRollbackStarted(record: RunRecord, { data, atMs }: EventOf<'rollback_started'>): void {
  closeHold(record, atMs);
  record.status = 'rolling_back';
  record.reason = null;
  // A rollback that failed may be tried again: the run is open anew, and what began first stays what it was.
  record.outcome = null;
  record.error = null;
  record.endedAtMs = null;
  record.currentStepId = null;
  const forward = record.steps.filter((progress) => progress.phase === 'forward');
  record.steps = [...forward, ...data.steps.map((step) => pendingStep(step, 'back'))];
  record.rollback ??= {
    trigger: data.trigger,
    reason: data.reason,
    detectedAtMs: data.detectedAtMs,
    startedAtMs: atMs,
    trafficRestoredAtMs: null,
    trafficRestoredAfterMs: null,
    completedAtMs: null,
  };
}

function applyRunEnded(record: RunRecord, { data, atMs }: EventOf<'run_ended'>): void {
  closeHold(record, atMs);
  record.status = 'ended';
  record.outcome = data.outcome;
  record.reason = data.reason;
  record.error = data.error;
  record.endedAtMs = atMs;
  record.currentStepId = null;
  if (record.rollback !== null && data.outcome !== 'rollback_failed') record.rollback.completedAtMs = atMs;
}

function applyStep(record: RunRecord, event: EventOf<'step_started' | 'step_completed' | 'step_failed'>): void {
  const { atMs } = event;
  if (event.type === 'step_started') {
    const { step, phase } = event.data;
    const progress = findStep(record, step.id, phase) ?? addStep(record, pendingStep(step, phase));
    // Of several attempts the first tells when the step began.
    progress.startedAtMs ??= atMs;
    progress.endedAtMs = null;
    progress.error = null;
    progress.state = 'running';
    record.currentStepId = step.id;
    if (phase === 'forward') noteMost(record, intendedWeight(step));
    return;
  }
  const { stepId, phase } = event.data;
  if (record.currentStepId === stepId) record.currentStepId = null;
  const progress = findStep(record, stepId, phase);
  if (progress === undefined) return;
  progress.endedAtMs = atMs;
  if (event.type === 'step_failed') {
    progress.state = 'failed';
    progress.error = event.data.error;
    return;
  }
  progress.state = 'completed';
  progress.evidence = event.data.evidence;
  applyWeight(record, weightAfter(record.plan, progress));
}

function applyWeight(record: RunRecord, weightPercent: number | null): void {
  if (weightPercent === null) return;
  record.weightPercent = weightPercent;
  noteMost(record, weightPercent);
}

function noteMost(record: RunRecord, weightPercent: number | null): void {
  record.maxWeightPercent = Math.max(record.maxWeightPercent, weightPercent ?? 0);
}

function applyVerdict(record: RunRecord, { data }: EventOf<'verdict'>): void {
  const index = record.verdicts.findIndex((known) => known.metric === data.verdict.metric);
  if (index === -1) record.verdicts.push(data.verdict);
  else record.verdicts[index] = data.verdict;
}

function closeHold(record: RunRecord, atMs: number): void {
  const open = record.holds.at(-1);
  if (open !== undefined && open.toMs === null) open.toMs = atMs;
}

function findStep(record: RunRecord, stepId: string, phase: 'forward' | 'back'): StepProgress | undefined {
  return record.steps.find((progress) => progress.step.id === stepId && progress.phase === phase);
}

function addStep(record: RunRecord, progress: StepProgress): StepProgress {
  record.steps.push(progress);
  return progress;
}

function pendingStep(step: Step, phase: 'forward' | 'back'): StepProgress {
  return { step, phase, state: 'pending', startedAtMs: null, endedAtMs: null, error: null, evidence: {} };
}

/** A second that is told again had requests that were still open: what is told last is right. */
function applyCounts({ counts }: RunRecord, point: CountsPoint): void {
  // Corrections are of the last minutes: no need to look further back than the second itself.
  for (let index = counts.length - 1; (counts[index]?.fromMs ?? -1) >= point.fromMs; index--) {
    if (counts[index]?.fromMs !== point.fromMs || counts[index]?.stratum !== point.stratum) continue;
    counts[index] = point;
    return;
  }
  counts.push(point);
}
