import { listApprovals, markNonceUsed } from '../journal/plan-store.ts';
import { type ApprovalHow, approvalLevel } from '../model/approval-level.ts';
import { approveCommand } from '../model/approve-command.ts';
import type { ApproverRole } from '../model/config/approval.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Approval, Plan } from '../model/plan.ts';
import type { Place } from './place.ts';
import { verifyApproval } from './verify-approval.ts';

export type Standing = {
  /** Those that count, one for each person and key. */
  approvals: Approval[];
  /** What is still missing; empty when nothing is. */
  missing: string[];
  /** Approvals that are there and do not count, and why. */
  refused: string[];
};

/** The weakest approval that a scope may be given by; breaking the glass is never less than a person at a terminal. */
export function leastApproval(place: Place, scope: string): ApprovalHow {
  const { how } = place.approval;
  return scope.startsWith('break-glass:') && approvalLevel(how) < approvalLevel('terminal') ? 'terminal' : how;
}

/**
 * The approvals under which a plan may start now (or `scope` may be done); none when nobody has to be asked. Every one is
 * verified anew: what lies in the state folder is only a claim. Throws APPROVAL_REQUIRED with what is missing.
 */
export async function findApprovals(
  place: Place,
  plan: Plan,
  { scope, nowMs }: { scope: string; nowMs: number },
): Promise<Approval[]> {
  const needed = plan.content.kind === 'rollout' && leastApproval(place, scope) !== 'none';
  if (!needed) return [];
  const standing = await assessApprovals(place, plan, { scope, nowMs });
  if (standing.missing.length === 0) return standing.approvals;
  throw approvalRequired(place, plan, { scope, standing });
}

/** What is there for a scope, what counts and what is missing. */
export async function assessApprovals(
  place: Place,
  plan: Plan,
  { scope, nowMs }: { scope: string; nowMs: number },
): Promise<Standing> {
  const least = leastApproval(place, scope);
  const wanted = rolesFor(place, plan, scope);
  const approvals: Approval[] = [];
  const refused: string[] = [];
  const seen = new Set<string>();
  const roles = new Set<string>();
  for (const approval of await listApprovals(place.project.state, plan.planId)) {
    if (approval.scope !== scope) continue;
    const verdict = await verifyApproval(place, approval, { plan, scope, least, nowMs });
    if (!verdict.ok) {
      refused.push(`the approval of ${approval.by}: ${verdict.reason}`);
      continue;
    }
    const { signer } = verdict;
    const same = signer === null ? [] : [`name ${signer.name}`, `key ${signer.key}`];
    if (same.some((mark) => seen.has(mark))) {
      refused.push(`another approval of ${approval.by}: one person, or one key, counts once`);
      continue;
    }
    for (const mark of same) seen.add(mark);
    for (const role of signer?.roles ?? []) if (isNamedFor(place, role, approval.by)) roles.add(role);
    approvals.push(approval);
    if (place.approval.required === 1 && wanted.length === 0) break;
  }
  const { required } = place.approval;
  const short = required - approvals.length;
  return {
    approvals,
    missing: [
      ...(short > 0 ? [`${short} of ${required} approval${required === 1 ? '' : 's'}`] : []),
      ...wanted.filter((role) => !roles.has(role)).map((role) => `a ${role}`),
    ],
    refused,
  };
}

/** Roles that must be among those who sign: the configured ones, and before a run those that the plan's guidance names. */
function rolesFor(place: Place, { content }: Plan, scope: string): ApproverRole[] {
  const starts = scope === 'start' || scope.startsWith('break-glass:');
  const reviewers = starts ? (content.guided?.reviewers.filter(({ required }) => required) ?? []) : [];
  return [...new Set([...place.approval.roles, ...reviewers.map(({ role }) => role)])];
}

/** Where the configuration names somebody for a role, only they fill it. */
function isNamedFor(place: Place, role: string, by: string): boolean {
  const named = place.approval.approvers[role];
  return named === undefined || named === by;
}

/** Uses approvals up for one run, durably. Throws APPROVAL_REQUIRED when another run was quicker. */
export async function consumeApprovals(
  place: Place,
  plan: Plan,
  use: { approvals: readonly Approval[]; runId: string; atMs: number },
): Promise<void> {
  const { approvals, runId, atMs } = use;
  for (const approval of approvals) {
    if (await markNonceUsed(place.project.state, approval.nonce, { runId, atMs })) continue;
    throw approvalRequired(place, plan, {
      scope: approval.scope,
      standing: { approvals: [], missing: [], refused: [`the approval of ${approval.by}: it was used before`] },
    });
  }
}

export function approvalRequired(
  place: Place,
  plan: Plan,
  { scope, standing }: { scope: string; standing: Standing },
): DeployError {
  const least = leastApproval(place, scope);
  const short = plan.planId.slice(0, 12);
  const { missing, refused } = standing;
  const how = [
    scope === 'start' ? least : `${least}, for ${scope}`,
    ...(missing.length === 0 || missing[0] === '1 of 1 approval' ? [] : [`missing: ${missing.join(', ')}`]),
    ...(refused.length === 0 ? [] : [`not counted: ${refused.slice(0, 5).join('; ')}`]),
  ].join('; ');
  const command = approveCommand({ how: least, planId: short, scope });
  const remedy =
    least === 'client-dialog'
      ? `Call rollout_approve with this planId, which asks the person; or a person runs in a terminal: ${command}`
      : `Ask for it; a person runs in a terminal: ${command}`;
  return new DeployError('APPROVAL_REQUIRED', { planId: short, how, remedy });
}
