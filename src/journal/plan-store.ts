import { join } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { type Approval, approvalSchema, type Plan, type PlanContent, planSchema } from '../model/plan.ts';
import { emitData } from '../model/redaction/emit.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { ensurePrivateDirectory, linkOnce, listDirectory, readJsonFile, writeFileAtomic } from '../system/files.ts';
import type { ProjectFolder } from './state-folder.ts';

/** Shortest beginning of a planId that is taken for it. */
export const minPrefixLength = 8;

/** What a person approves, as one number: SHA-256 (hex) of the canonical JSON. Pure. */
export function planIdOf(content: PlanContent): string {
  return sha256Hex(canonicalJson(content));
}

/** Keeps a plan under its id. Throws INTERNAL when the id is not that of its content. */
export async function savePlan(project: ProjectFolder, plan: Plan): Promise<void> {
  if (plan.planId !== planIdOf(plan.content)) {
    throw new DeployError('INTERNAL', { reason: `${plan.planId} is not the id of this plan` });
  }
  await ensurePrivateDirectory(project.plans);
  // What people approve is shown without secrets, so that a plan with one could never be shown as it is.
  if (emitData(plan.content) !== plan.content) throw new DeployError('PLAN_HOLDS_SECRET');
  await writeFileAtomic(planPath(project, plan.planId), canonicalJson(planSchema.parse(plan)));
}

/**
 * The plan with this id, or with the only id that begins so (at least 8 digits). Throws PLAN_UNKNOWN, and FILE_DAMAGED
 * when the content is not what the id stands for.
 */
export async function loadPlan(project: ProjectFolder, idOrPrefix: string): Promise<Plan> {
  const planId = await findPlanId(project, idOrPrefix);
  const path = planPath(project, planId);
  const plan = await readJsonFile(path, planSchema);
  if (plan === null) throw new DeployError('PLAN_UNKNOWN', { planId: idOrPrefix });
  if (plan.planId !== planId || planIdOf(plan.content) !== planId) {
    throw new DeployError('FILE_DAMAGED', { path, reason: 'its content is not what its id stands for' });
  }
  return plan;
}

/** Keeps an approval. Whether it is accepted, and still valid, is decided where it is used. */
export async function saveApproval(project: ProjectFolder, approval: Approval): Promise<void> {
  await keepApproval(approvalsOf(project, approval.planId), approval);
}

/** Keeps an approval that was given out to be signed elsewhere; it counts for nothing. */
export async function savePending(project: ProjectFolder, approval: Approval): Promise<void> {
  await keepApproval(join(approvalsOf(project, approval.planId), 'pending'), approval);
}

async function keepApproval(directory: string, approval: Approval): Promise<void> {
  await ensurePrivateDirectory(directory);
  const name = `${sha256Hex(approval.nonce).slice(0, 32)}.json`;
  await writeFileAtomic(join(directory, name), canonicalJson(approvalSchema.parse(approval)));
}

/** Approvals of a plan, oldest first, also those that were used or have expired. Throws FILE_DAMAGED. */
export async function listApprovals(project: ProjectFolder, planId: string): Promise<Approval[]> {
  return listKept(approvalsOf(project, planId), planId);
}

/** What was given out to be signed elsewhere. Throws FILE_DAMAGED. */
export async function listPending(project: ProjectFolder, planId: string): Promise<Approval[]> {
  return listKept(join(approvalsOf(project, planId), 'pending'), planId);
}

async function listKept(directory: string, planId: string): Promise<Approval[]> {
  const approvals: Approval[] = [];
  for (const name of await listDirectory(directory)) {
    if (!/^[0-9a-f]{32}\.json$/.test(name)) continue;
    const approval = await readJsonFile(join(directory, name), approvalSchema);
    if (approval?.planId === planId) approvals.push(approval);
  }
  return approvals.sort((one, other) => one.givenAtMs - other.givenAtMs);
}

/** Uses a nonce up, for ever and durably; false when somebody has used it before. */
export async function markNonceUsed(
  project: ProjectFolder,
  nonce: string,
  usedBy: { runId: string; atMs: number },
): Promise<boolean> {
  const directory = join(project.approvals, 'used');
  await ensurePrivateDirectory(directory);
  return linkOnce(canonicalJson(usedBy), join(directory, `${sha256Hex(nonce)}.json`));
}

/** True when `markNonceUsed` has been called with it. */
export async function isNonceUsed(project: ProjectFolder, nonce: string): Promise<boolean> {
  return (await listDirectory(join(project.approvals, 'used'))).includes(`${sha256Hex(nonce)}.json`);
}

async function findPlanId(project: ProjectFolder, idOrPrefix: string): Promise<string> {
  const wanted = idOrPrefix.toLowerCase();
  if (!/^[0-9a-f]*$/.test(wanted) || wanted.length < minPrefixLength)
    throw new DeployError('PLAN_UNKNOWN', { planId: idOrPrefix });
  const ids = (await listDirectory(project.plans)).flatMap((name) => /^([0-9a-f]{64})\.json$/.exec(name)?.[1] ?? []);
  const matching = ids.filter((id) => id.startsWith(wanted));
  const [only] = matching;
  if (only === undefined || matching.length > 1) throw new DeployError('PLAN_UNKNOWN', { planId: idOrPrefix });
  return only;
}

function planPath(project: ProjectFolder, planId: string): string {
  return join(project.plans, `${planId}.json`);
}

function approvalsOf(project: ProjectFolder, planId: string): string {
  if (!/^[0-9a-f]{64}$/.test(planId)) throw new DeployError('PLAN_UNKNOWN', { planId });
  return join(project.approvals, planId);
}
