import { approveCommand } from '../model/approve-command.ts';
import type { Plan } from '../model/plan.ts';

/** What people are told when a run waits for one of them: why, and how to let it go on or to take users back. Pure. */
export function askAtGate({ reason, plan, runId }: { reason: string; plan: Plan; runId: string }): string {
  const goOn =
    plan.approval === 'none'
      ? `seatrial promote ${runId}`
      : approveCommand({ how: plan.approval, planId: plan.planId, scope: 'promote', runId });
  return `${plan.content.revision.version}: ${reason}. To let it go on: ${goOn}. To take users back: seatrial abort ${runId}`;
}
