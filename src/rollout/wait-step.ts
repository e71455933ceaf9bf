import type { Step } from '../model/step.ts';
import { blindTrigger, type Decision, foreignTrigger, freezeTrigger } from '../model/verdict.ts';
import { raiseWeight } from './raise-weight.ts';
import { AbortRun, type RunContext, tickMs } from './run-context.ts';

/** Readers see the evidence grow; an unchanged verdict is written down this often, ms. */
const noteEveryMs = 2000;

/** Observes until the evidence decides. Returns when the run may advance; throws AbortRun when it must go back. */
export async function bake(
  context: RunContext,
  step: Extract<Step, { kind: 'bake' }>,
): Promise<Record<string, string | number>> {
  const { clock } = context.ports;
  const startedMs = clock.monotonic();
  context.monitor.beginBake(step.id);
  let notedMs = startedMs;
  let raised = false;
  // While the source is silent nothing is observed: not from when it is found to be, but from its last answer on.
  let blindMs = 0;
  let heardMs = startedMs;
  for (;;) {
    await context.tick();
    throwPending(context);
    await context.foreign.watch();
    const elapsedMs = clock.monotonic() - startedMs - blindMs;
    const decision = context.decide({ elapsedMs, minMs: step.minMs, maxMs: step.maxMs });
    if (decision.action === 'abort') throw new AbortRun(decision, clock.now());
    const silent = decision.trigger === blindTrigger;
    if (silent) blindMs += clock.monotonic() - heardMs;
    heardMs = silent ? clock.monotonic() : Math.max(heardMs, clock.monotonic() - context.ports.metrics.silentForMs());
    const due = clock.monotonic() - notedMs >= noteEveryMs;
    await context.noteVerdicts(due || decision.action === 'advance');
    if (due) notedMs = clock.monotonic();
    if (decision.action === 'advance') {
      await context.unhold(decision.reason);
      await context.append({ type: 'decision', data: { stepId: step.id, decision } });
      return { observedMs: Math.round(elapsedMs), reason: decision.reason };
    }
    if (due && !raised && decision.action === 'wait') raised = await raiseWeight(context, step, elapsedMs);
    if (decision.action === 'hold')
      await context.hold(decision.reason, gateOf(context, step, decision), decision.trigger);
    else await context.unhold(decision.reason);
    await clock.sleep(tickMs, context.stop.signal);
  }
}

/** Where a person was to be asked, the hold is a gate; everywhere else it ends by itself when its reason does. */
function gateOf({ plan }: RunContext, step: Step, { trigger }: Decision): string | null {
  return trigger === 'inconclusive' && plan.content.judge.onInconclusive === 'ask' ? step.id : null;
}

/** Watches stable alone for the time of the step; nothing is decided, and what was learned of its failures is written down. */
export async function observeStable(
  context: RunContext,
  step: Extract<Step, { kind: 'observe' }>,
): Promise<Record<string, string | number>> {
  const { clock } = context.ports;
  const startedMs = clock.monotonic();
  while (clock.monotonic() - startedMs < step.durationMs && !context.promoted.has(step.id)) {
    await context.tick();
    throwPending(context);
    await context.foreign.watch();
    await clock.sleep(tickMs, context.stop.signal);
  }
  const { requests, failures, overdispersion } = context.monitor.baselineFacts();
  return {
    baselineRequests: requests,
    baselineFailures: failures,
    overdispersion:
      overdispersion.kind === 'measured'
        ? `${overdispersion.estimate.toFixed(2)} (at most ${overdispersion.upper.toFixed(2)})`
        : `unknown: ${overdispersion.clusters} of ${overdispersion.clustersNeeded} windows with failures`,
  };
}

/** Waits for a person, watching all the while. */
export async function awaitPerson(
  context: RunContext,
  step: Extract<Step, { kind: 'approve' }>,
): Promise<Record<string, string | number>> {
  await context.hold(`waiting for a person at ${step.gate}`, step.gate);
  for (;;) {
    await context.tick();
    throwPending(context);
    await context.foreign.watch();
    const by = context.promoted.get(step.id);
    if (by !== undefined && context.paused === null) {
      await context.unhold(`${by} let it go on`);
      return { by };
    }
    await context.ports.clock.sleep(tickMs, context.stop.signal);
  }
}

/** Holds between two steps while a person has paused the run or deployments are frozen; what only tidies up is not held. */
export async function awaitResume(context: RunContext): Promise<void> {
  for (;;) {
    const frozen = context.phase === 'forward' ? context.frozen : null;
    const reason = frozen ?? context.paused;
    if (reason === null) break;
    await context.hold(reason, null, frozen === null ? 'person' : freezeTrigger);
    await context.ports.clock.sleep(tickMs, context.stop.signal);
    await context.tick();
    throwPending(context);
    await context.foreign.watch();
  }
  await context.unhold('resumed');
}

/** Before something is done: the place is as the run left it, or it is put back, or the run holds or goes back, as configured. */
export async function awaitUndisturbed(context: RunContext): Promise<void> {
  await context.foreign.lookNow();
  for (;;) {
    const found = context.foreign.finding();
    if (found === null) break;
    const decision = { ...found, trigger: foreignTrigger };
    if (found.action === 'abort') throw new AbortRun(decision, context.ports.clock.now());
    await context.hold(found.reason, null, foreignTrigger);
    await context.ports.clock.sleep(tickMs, context.stop.signal);
    await context.tick();
    throwPending(context);
    await context.foreign.watch();
  }
  await context.unhold('nobody else has changed anything any more');
}

export function throwPending(context: RunContext): void {
  if (context.pendingAbort !== null) throw context.pendingAbort;
}
