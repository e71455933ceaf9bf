import type { Judge } from '../analysis/judge.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Outcome } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import type { Step } from '../model/step.ts';
import { end, type Failure, failureOf } from './end-run.ts';
import { executeStep, findRevision } from './execute-step.ts';
import { finish, verifyServing } from './finish.ts';
import { freezeUntilPerson, isOneWay } from './freeze.ts';
import { goBack } from './go-back.ts';
import { bringsUsers, closesRun } from './meaning-of-promote.ts';
import type { RolloutPorts } from './ports.ts';
import type { Reconciliation } from './reconcile.ts';
import { AbortRun, createRunContext, noteWeight, type RunContext, watchWhile, whyOnlyBack } from './run-context.ts';
import { awaitPerson, awaitResume, awaitUndisturbed, bake, observeStable, throwPending } from './wait-step.ts';

export type RunRequest = {
  ports: RolloutPorts;
  /** The run as its journal has it. */
  record: RunRecord;
  judge: Judge;
  /** `forward` for a new run; otherwise what `reconcile` found for one whose owner went away. */
  mode: 'forward' | Exclude<Reconciliation['act'], 'nothing'>;
  reason: string;
};

/**
 * Carries a plan out, one step at a time, and says how it ended. Every step is journalled before it is begun, done, read
 * back, and journalled as done. Whatever goes wrong before the candidate is stable leads back to the stable revision.
 * Throws only LOCK_LOST (somebody else owns the target; nothing more is written) and journal errors.
 */
export async function runPlan(request: RunRequest): Promise<Outcome> {
  const { ports, record, judge, mode } = request;
  const context = createRunContext(ports, record, judge);
  // An owner that takes over must not wait for it: users may have to go back first.
  if (mode === 'roll_back' || mode === 'finish') context.deadMan.armBeside();
  const outcome = await carryOut(context, request);
  // While a way back has failed it stays armed: it is one more that tries.
  if (outcome !== 'rollback_failed') await context.deadMan.disarm();
  return outcome;
}

async function carryOut(context: RunContext, { ports, record, mode, reason }: RunRequest): Promise<Outcome> {
  await lookAtTarget(context);
  if (mode === 'close') return end(context, 'aborted', reason, null);
  let back: WayBack | null =
    mode === 'roll_back' ? { abort: abortOfLostOwner(record, reason, ports.clock.now()), error: null } : null;
  for (;;) {
    back ??= await tryForward(context);
    if (back === null) return finish(context);
    const mustAsk = isOneWay(context, back.abort) && record.rollback === null;
    if (!mustAsk || (await freezeUntilPerson(context, back.abort)) === 'back')
      return goBack(context, back.abort, back.error);
    back = null;
  }
}

/** Where things stand before anything is done: the journal of a run that lost its owner may not have the last change. */
async function lookAtTarget(context: RunContext): Promise<void> {
  const state = await context.ports.target.inspect(new AbortController().signal).catch(() => null);
  if (state === null) return;
  context.cutBefore = state.cut;
  const candidate = findRevision(state, context.plan.content.revision.id);
  if (candidate !== null) noteWeight(context, candidate.weightPercent);
}

type WayBack = { abort: AbortRun; error: Failure | null };

function abortOfLostOwner(record: RunRecord, reason: string, nowMs: number): AbortRun {
  const trigger = record.rollback?.trigger ?? 'owner-lost';
  return new AbortRun({ action: 'abort', reason, trigger }, record.rollback?.detectedAtMs ?? nowMs);
}

/** Null when every step is done; otherwise why it has to go back. */
async function tryForward(context: RunContext): Promise<WayBack | null> {
  try {
    await goForward(context);
    return null;
  } catch (thrown) {
    return explain(context, thrown);
  }
}

async function goForward(context: RunContext): Promise<void> {
  await context.deadMan.arm();
  const done = new Set(
    context
      .record()
      .steps.filter((progress) => progress.phase === 'forward' && progress.state === 'completed')
      .map((progress) => progress.step.id),
  );
  for (const step of context.plan.content.steps) {
    if (closesRun(context.plan.content.steps, step) && done.has(step.id)) context.phase = 'closing';
    if (done.has(step.id) || (await passStep(context, step))) continue;
    // The former revision stays where the new one was not seen serving.
    if (context.verification?.ok === false) return;
    await context.tick();
    throwPending(context);
    await awaitResume(context);
    if (context.phase === 'forward' && !isWait(step)) await awaitUndisturbed(context);
    await performStep(context, step);
  }
  throwPending(context);
}

function isWait({ kind }: Step): boolean {
  return kind === 'bake' || kind === 'approve' || kind === 'observe';
}

/** A step that broke and that a person let be: it is written down as passed by them, not as done. */
async function passStep(context: RunContext, step: Step): Promise<boolean> {
  const by = context.passed.get(step.id);
  if (by === undefined || step.kind === 'bake') return false;
  await context.append({
    type: 'step_completed',
    data: { stepId: step.id, phase: 'forward', evidence: { acceptedBy: by } },
  });
  return true;
}

async function performStep(context: RunContext, step: Step): Promise<void> {
  const place = { step: step.id, idem: `${context.runId}:${step.id}` };
  context.currentStepId = step.id;
  context.waitsAt = isWait(step) ? step.id : null;
  await context.append({ type: 'step_started', data: { step, attempt: 1, phase: 'forward' } }, place);
  try {
    // The intent must be on disk before the act.
    const barred = context.phase === 'closing' ? null : whyOnlyBack(context.ports);
    if (barred !== null) throw new AbortRun(barred, context.ports.clock.now());
    const evidence = await doStep(context, step);
    noteWeight(context, evidence['weightPercent']);
    await context.append({ type: 'step_completed', data: { stepId: step.id, phase: 'forward', evidence } }, place);
    if (closesRun(context.plan.content.steps, step)) {
      context.phase = 'closing';
      await verifyServing(context);
    }
  } catch (thrown) {
    if (thrown instanceof AbortRun) {
      const failure = {
        code: 'ABORTED',
        message: `stopped: ${thrown.message}`.slice(0, 2000),
        remedy: 'See the decision.',
      };
      // Users may be waiting to be taken off the candidate; what comes next brings this to the disk as well.
      const event = { type: 'step_failed', data: { stepId: step.id, phase: 'forward', error: failure } } as const;
      await context.append(event, { ...place, later: true });
      throw thrown;
    }
    const error = toDeployError(thrown);
    if (error.code === 'LOCK_LOST') throw error;
    // A step that was cut short failed for the reason that cut it, not for being cut.
    const failure =
      context.pendingAbort === null
        ? failureOf(error)
        : { ...failureOf(error), message: `stopped: ${context.pendingAbort.message}`.slice(0, 2000) };
    await context.append({ type: 'step_failed', data: { stepId: step.id, phase: 'forward', error: failure } }, place);
    throwPending(context);
    // The candidate is stable and proven; what is left to tidy up must not take users away from it.
    if (context.phase !== 'closing') throw error;
    await context.append({ type: 'warning', data: { code: error.code, message: `${step.id}: ${error.message}` } });
  }
}

async function doStep(context: RunContext, step: Step): Promise<Record<string, string | number | boolean | null>> {
  if (step.kind === 'bake') return bake(context, step);
  if (step.kind === 'observe') return observeStable(context, step);
  if (step.kind === 'approve') return awaitPerson(context, step);
  // From here on some users may be on the candidate, also when the answer to the change is lost.
  if (step.kind === 'set_weight') noteWeight(context, step.weightPercent);
  if (step.kind === 'replace_batch') noteWeight(context, 1);
  if (bringsUsers(context.plan.content.steps, step)) noteWeight(context, 100);
  return watchWhile(
    context,
    executeStep(context.ports, step, {
      runId: context.runId,
      candidateId: context.plan.content.revision.id,
      phase: 'forward',
      returns: context.plan.content.kind === 'rollback',
      signal: context.stop.signal,
    }),
  );
}

/** Why the way forward ended; throws on where not even the way back may be walked from here. */
function explain(context: RunContext, thrown: unknown): WayBack {
  if (thrown instanceof AbortRun) return { abort: thrown, error: null };
  const error = toDeployError(thrown);
  if (error.code === 'LOCK_LOST') throw error;
  const trigger =
    error.code === 'SMOKE_FAILED'
      ? 'smoke'
      : error.code === 'PROVISION_FAILED' || error.code === 'PREPARE_FAILED'
        ? 'provision'
        : 'step-failed';
  return {
    abort: new AbortRun({ action: 'abort', reason: error.message, trigger }, context.ports.clock.now()),
    error: failureOf(error),
  };
}
