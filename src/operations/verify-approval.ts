import { join } from 'node:path';
import { renderForVerification, type Signer } from '../config/allowed-signers.ts';
import type { ApprovalRule } from '../config/approval-rule.ts';
import { isNonceUsed } from '../journal/plan-store.ts';
import { approvalDocument, approvalNamespace } from '../model/approval-document.ts';
import { type ApprovalHow, approvalLevel } from '../model/approval-level.ts';
import type { Approval, Plan } from '../model/plan.ts';
import { parseSshSignature } from '../model/ssh-signature.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import { verifySshSignature } from '../system/ssh-keygen.ts';
import { type ApproverList, loadApprovers } from './approver-list.ts';
import { askProtected } from './ask-protected.ts';
import { requesterOf } from './draft-approval.ts';
import type { Place } from './place.ts';

export type Verification =
  /** `signer`: who signed, where somebody did. */
  { ok: true; signer: Signer | null } | { ok: false; reason: string };

export type Wanted = {
  plan: Plan;
  scope: string;
  /** Weakest way that is accepted. */
  least: ApprovalHow;
  nowMs: number;
};

/** Clocks of people's machines differ; more than this is no difference of clocks, ms. */
const clockSkewMs = 60_000;

/**
 * Whether an approval stands now, for this plan, this scope and this environment; else what is wrong with it and what would
 * be right. Throws APPROVERS_UNREADABLE and errors of the programs that are asked.
 */
export async function verifyApproval(place: Place, approval: Approval, wanted: Wanted): Promise<Verification> {
  const refused = refuse(place, approval, wanted);
  if (refused !== null) return { ok: false, reason: refused };
  if (await isNonceUsed(place.project.state, approval.nonce))
    return { ok: false, reason: 'it was used before; an approval is good for one use, so a new one must be given' };
  switch (approval.how) {
    case 'signature':
      return verifySignature(place, approval, wanted.plan);
    case 'protected':
      return verifyProtected(place, approval, wanted);
    default:
      return { ok: true, signer: null };
  }
}

/** What can be told without asking anybody. Pure. */
function refuse({ name, approval: rule }: Place, approval: Approval, wanted: Wanted): string | null {
  const { plan, scope, least, nowMs } = wanted;
  if (approval.planId !== plan.planId) return `it is for plan ${approval.planId.slice(0, 12)}, another one`;
  if (approval.environment !== name) return `it is for environment ${approval.environment}, not ${name}`;
  if (approval.scope !== scope) return `its scope is ${approval.scope}, not ${scope}`;
  if (approval.expiresAtMs < nowMs) return `it expired at ${new Date(approval.expiresAtMs).toISOString()}`;
  if (approval.givenAtMs > nowMs + clockSkewMs) return 'it is dated in the future';
  if (approval.expiresAtMs - approval.givenAtMs > rule.expiresMs)
    return `it would hold longer than the ${Math.round(rule.expiresMs / 60_000)} minutes that are allowed`;
  if (approvalLevel(approval.how) < approvalLevel(least))
    return `it was given by ${approval.how} (level ${approvalLevel(approval.how)}); ${least} (level ${approvalLevel(least)}) is needed here`;
  return null;
}

async function verifySignature(place: Place, approval: Approval, plan: Plan): Promise<Verification> {
  const no = (reason: string): Verification => ({ ok: false, reason });
  const { signature, by } = approval;
  const read = signature === undefined ? null : parseSshSignature(signature.armored);
  if (signature === undefined || read === null) return no('it carries no SSH signature');
  if (read.namespace !== approvalNamespace)
    return no(
      `its signature was made for "${read.namespace.slice(0, 60)}"; it must be made by ssh-keygen -Y sign -n ${approvalNamespace}`,
    );
  if (read.touched === false) return no('nobody touched the key when it signed');
  const list = await loadApprovers(place.approval.signers, place.project.repository);
  const signer = list.signers.find(({ name, key }) => name === by && key === read.key);
  if (signer === undefined) return no(strangerReason(list, by, read.key));
  const own = separationReason(place.approval, signer, plan);
  if (own !== null) return no(own);
  if (approval.requester !== requesterOf(plan))
    return no('whoever signed was told another requester than the plan has');
  const document = canonicalJson(approvalDocument(approval, plan.content));
  const answer = await verifySshSignature({
    allowed: renderForVerification(signer),
    name: by,
    namespace: approvalNamespace,
    document,
    armored: signature.armored,
    directory: join(place.project.state.approvals, 'checks'),
  });
  if (!answer.ok)
    return no(`ssh-keygen does not take the signature for this plan and this approval (${answer.reason})`);
  return { ok: true, signer };
}

function strangerReason(list: ApproverList, name: string, key: string): string {
  const enrolled = list.signers.filter((signer) => signer.name === name);
  const owner = list.signers.find((signer) => signer.key === key);
  const what =
    owner !== undefined
      ? `the key is that of ${owner.name}, not of ${name}`
      : enrolled.length > 0
        ? `the key is not the enrolled one of ${name}`
        : `${name} is no enrolled approver`;
  const ignored = list.ignored[0];
  const also = ignored === undefined ? '' : `; line ${ignored.line} there counts for nothing: ${ignored.reason}`;
  return `${what} in ${list.where}, the only list that counts${also}`;
}

/** Why this signer may not approve this plan. Pure. */
function separationReason(rule: ApprovalRule, signer: Signer, plan: Plan): string | null {
  if (!rule.separation) return null;
  if (plan.account === undefined) return 'the plan does not say which account asked for it; make a new plan';
  const same = [signer.name, signer.account].some((name) => name === plan.account || name === plan.requester);
  return same
    ? `${signer.name} asked for this plan (account ${plan.account}); approval.separation wants another person`
    : null;
}

async function verifyProtected(place: Place, approval: Approval, { plan, scope }: Wanted): Promise<Verification> {
  const answer = await askProtected(place, plan, scope);
  if (!answer.ok) return answer;
  if (approval.by !== answer.proof.by)
    return { ok: false, reason: `the protected environment now names ${answer.proof.by}, not ${approval.by}` };
  return { ok: true, signer: null };
}
