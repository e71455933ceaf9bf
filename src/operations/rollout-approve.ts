import { z } from 'zod';
import { preflightChecks } from '../checks/preflight/list.ts';
import { loadPlan, saveApproval } from '../journal/plan-store.ts';
import { approvalLevel } from '../model/approval-level.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Approval, Plan } from '../model/plan.ts';
import { breakGlassScope } from './break-glass.ts';
import { assessApprovals, consumeApprovals } from './check-approval.ts';
import { decideGate } from './decide-gate.ts';
import { defineOperation } from './define-operation.ts';
import type { ApprovalRequest } from './draft-approval.ts';
import { commandFor, giveByPerson, giveByProtected, notAccepted } from './give-approval.ts';
import { environmentField, runField } from './inputs.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun, openTrustedProject, type Project, type ProjectPlace } from './project.ts';
import { findRun, pendingReview } from './project-memory.ts';
import { promoteScope } from './promote-scope.ts';
import { acknowledgeReview, readCompleteReview } from './review-files.ts';
import { sendControl } from './rollout-control.ts';
import { handInSignature, signHere, writeDocument } from './sign-approval.ts';

const toolInput = z.object({
  scope: z
    .string()
    .regex(/^(start|promote|review(:[0-9A-Za-z]{1,64})?|gate)$/)
    .default('start')
    .describe(
      'start: let the plan begin. promote: let a waiting run go past its gate. review:<run_id>: acknowledge a review. gate: make a recurring pitfall a gate',
    ),
  plan_id: z.string().max(64).optional().describe('For start'),
  run_id: runField,
  service: z.string().max(63).optional().describe('For the person to read; must be that of the plan'),
  version: z.string().max(64).optional().describe('As above'),
  pitfall: z.string().max(64).optional().describe('For gate'),
  environment: environmentField,
  strategy: z.string().max(20).optional().describe('As above'),
  code: z.string().max(12).optional().describe('Typed by the person in a terminal'),
});

const input = toolInput.extend({
  scope: z
    .string()
    .regex(/^(?:start|promote|review(?::[0-9A-Za-z]{1,64})?|gate|break-glass:[a-zA-Z][\w-]{0,63})$/)
    .default('start')
    .describe(
      'start: let the plan begin. promote: let a waiting run go past its gate. review:<run_id>: acknowledge a review. gate: make a recurring pitfall a gate. break-glass:<gate>: let the plan begin although this pre-flight check blocks',
    ),
  reason: z.string().max(1000).optional().describe('Why, in writing; needed to break the glass'),
  sign: z.boolean().optional().describe('Sign with a key of yours; ssh-keygen asks for passphrase or touch'),
  key: z.string().max(4096).optional().describe('For --sign: file of the private key'),
  document: z.string().max(4096).optional().describe('Write what is to be signed elsewhere into this new file'),
  as: z.string().max(64).optional().describe('For --document: the enrolled approver who will sign'),
  signature: z.string().max(4096).optional().describe('Hand in a signature that was made elsewhere over that document'),
  protected: z.boolean().optional().describe('Take the approval of the protected environment (approval.protected)'),
});
type Input = z.output<typeof input>;

export const rolloutApprove = defineOperation({
  name: 'rollout_approve',
  title: 'Ask a person to approve',
  description:
    'Every act that needs a person: the client asks them, showing these arguments; fill in service, version, environment and strategy so that they can judge. You cannot approve for a person.',
  tool: true,
  effects: 'person',
  input,
  toolInput,
  cli: {
    command: 'approve',
    positional: ['plan_id'],
    examples: [
      'seatrial approve 3f9c1a2b4d5e',
      'seatrial approve 3f9c1a2b4d5e --sign --key ~/.ssh/approve',
      'seatrial approve 3f9c1a2b4d5e --as grace --document /tmp/grace.json',
      'seatrial approve 3f9c1a2b4d5e --signature /tmp/grace.json.sig',
      'seatrial approve 3f9c1a2b4d5e --scope break-glass:friday --reason "the fix for the outage"',
      'seatrial approve --scope promote --run-id 01j9…',
      'seatrial approve --scope review --run-id 01j9…',
      'seatrial approve --scope gate --pitfall no-staging-verification',
    ],
  },
  run: async (typed, context) => {
    const given = withRunOfScope(typed);
    if (given.scope === 'gate') return approveGate(await openTrustedProject(context), given, context);
    assertOneWay(given);
    const request = await readRequest(given, context);
    assertSaysTheTruth(request.plan, given);
    if (given.document !== undefined) return giveOut(request, { ...given, document: given.document }, context);
    const approval = await giveApproval(request, given, context);
    await saveApproval(request.place.project.state, approval);
    return carryThrough(request, approval, context);
  },
});

/** `review:<run>` names its run in the scope, where the dialog shows it. */
function withRunOfScope(given: Input): Input {
  if (!given.scope.startsWith('review:')) return given;
  return { ...given, scope: 'review', run_id: given.scope.slice('review:'.length).toLowerCase() };
}

/** The person sees these arguments, so nothing stands in them that is not meant. */
async function approveGate(
  project: Project,
  { scope, pitfall, code, ...rest }: Input,
  context: OperationContext,
): Promise<{ data: unknown; text: string }> {
  const [stray] = Object.entries(rest).find(([, value]) => value !== undefined) ?? [];
  if (pitfall === undefined || stray !== undefined)
    throw notAccepted(
      stray === undefined ? 'it names no pitfall.' : `${stray} has no meaning for scope ${scope}.`,
      'Give scope and pitfall alone; `seatrial learnings list` shows what is proposed.',
    );
  return decideGate(project, { pitfall, code, action: 'accepted' }, context);
}

/** Throws USAGE for ways that exclude each other, or a key without a signature. */
function assertOneWay(given: Input): void {
  const ways = [
    given.sign === true ? '--sign' : '',
    given.document === undefined ? '' : '--document',
    given.signature === undefined ? '' : '--signature',
    given.protected === true ? '--protected' : '',
  ].filter((way) => way !== '');
  const refuse = (reason: string): never => {
    throw new DeployError('USAGE', { reason });
  };
  if (ways.length > 1) refuse(`${ways.join(' and ')} cannot be used together: an approval is given in one way`);
  if (given.key !== undefined && given.sign !== true) refuse('--key is for --sign, which is missing');
  if (given.as !== undefined && given.document === undefined) refuse('--as is for --document, which is missing');
}

/** What is asked for, with the plan that it is about. */
async function readRequest(given: Input, context: OperationContext): Promise<ApprovalRequest> {
  const reason = given.reason?.trim() || null;
  if (given.scope === 'promote' || given.scope === 'review') return readRunRequest(given, reason, context);
  const project = await openTrustedProject(context);
  if (given.plan_id === undefined) throw notAccepted('it names no plan.', 'Give plan_id, as rollout_plan printed it.');
  const plan = await loadPlan(project.state, given.plan_id);
  if (context.clock.now() > plan.expiresAtMs)
    throw new DeployError('PLAN_EXPIRED', {
      planId: plan.planId.slice(0, 12),
      at: new Date(plan.expiresAtMs).toISOString(),
    });
  const gate = given.scope.startsWith('break-glass:') ? given.scope.slice('break-glass:'.length) : null;
  if (gate !== null && reason === null)
    throw notAccepted(
      `nobody says why the gate ${gate} may be passed.`,
      'Add --reason "…": it is signed, and stands in journal and report.',
    );
  const place = openPlace(project, plan.content.environment);
  if (gate !== null) assertGate(place, plan, gate);
  return { place, plan, scope: gate === null ? 'start' : breakGlassScope(gate), runId: null, reason };
}

/** Throws APPROVAL_NOT_ACCEPTED for what is no pre-flight check that can block. */
function assertGate(place: Place, { content }: Plan, gate: string): void {
  const demanded = content.guided?.checks.map(({ id }) => id) ?? [];
  const ids = preflightChecks(place.spec, demanded).map(({ id }) => id);
  if (!ids.includes(gate))
    throw notAccepted(
      `there is no gate "${gate}".`,
      `Gates: ${ids.join(', ')}; \`seatrial preflight\` says which block.`,
    );
}

async function readRunRequest(
  given: Input,
  reason: string | null,
  context: OperationContext,
): Promise<ApprovalRequest> {
  const located = await locateProject(context.projectDirectory);
  const record = await findRun(located, given.run_id ?? (await reviewedRun(located, given)), given.environment);
  const { runId, plan } = record;
  const project = await openProjectOfRun(located, runId);
  const place = openPlace(project, plan.content.environment);
  if (given.scope === 'promote') {
    if (record.status === 'ended') throw new DeployError('RUN_OVER', { runId, outcome: record.outcome ?? 'unknown' });
    return { place, plan, scope: promoteScope(record), runId, reason };
  }
  if (record.status !== 'ended')
    throw new DeployError('CONTROL_INVALID', {
      action: 'review',
      reason: `run ${runId} is not over`,
      remedy: 'Wait for its end.',
    });
  await readCompleteReview(project, record);
  return { place, plan, scope: `review:${runId}`, runId, reason };
}

/** The run whose review is open, when that is what somebody wants to acknowledge without naming it. */
async function reviewedRun(project: ProjectPlace, given: Input): Promise<string | undefined> {
  return given.scope === 'review' ? (await pendingReview(project, given.environment))?.runId : undefined;
}

async function giveApproval(request: ApprovalRequest, given: Input, context: OperationContext): Promise<Approval> {
  if (given.sign === true) return signHere(request, { key: given.key }, context);
  if (given.signature !== undefined) return handInSignature(request, { signature: given.signature }, context);
  if (given.protected === true) return giveByProtected(request, context);
  return giveByPerson(request, { code: given.code }, context);
}

async function giveOut(
  request: ApprovalRequest,
  given: { document: string; as?: string | undefined },
  context: OperationContext,
): Promise<{ data: unknown; text: string }> {
  const { path, approval, screen } = await writeDocument(request, given, context);
  const command = commandFor(request).replace(/ --(?:sign|protected).*$/, '');
  return {
    data: { planId: approval.planId, scope: approval.scope, approver: approval.by, document: path },
    text: [
      screen,
      '',
      `Written to ${path}: the exact bytes that ${approval.by} signs, before ${new Date(approval.expiresAtMs).toISOString()}.`,
      `There: ssh-keygen -Y sign -n seatrial-approval-v1 -f <key> ${path}`,
      `Then here: ${command} --signature ${path}.sig`,
    ].join('\n'),
  };
}

/** What an approval lets happen at once, or what is still missing. */
async function carryThrough(
  request: ApprovalRequest,
  approval: Approval,
  context: OperationContext,
): Promise<{ data: unknown; text: string }> {
  const { place, plan, scope, runId } = request;
  const nowMs = context.clock.now();
  const standing =
    approval.how === 'none'
      ? { missing: [], approvals: [approval] }
      : await assessApprovals(place, plan, { scope, nowMs });
  const said = `${sayApproved(request, approval)}`;
  if (standing.missing.length > 0)
    return {
      data: { ...facts(request, approval), missing: standing.missing },
      text: `${said}\nStill missing: ${standing.missing.join(', ')}. Each approver: ${commandFor(request)}`,
    };
  if (runId === null) return { data: facts(request, approval), text: `${said}\n${afterwards(request, context)}` };
  if (scope.startsWith('review:')) {
    if (approval.how !== 'none')
      await consumeApprovals(place, plan, { approvals: standing.approvals, runId, atMs: nowMs });
    await acknowledgeReview(place.project, await findRun(place.project, runId), { by: approval.by, atMs: nowMs });
    return {
      data: facts(request, approval),
      text: `The review of run ${runId} is acknowledged (${approval.how}). It no longer stands in the way of the next plan for ${place.name}.\n${nextStep(context.caller, { tool: `deploy_review {action: "apply", run_id: "${runId}"} puts its patches into the documents, if that is wanted`, command: `seatrial review apply ${runId} (puts its patches into the documents)` })}`,
    };
  }
  const answer = await sendControl(place.project, runId, {
    action: 'promote',
    reason: approval.reason ?? null,
    by: `${approval.by} (${approval.how})`,
    context,
  });
  return {
    data: facts(request, approval),
    text: `promote, approved by ${approval.by} (${approval.how}): ${answer.answer}.\n${nextStep(context.caller, { tool: `rollout_status {run_id: "${runId}", wait_s: 30}`, command: `seatrial status ${runId} --follow` })}`,
  };
}

function facts({ plan, runId, scope }: ApprovalRequest, approval: Approval): Record<string, unknown> {
  return {
    planId: plan.planId,
    ...(runId === null ? {} : { runId }),
    scope: runId === null ? scope : scope.split(':')[0],
    how: approval.how,
    level: approvalLevel(approval.how),
    by: approval.by,
    expiresAt: new Date(approval.expiresAtMs).toISOString(),
  };
}

function sayApproved({ place, plan, scope }: ApprovalRequest, approval: Approval): string {
  const { version } = plan.content.revision;
  const what =
    scope === 'start'
      ? `${version} → ${place.name} by ${plan.content.strategy}`
      : `${scope}, for ${version} → ${place.name} and this plan alone`;
  const weak =
    approvalLevel(approval.how) < approvalLevel('signature') ? ' This kind of approval is not forgery-proof.' : '';
  return `Approved by ${approval.by} (${approval.how}): ${what}.${weak}`;
}

function afterwards({ plan, scope }: ApprovalRequest, { caller }: OperationContext): string {
  const short = plan.planId.slice(0, 12);
  const start = { tool: `rollout_start {plan_id: "${short}"}`, command: `seatrial start ${short}` };
  if (scope === 'start') return nextStep(caller, start);
  return `The start itself is approved apart. ${nextStep(caller, { ...start, command: `${start.command}, once it is` })}`;
}

/** What the dialog showed must be what the plan says, or the person has approved something else. */
function assertSaysTheTruth(plan: Plan, given: Input): void {
  const { service, environment, strategy, revision } = plan.content;
  const shown = { service, environment, strategy, version: revision.version };
  for (const [field, truth] of Object.entries(shown)) {
    const said = Object.entries(given).find(([name]) => name === field)?.[1];
    if (said === undefined || said === truth) continue;
    throw notAccepted(
      `${field} was given as "${said}", but the plan has "${truth}".`,
      'Call it again with the values of the plan, so that the person sees what they approve.',
    );
  }
}
