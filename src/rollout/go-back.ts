import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { Outcome } from '../model/run-event.ts';
import { renderStep, type Step } from '../model/step.ts';
import { foreignTrigger } from '../model/verdict.ts';
import { end, type Failure, failureOf } from './end-run.ts';
import { type ActStep, executeStep, findRevision } from './execute-step.ts';
import { summariseExposure } from './exposure.ts';
import { bringsUsers } from './meaning-of-promote.ts';
import { planRollback } from './plan-rollback.ts';
import { type AbortRun, assertOwner, type RunContext, watchWhile } from './run-context.ts';
import { type UserWatch, watchUsers } from './user-watch.ts';
import { verifyRevision } from './verify-revision.ts';

/** Pauses between the attempts of one step of the way back, ms. */
const retryPausesMs = [250, 500, 1000, 2000, 4000, 8000, 15_000];

/**
 * Takes users back to the stable revision and proves it: routing read back, the data plane seen, stable smoke-tested,
 * the revision read.
 */
export async function goBack(context: RunContext, abort: AbortRun, error: Failure | null): Promise<Outcome> {
  const steps = await beginWayBack(context, abort);
  const broken = await runWayBack(context, steps, abort);
  if (context.maxWeightPercent > 0) await summariseExposure(context);
  if (steps.length === 0 && context.maxWeightPercent > 0)
    return rollbackFailed(context, {
      code: 'ROLLBACK_FAILED',
      message: `${context.plan.content.revision.version} still has the users: nothing served before it, and the target cannot take it out of traffic`,
      remedy: 'Fix forward, or take it down with the tools of the platform.',
    });
  if (broken !== null) return rollbackFailed(context, broken);
  return concludeWayBack(context, abort, error);
}

/** Writes down why and how. One sync for all of it: that of the first step, which is on the disk before it is done. */
async function beginWayBack(context: RunContext, { decision, detectedAtMs }: AbortRun): Promise<Step[]> {
  const asking = isStableDown(context);
  await assertOwner(context);
  await context.foreign.rest();
  await context.noteVerdicts(true, true);
  await context.append({ type: 'decision', data: { stepId: context.currentStepId, decision } }, { later: true });
  context.phase = 'back';
  await context.unhold('going back to the stable revision');
  const { reason, trigger } = decision;
  const steps = planRollback(context.record(), await asking);
  const data = { trigger: trigger ?? 'unknown', reason, steps, detectedAtMs };
  await context.append({ type: 'rollback_started', data }, { later: steps.length > 0 });
  return steps;
}

async function runWayBack(context: RunContext, steps: readonly Step[], abort: AbortRun): Promise<Failure | null> {
  let broken: Failure | null = null;
  for (const step of steps) {
    if (step.kind === 'bake' || step.kind === 'approve' || step.kind === 'observe') continue;
    const watch = step.kind === 'set_weight' || bringsUsers(steps, step) ? watchUsers(context) : null;
    const failure = await doStubbornly(context, step, watch);
    if (failure !== null && step.kind === 'smoke') {
      // Users are back; the candidate is taken away all the same, and then the alarm is raised.
      broken = failure;
      continue;
    }
    if (failure !== null && !isTidying(step)) return failure;
    if (failure !== null)
      await context.append({
        type: 'warning',
        data: { code: failure.code, message: `${step.id}: ${failure.message}`.slice(0, 2000) },
      });
    if (failure !== null || watch === null) continue;
    const unseen = await proveTrafficIsBack(context, abort, watch);
    if (unseen !== null) return unseen;
  }
  return broken;
}

/** No instance of the stable revision is ready, though it is placed and the target says so. */
async function isStableDown({ ports, plan }: RunContext): Promise<boolean> {
  if (ports.target.lacks?.includes('provision') === true) return false;
  const state = await ports.target.inspect(new AbortController().signal).catch(() => null);
  const placed = state === null || plan.content.stable === null ? null : findRevision(state, plan.content.stable.id);
  return placed !== null && placed.instances.length > 0 && placed.instances.every((one) => one.state !== 'ready');
}

/** What fails here leaves an unused process behind, but no user on the wrong revision. */
function isTidying(step: Step): boolean {
  return step.kind === 'drain' || step.kind === 'retire';
}

async function doStubbornly(context: RunContext, step: ActStep, watch: UserWatch | null): Promise<Failure | null> {
  const place = { step: step.id, idem: `${context.runId}:${step.id}` };
  context.currentStepId = step.id;
  let failure: Failure | null = null;
  for (const [index, pauseMs] of retryPausesMs.entries()) {
    await context.append({ type: 'step_started', data: { step, attempt: index + 1, phase: 'back' } }, place);
    try {
      const signal = new AbortController().signal;
      const evidence = await watchWhile(
        context,
        executeStep(context.ports, step, {
          runId: context.runId,
          candidateId: context.plan.content.revision.id,
          phase: 'back',
          hasUsers: context.maxWeightPercent > 0,
          ...(watch === null ? {} : { moved: watch.moved }),
          signal,
        }),
      );
      if (step.kind === 'set_weight') context.monitor.setWeight(step.weightPercent);
      if (step.kind === 'promote') context.monitor.setWeight(0);
      const event = { type: 'step_completed', data: { stepId: step.id, phase: 'back', evidence } } as const;
      await context.append(event, { ...place, later: watch !== null });
      return null;
    } catch (thrown) {
      const error = toDeployError(thrown);
      if (error.code === 'LOCK_LOST') throw error;
      failure = failureOf(error);
      await context.append({ type: 'step_failed', data: { stepId: step.id, phase: 'back', error: failure } }, place);
      if (isTidying(step) && index >= 2) return failure;
      if (index < retryPausesMs.length - 1) await watchWhile(context, context.ports.clock.sleep(pauseMs));
    }
  }
  return failure;
}

async function proveTrafficIsBack(context: RunContext, abort: AbortRun, watch: UserWatch): Promise<Failure | null> {
  const seen = await watchWhile(context, watch.seen());
  if (seen === 'nobody to see') return null;
  if (seen === null)
    return {
      code: 'ROLLBACK_FAILED',
      message: 'the traffic path still answers from the candidate',
      remedy: manualSteps(context),
    };
  await context.append({
    type: 'traffic_restored',
    data: { afterMs: Math.max(0, seen.atMs - abort.detectedAtMs), reads: seen.reads },
  });
  return null;
}

async function concludeWayBack(context: RunContext, abort: AbortRun, error: Failure | null): Promise<Outcome> {
  const { plan, ports, maxWeightPercent } = context;
  const { reason, trigger } = abort.decision;
  if (plan.content.stable !== null) {
    const verification = await watchWhile(
      context,
      verifyRevision(ports, plan.content.stable.id, { withinMs: 15_000, signal: new AbortController().signal }),
    );
    await context.append({ type: 'revision_verified', data: verification });
    if (!verification.ok)
      return rollbackFailed(context, {
        code: 'ROLLBACK_FAILED',
        message: verification.reason,
        remedy: manualSteps(context),
      });
  }
  const where =
    plan.content.stable === null
      ? 'the candidate was taken down; nothing served before it'
      : `users are on ${plan.content.stable.version}`;
  const outcome =
    trigger === 'person' || (trigger === 'person-rollback' && maxWeightPercent === 0)
      ? 'aborted'
      : maxWeightPercent === 0
        ? 'failed'
        : 'rolled_back';
  await end(context, outcome, `${reason}; ${where}`, error ?? failureOfAbort(context, abort));
  ports.notify(outcome === 'failed' ? 'failed' : 'rollback', `${plan.content.revision.version}: ${reason}; ${where}`);
  return outcome;
}

/** Why the candidate had to go, as an error with its remedy; none when a person wanted it so. */
function failureOfAbort(context: RunContext, { decision }: AbortRun): Failure | null {
  if (decision.trigger?.startsWith('person')) return null;
  if (decision.trigger === foreignTrigger)
    return failureOf(new DeployError('TARGET_CHANGED', { reason: decision.reason }));
  const code = context.maxWeightPercent > 0 ? 'VERDICT_HARM' : 'CANDIDATE_FAILED';
  return failureOf(new DeployError(code, { reason: decision.reason }));
}

async function rollbackFailed(context: RunContext, failure: Failure): Promise<Outcome> {
  const message = `CRITICAL: the rollback failed: ${failure.message}`;
  await end(context, 'rollback_failed', message, { code: 'ROLLBACK_FAILED', message, remedy: manualSteps(context) });
  context.ports.notify('rollback_failed', `P0: ${message}. By hand: ${manualSteps(context)}`);
  return 'rollback_failed';
}

function manualSteps(context: RunContext): string {
  return planRollback(context.record()).map(renderStep).join(' → ');
}
