import { randomUUID } from 'node:crypto';
import type { ApprovalHow } from '../model/approval-level.ts';
import type { Approval, Plan } from '../model/plan.ts';
import type { Place } from './place.ts';

/** What somebody is about to approve. */
export type ApprovalRequest = {
  place: Place;
  plan: Plan;
  /** As it stands in the approval: `start`, `promote:<step>`, `review:<run>`, `break-glass:<gate>`. */
  scope: string;
  /** The run, where the scope is of one. */
  runId: string | null;
  reason: string | null;
};

/** An approval that nobody has given yet, with a nonce of its own and the end of its life. */
export function draftApproval(
  { place, plan, scope, reason }: ApprovalRequest,
  who: { by: string; how: ApprovalHow; client: string | null; nowMs: number },
): Approval {
  const { by, how, client, nowMs } = who;
  return {
    planId: plan.planId,
    environment: place.name,
    scope,
    by,
    how,
    client,
    nonce: randomUUID(),
    givenAtMs: nowMs,
    expiresAtMs: nowMs + place.approval.expiresMs,
    reason,
    requester: requesterOf(plan),
  };
}

/** Who asked for a plan, as the approver signs it: the name that was given, and the account of the machine. */
export function requesterOf({ requester, account }: Plan): string {
  return account === undefined ? requester : `${requester}, account ${account}`;
}
