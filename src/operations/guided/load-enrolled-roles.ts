import { type ApproverRole, approverRoles } from '../../model/config/approval.ts';
import { focusOf } from '../../model/guidance.ts';
import { readWishes, type Wishes } from '../../model/wishes.ts';
import { loadApprovers } from '../approver-list.ts';
import type { Place } from '../place.ts';

/**
 * Roles that somebody may fill whose signature counts here; asked for only where the wishes name reviewers and approval is by
 * signature. Where the configuration names somebody for a role, only they fill it. Throws APPROVERS_UNREADABLE.
 */
export async function loadEnrolledRoles(place: Place, wishes: Wishes): Promise<ApproverRole[]> {
  const named = readWishes(wishes).foci.some(({ focus }) => focusOf(focus).reviewers.length > 0);
  if (!named || place.approval.how !== 'signature') return [];
  const { signers } = await loadApprovers(place.approval.signers, place.project.repository);
  return approverRoles.filter((role) =>
    signers.some(({ name, roles }) => roles.includes(role) && (place.approval.approvers[role] ?? name) === name),
  );
}
