import type { Approval, PlanContent } from './plan.ts';

/** Namespace of signatures: one made for commits, files or another program is none of ours. */
export const approvalNamespace = 'seatrial-approval-v1';

/**
 * What an approver signs, as data; its bytes are the RFC 8785 form. It holds the whole plan beside its id, so that whoever
 * signs on another machine has everything before them. Pure.
 */
export function approvalDocument(approval: Approval, plan: PlanContent): Record<string, unknown> {
  return {
    kind: approvalNamespace,
    planId: approval.planId,
    environment: approval.environment,
    scope: approval.scope,
    approver: approval.by,
    requester: approval.requester ?? null,
    reason: approval.reason ?? null,
    nonce: approval.nonce,
    issuedAt: new Date(approval.givenAtMs).toISOString(),
    expiresAt: new Date(approval.expiresAtMs).toISOString(),
    plan,
  };
}
