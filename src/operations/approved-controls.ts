import { replayRun } from '../journal/fold-run.ts';
import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Plan } from '../model/plan.ts';
import type { ControlRequest } from '../rollout/ports.ts';
import { consumeApprovals, findApprovals } from './check-approval.ts';
import type { Place } from './place.ts';
import { promoteScope } from './promote-scope.ts';
import type { RunJournal } from './run-journal.ts';

/**
 * Requests that the run may obey. Whoever can write into the inbox can ask for everything; to go past a gate without proof
 * the owner of the run wants the approval itself, for the step at which the run stands, and uses it up. What has none is
 * answered and left out.
 */
export async function approvedControls(
  requests: readonly ControlRequest[],
  {
    place,
    plan,
    journal,
    clock,
    runId,
  }: { place: Place; plan: Plan; journal: RunJournal; clock: Clock; runId: string },
): Promise<ControlRequest[]> {
  const accepted: ControlRequest[] = [];
  for (const request of requests) {
    if (request.action !== 'promote') {
      accepted.push(request);
      continue;
    }
    try {
      const scope = promoteScope(replayRun(journal.events, journal.damage, runId));
      const approvals = await findApprovals(place, plan, { scope, nowMs: clock.now() });
      await consumeApprovals(place, plan, { approvals, runId, atMs: clock.now() });
      for (const approval of approvals) await journal.append({ type: 'approval_consumed', data: approval });
      accepted.push(request);
    } catch (thrown) {
      const answer = `not approved: ${toDeployError(thrown).message}`.slice(0, 2000);
      await journal.append({ type: 'control', data: { ...request, accepted: false, answer } });
    }
  }
  return accepted;
}
