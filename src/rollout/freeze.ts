import { isOneWayMigration } from '../model/one-way.ts';
import { askAtGate } from './ask-at-gate.ts';
import { type AbortRun, type RunContext, tickMs } from './run-context.ts';

/** Whether going back by itself could destroy data: the migration cannot be undone and users were on the candidate. */
export function isOneWay(context: RunContext, abort: AbortRun): boolean {
  const byPerson = abort.decision.trigger?.startsWith('person') === true;
  return !byPerson && isOneWayMigration(context.plan.content.migration) && context.maxWeightPercent > 0;
}

/** Nothing moves, everything is still watched, until a person chooses the way: back, or forward with the harm accepted. */
export async function freezeUntilPerson(context: RunContext, abort: AbortRun): Promise<'back' | 'forward'> {
  const why = `${abort.decision.reason}. The migration (${context.plan.content.migration}) cannot be undone by going back, so a person decides: rollback, or promote and fix forward`;
  context.phase = 'frozen';
  context.pendingAbort = null;
  context.harmAcceptedBy = null;
  await context.append({ type: 'frozen', data: { reason: why.slice(0, 2000) } });
  context.ports.notify('approval', askAtGate({ reason: why, plan: context.plan, runId: context.runId }));
  for (;;) {
    await context.ports.clock.sleep(tickMs);
    await context.tick();
    if (context.pendingAbort !== null) return 'back';
    if (context.harmAcceptedBy === null) continue;
    context.phase = 'forward';
    // Only this harm is accepted, and only the step that it broke is passed; anything else freezes again.
    context.accepted.add(abort.decision.trigger ?? 'unknown');
    if (context.currentStepId !== null) context.passed.set(context.currentStepId, context.harmAcceptedBy);
    context.stop = new AbortController();
    await context.append({
      type: 'resumed',
      data: { reason: `${context.harmAcceptedBy} accepted the harm; the run goes forward` },
    });
    return 'forward';
  }
}
