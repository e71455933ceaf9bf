import { isNonceUsed, listApprovals, markNonceUsed } from '../journal/plan-store.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Approval, Plan } from '../model/plan.ts';
import type { Place } from './place.ts';

const strength = { none: 0, 'client-dialog': 1, terminal: 2 } as const;

/** The approval under which a plan may start now; null when nobody has to be asked. Throws APPROVAL_REQUIRED. */
export async function findApproval(place: Place, plan: Plan, nowMs: number): Promise<Approval | null> {
  const how = plan.content.kind === 'rollout' ? place.approval.how : 'none';
  if (how === 'none') return null;
  for (const approval of (await listApprovals(place.project.state, plan.planId)).reverse()) {
    if (approval.scope !== 'start' || approval.environment !== place.name || approval.expiresAtMs < nowMs) continue;
    if (strength[approval.how] < strength[how] || (await isNonceUsed(place.project.state, approval.nonce))) continue;
    return approval;
  }
  throw approvalRequired(place, plan);
}

/** Uses an approval up for one run. Throws APPROVAL_REQUIRED when another run was quicker. */
export async function consumeApproval(
  place: Place,
  plan: Plan,
  approval: Approval,
  use: { runId: string; atMs: number },
): Promise<void> {
  if (!(await markNonceUsed(place.project.state, approval.nonce, use))) throw approvalRequired(place, plan);
}

export function approvalRequired(place: Place, plan: Plan): DeployError {
  const short = plan.planId.slice(0, 12);
  const terminal = `a person runs in a terminal: seatrial approve ${short}`;
  const remedy =
    place.approval.how === 'terminal'
      ? `Ask for it; ${terminal}`
      : `Call rollout_approve with this planId, which asks the person; or ${terminal}`;
  return new DeployError('APPROVAL_REQUIRED', { planId: short, how: place.approval.how, remedy });
}
