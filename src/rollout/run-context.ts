import type { Judge } from '../analysis/judge.ts';
import { replayRun } from '../journal/fold-run.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { RecordedEvent, RunEvent } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import type { Decision, Verdict } from '../model/verdict.ts';
import { askAtGate } from './ask-at-gate.ts';
import { createDeadManWatch, type DeadManWatch, describeFired } from './dead-man-watch.ts';
import { decide, type Situation } from './decide.ts';
import { createForeignWatch, type ForeignWatch } from './foreign-watch.ts';
import { createMonitor, type Monitor } from './monitor.ts';
import type { ControlRequest, EventPlace, RolloutPorts } from './ports.ts';
import { withSynthetic } from './synthetic-monitor.ts';
import type { Verification } from './verify-revision.ts';

export const tickMs = 125;

/** A hold whose figures change is written down this often, ms. */
const heldNoteEveryMs = 30_000;

/** Thrown inside the forward phase when the run must go back; carries why. */
export class AbortRun extends Error {
  override readonly name = 'AbortRun';
  readonly decision: Decision;
  readonly detectedAtMs: number;

  constructor(decision: Decision, detectedAtMs: number) {
    super(decision.reason);
    this.decision = decision;
    this.detectedAtMs = detectedAtMs;
  }
}

/** The state of one run in its owner's memory; everything that must last is in the journal. */
export type RunContext = {
  readonly ports: RolloutPorts;
  readonly runId: string;
  readonly plan: RunRecord['plan'];
  readonly monitor: Monitor;
  readonly foreign: ForeignWatch;
  readonly deadMan: DeadManWatch;
  /** Fires when the forward phase must stop at once. */
  stop: AbortController;
  phase: 'forward' | 'closing' | 'back' | 'frozen';
  currentStepId: string | null;
  /** Step at which a person may let the run go on; null while it is not waiting at one. */
  waitsAt: string | null;
  /** What the traffic path said after the candidate became stable; null before. */
  verification: Verification | null;
  /** Requests that the target had cut before this run. */
  cutBefore: number;
  /** Watching failed on the way back, and that was written down. */
  blind: boolean;
  maxWeightPercent: number;
  /** Smoke tests of the candidate that passed. */
  smokePassed: number;
  /** Decided but not yet acted upon. */
  pendingAbort: AbortRun | null;
  paused: string | null;
  /** Why nothing may go forward now, as far as it was seen; null when nothing is frozen. */
  frozen: string | null;
  /** Who chose to go forward in spite of proven harm, after a freeze; null when nobody has. */
  harmAcceptedBy: string | null;
  /** Triggers whose harm a person has accepted. */
  accepted: Set<string>;
  /** Step id → who accepted that it is not done. */
  passed: Map<string, string>;
  /** Step id → who let the run go past it. */
  promoted: Map<string, string>;
  heldReason: string | null;
  /** Gate at which people were asked to let the run go on; null while it waits for nobody. */
  askedAt: string | null;
  /** When that was last written down, by the monotonic clock. */
  heldNotedMs: number;
  record(): RunRecord;
  append(event: RunEvent, place?: EventPlace): Promise<RecordedEvent>;
  /** Everything that happens in every state of a run: requests, measurements, hard rules. Throws LOCK_LOST. */
  tick(): Promise<void>;
  decide(bake: Situation['bake']): Decision;
  /** `trigger`: of the decision that holds it; null where the plan asks for a person. */
  hold(reason: string, gate: string | null, trigger?: string | null): Promise<void>;
  unhold(reason: string): Promise<void>;
  /** Writes down verdicts whose outcome changed, or all of them; `later`: they reach the disk with what comes next. */
  noteVerdicts(all: boolean, later?: boolean): Promise<void>;
};

export function createRunContext(ports: RolloutPorts, record: RunRecord, judge: Judge): RunContext {
  const events: RecordedEvent[] = [...record.events];
  const noted = new Map<string, string>();
  const append: RunContext['append'] = async (event, place) => {
    const written = await ports.append(event, place);
    events.push(written);
    if (event.type === 'smoke_completed') context.smokePassed += countPassed(event.data);
    return written;
  };
  const observed: RolloutPorts = { ...ports, append };
  const context: RunContext = {
    ports: observed,
    runId: record.runId,
    plan: record.plan,
    monitor: createWholeMonitor(observed, record.plan, judge),
    foreign: createForeignWatch(observed, record.runId),
    deadMan: createDeadManWatch(observed),
    stop: new AbortController(),
    phase: 'forward',
    currentStepId: null,
    waitsAt: null,
    verification: null,
    cutBefore: 0,
    blind: false,
    maxWeightPercent: record.maxWeightPercent,
    smokePassed: record.smoke.reduce((sum, round) => sum + countPassed(round), 0),
    pendingAbort: null,
    paused: null,
    frozen: null,
    harmAcceptedBy: null,
    accepted: new Set(),
    passed: new Map(),
    promoted: new Map(),
    heldReason: null,
    askedAt: null,
    heldNotedMs: 0,
    record: () => replayRun(events, record.damage, record.runId),
    append,
    tick: () => tick(context),
    decide: (bake) => decideNow(context, bake),
    hold: (reason, gate, trigger = null) => holdRun(context, { reason, gate, trigger }),
    unhold: async (reason) => {
      if (context.heldReason === null) return;
      context.heldReason = null;
      context.askedAt = null;
      await append({ type: 'resumed', data: { reason } });
    },
    noteVerdicts: async (all, later = false) => {
      for (const verdict of context.monitor.verdicts()) {
        const key = keyOf(verdict);
        if (!all && noted.get(verdict.metric) === key) continue;
        noted.set(verdict.metric, key);
        await append({ type: 'verdict', data: { stepId: context.currentStepId, verdict } }, { later });
      }
    },
  };
  return context;
}

function createWholeMonitor(ports: RolloutPorts, plan: RunRecord['plan'], judge: Judge): Monitor {
  const users = createMonitor(ports, plan, judge);
  return ports.synthetic === undefined ? users : withSynthetic(users, ports, { plan, ...ports.synthetic });
}

/** The candidate has this share of users, or may have. */
export function noteWeight(context: RunContext, weight: unknown): void {
  if (typeof weight !== 'number') return;
  context.monitor.setWeight(weight);
  context.maxWeightPercent = Math.max(context.maxWeightPercent, weight);
}

async function holdRun(
  context: RunContext,
  { reason, gate, trigger }: { reason: string; gate: string | null; trigger: string | null },
): Promise<void> {
  const nowMs = context.ports.clock.monotonic();
  const before = context.heldReason;
  // One outage is one hold, whatever the source says of it while it comes back.
  if (before !== null && withoutParticulars(before) === withoutParticulars(reason)) return;
  // A reason whose figures go on changing is the same reason; it is written down anew only now and then.
  if (before !== null && gistOf(before) === gistOf(reason) && nowMs - context.heldNotedMs < heldNoteEveryMs) return;
  context.heldNotedMs = nowMs;
  context.heldReason = reason;
  await context.append({ type: 'held', data: { reason: reason.slice(0, 2000), gate, trigger } });
  tellHold(context, { reason, gate, isNew: before === null });
}

/** Whoever has to let it go on hears how, also when it was held for something else before. */
function tellHold(
  context: RunContext,
  { reason, gate, isNew }: { reason: string; gate: string | null; isNew: boolean },
): void {
  const { ports, plan, runId } = context;
  if (gate === null) {
    if (isNew) ports.notify('held', reason);
    return;
  }
  if (context.askedAt === gate) return;
  context.askedAt = gate;
  ports.notify('approval', askAtGate({ reason, plan, runId }));
}

function gistOf(reason: string): string {
  return withoutParticulars(reason).replace(/[\d.]+/g, '0');
}

function withoutParticulars(reason: string): string {
  return reason.replace(/\(.*\)/s, '');
}

function countPassed({ on, checks }: Pick<RunRecord['smoke'][number], 'on' | 'checks'>): number {
  return on === 'candidate' ? checks.filter((check) => check.status === 'passed').length : 0;
}

/** Awaits `work` while the run keeps watching; the tick goes on until it is settled. */
export async function watchWhile<T>(context: RunContext, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const guarded = work.finally(() => settled.abort());
  guarded.catch(() => undefined);
  while (!settled.signal.aborted) {
    await context.ports.clock.sleep(tickMs, settled.signal);
    // On the way back nobody waits for a look that no decision needs.
    if (context.phase !== 'back' || !settled.signal.aborted) await context.tick();
  }
  return guarded;
}

async function tick(context: RunContext): Promise<void> {
  if (context.phase !== 'back') return look(context);
  try {
    await look(context);
  } catch (thrown) {
    const error = toDeployError(thrown);
    if (error.code === 'LOCK_LOST') throw error;
    // Nothing that is only watched may stand in the way back. Once is enough to say so.
    if (context.blind) return;
    context.blind = true;
    await context.append({ type: 'warning', data: { code: error.code, message: error.message.slice(0, 2000) } });
  }
}

async function look(context: RunContext): Promise<void> {
  await assertOwner(context);
  for (const request of await context.ports.takeControls()) await obey(context, request);
  context.deadMan.renew();
  await noteFired(context);
  await context.monitor.observe();
  context.frozen = (await context.ports.frozen?.()) ?? null;
  if (context.phase !== 'forward' || context.pendingAbort !== null) return;
  const barred = whyOnlyBack(context.ports);
  if (barred !== null) return raise(context, barred);
  const decision = context.decide(null);
  if (decision.action === 'abort') raise(context, decision);
}

/** The target has taken users back while this owner and its watchdog were stopped: nobody has watched them since. */
async function noteFired(context: RunContext): Promise<void> {
  const fired = context.deadMan.takeFired();
  if (fired === null) return;
  const event = describeFired(fired, context.plan.content.stable?.version ?? null);
  await context.append(event);
  if (context.phase !== 'forward' || context.pendingAbort !== null) return;
  raise(context, { action: 'abort', reason: `the dead-man rollback has fired: ${fired.reason}`, trigger: 'dead-man' });
}

/** What takes every forward step from a run and leaves it the way back; null while nothing does. */
export function whyOnlyBack(ports: Pick<RolloutPorts, 'journalWritable' | 'fenced'>): Decision | null {
  if (!ports.journalWritable())
    return { action: 'abort', reason: 'the journal cannot be written any more', trigger: 'journal' };
  const reason = ports.fenced?.() ?? null;
  return reason === null ? null : { action: 'abort', reason, trigger: 'lock' };
}

/** Throws LOCK_LOST when somebody else owns the target by now. */
export async function assertOwner({ ports }: RunContext): Promise<void> {
  if (!(await ports.stillOwner())) throw new DeployError('LOCK_LOST', { generation: ports.generation });
}

function raise(context: RunContext, decision: Decision): void {
  context.pendingAbort = new AbortRun(decision, context.ports.clock.now());
  context.stop.abort();
}

async function obey(context: RunContext, request: ControlRequest): Promise<void> {
  const answer = applyControl(context, request);
  await context.append({ type: 'control', data: { ...request, accepted: answer.accepted, answer: answer.text } });
}

function applyControl(
  context: RunContext,
  { action, by, reason }: ControlRequest,
): { accepted: boolean; text: string } {
  const because = reason === null ? '' : `: ${reason}`;
  if (context.phase === 'back') {
    const wanted = action === 'abort' || action === 'rollback';
    return { accepted: wanted, text: 'the run is already going back to the stable revision' };
  }
  switch (action) {
    case 'pause':
      context.paused = `paused by ${by}${because}`;
      return { accepted: true, text: 'the weight stays as it is; harm still rolls back' };
    case 'resume':
      if (context.foreign.accept(by)) {
        context.paused = null;
        return { accepted: true, text: 'what somebody else has changed is put back, and the run goes on' };
      }
      if (context.paused === null) {
        return {
          accepted: false,
          text: `nobody has paused the run${context.heldReason === null ? '' : `; it is held because ${context.heldReason}`}`,
        };
      }
      context.paused = null;
      return { accepted: true, text: 'the run goes on' };
    case 'promote':
      if (context.phase === 'frozen') {
        context.harmAcceptedBy = by;
        return { accepted: true, text: 'the harm is accepted and the run goes forward' };
      }
      if (context.frozen !== null && context.phase === 'forward')
        return { accepted: false, text: `nobody lets it past this: ${context.frozen}`.slice(0, 2000) };
      // Whoever lets it go on has also ended their pause.
      context.paused = null;
      context.foreign.accept(by);
      if (context.waitsAt === null)
        return { accepted: false, text: 'the run is not waiting at an observation or a gate' };
      context.promoted.set(context.waitsAt, by);
      return { accepted: true, text: `${context.currentStepId} is passed without waiting for more` };
    case 'abort':
    case 'rollback':
      if (context.phase === 'closing')
        return {
          accepted: false,
          text: 'the candidate is already stable; use rollback to make the former revision stable again',
        };
      raise(context, {
        action: 'abort',
        reason: `${action} by ${by}${because}`,
        trigger: action === 'abort' ? 'person' : 'person-rollback',
      });
      return { accepted: true, text: 'users go back to the stable revision' };
  }
}

function decideNow(context: RunContext, bake: Situation['bake']): Decision {
  const { monitor, ports, plan, paused } = context;
  return decide({
    settings: plan.content.judge,
    verdicts: monitor.verdicts(),
    baselineBreaches: monitor.baselineBreaches(),
    firedRules: monitor.firedRules(),
    bake,
    source: {
      kind: ports.metrics.kind,
      silentMs: ports.metrics.silentForMs(),
      problem: ports.metrics.problem?.() ?? null,
    },
    foreign: context.foreign.finding(),
    smokePassed: context.smokePassed,
    paused,
    frozen: context.frozen,
    accepted: context.accepted,
    harmAcceptedBy: context.harmAcceptedBy,
    promotedBy: context.currentStepId === null ? null : (context.promoted.get(context.currentStepId) ?? null),
  });
}

function keyOf(verdict: Verdict): string {
  return `${verdict.outcome}/${verdict.cause}`;
}
