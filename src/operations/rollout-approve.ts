import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { loadPlan, saveApproval } from '../journal/plan-store.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Approval, Plan } from '../model/plan.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField, runField } from './inputs.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProject, openProjectOfRun, type Project, type ProjectPlace } from './project.ts';
import { findRun, pendingReview } from './project-memory.ts';
import { acknowledgeReview } from './review-files.ts';
import { sendControl } from './rollout-control.ts';
import { shortCodeOf } from './short-code.ts';

const input = z.object({
  scope: z
    .string()
    .regex(/^(start|promote|review(:[0-9A-Za-z]{1,64})?)$/)
    .default('start')
    .describe(
      'start: let the plan begin. promote: let a waiting run go past its gate. review:<run_id>: acknowledge a review',
    ),
  plan_id: z.string().max(64).optional().describe('For start'),
  run_id: runField,
  service: z.string().max(63).optional().describe('For the person to read; must be that of the plan'),
  version: z.string().max(64).optional().describe('As above'),
  environment: environmentField,
  strategy: z.string().max(20).optional().describe('As above'),
  code: z.string().max(12).optional().describe('Typed by the person in a terminal'),
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
  cli: {
    command: 'approve',
    positional: ['plan_id'],
    examples: [
      'seatrial approve 3f9c1a2b4d5e',
      'seatrial approve --scope promote --run-id 01j9…',
      'seatrial approve --scope review --run-id 01j9…',
    ],
  },
  run: async (typed, context) => {
    const given = withRunOfScope(typed);
    if (given.scope === 'start') return approveStart(await openProject(context.projectDirectory), given, context);
    const located = await locateProject(context.projectDirectory);
    const record = await findRun(located, given.run_id ?? (await reviewedRun(located, given)), given.environment);
    const project = await openProjectOfRun(located, record.runId);
    const place = openPlace(project, record.plan.content.environment);
    assertSaysTheTruth(record.plan, given);
    const how = assertPerson(place, record.plan, { ...given, run_id: record.runId }, context);
    const by = personBehind(context);
    if (given.scope === 'review') {
      if (record.status !== 'ended')
        throw new DeployError('CONTROL_INVALID', {
          action: 'review',
          reason: `run ${record.runId} is not over`,
          remedy: 'Wait for its end.',
        });
      await acknowledgeReview(project, record, { by, atMs: context.clock.now() });
      return {
        data: { runId: record.runId, scope: 'review', how },
        text: `The review of run ${record.runId} is acknowledged (${how}). It no longer stands in the way of the next plan for ${place.name}.\n${nextStep(context.caller, { tool: `deploy_review {action: "apply", run_id: "${record.runId}"} puts its patches into the documents, if that is wanted`, command: `seatrial review apply ${record.runId} (puts its patches into the documents)` })}`,
      };
    }
    if (record.status === 'ended')
      throw new DeployError('RUN_OVER', { runId: record.runId, outcome: record.outcome ?? 'unknown' });
    const answer = await sendControl(project, record.runId, {
      action: 'promote',
      reason: null,
      by: `${by} (${how})`,
      context,
    });
    return {
      data: { runId: record.runId, scope: 'promote', how },
      text: `promote, approved by ${by} (${how}): ${answer.answer}.\n${nextStep(context.caller, { tool: `rollout_status {run_id: "${record.runId}", wait_s: 30}`, command: `seatrial status ${record.runId} --follow` })}`,
    };
  },
});

/** `review:<run>` names its run in the scope, where the dialog shows it. */
function withRunOfScope(given: Input): Input {
  const [scope = given.scope, runId] = given.scope.split(':');
  return runId === undefined ? given : { ...given, scope, run_id: runId.toLowerCase() };
}

async function approveStart(
  project: Project,
  given: Input,
  context: OperationContext,
): Promise<{ data: unknown; text: string }> {
  if (given.plan_id === undefined)
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'it names no plan.',
      remedy: 'Give plan_id, as rollout_plan printed it.',
    });
  const plan = await loadPlan(project.state, given.plan_id);
  const place = openPlace(project, plan.content.environment);
  const now = context.clock.now();
  if (now > plan.expiresAtMs)
    throw new DeployError('PLAN_EXPIRED', {
      planId: plan.planId.slice(0, 12),
      at: new Date(plan.expiresAtMs).toISOString(),
    });
  assertSaysTheTruth(plan, given);
  const how = assertPerson(place, plan, given, context);
  const approval: Approval = {
    planId: plan.planId,
    environment: place.name,
    scope: 'start',
    by: personBehind(context),
    how,
    client: context.caller.client,
    nonce: randomUUID(),
    givenAtMs: now,
    expiresAtMs: now + place.approval.expiresMs,
  };
  await saveApproval(project.state, approval);
  const weak = how === 'terminal' ? '' : ' This kind of approval is not forgery-proof.';
  return {
    data: { planId: plan.planId, how, by: approval.by, expiresAt: new Date(approval.expiresAtMs).toISOString() },
    text: `Approved by ${approval.by} (${how}): ${plan.content.revision.version} → ${place.name} by ${plan.content.strategy}.${weak}\n${nextStep(context.caller, { tool: `rollout_start {plan_id: "${plan.planId.slice(0, 12)}"}`, command: `seatrial start ${plan.planId.slice(0, 12)}` })}`,
  };
}

/** What the dialog showed must be what the plan says, or the person has approved something else. */
function assertSaysTheTruth(plan: Plan, given: Input): void {
  const { service, environment, strategy, revision } = plan.content;
  const shown = { service, environment, strategy, version: revision.version };
  for (const [field, truth] of Object.entries(shown)) {
    const said = Object.entries(given).find(([name]) => name === field)?.[1];
    if (said === undefined || said === truth) continue;
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: `${field} was given as "${said}", but the plan has "${truth}".`,
      remedy: 'Call it again with the values of the plan, so that the person sees what they approve.',
    });
  }
}

/** The run whose review is open, when that is what somebody wants to acknowledge without naming it. */
async function reviewedRun(project: ProjectPlace, given: Input): Promise<string | undefined> {
  return given.scope === 'review' ? (await pendingReview(project, given.environment))?.runId : undefined;
}

/** Whose yes it is, in the words of record and report. A client tells its own name, never that of the person before it. */
function personBehind({ caller }: OperationContext): string {
  return caller.door === 'mcp' ? `a person, asked by ${caller.name}` : caller.name;
}

/** How sure it is that a person said yes. Throws APPROVAL_NOT_ACCEPTED where it is not sure enough. */
function assertPerson(place: Place, plan: Plan, given: Input, { caller }: OperationContext): Approval['how'] {
  const rule = place.approval;
  if (rule.how === 'none') return 'none';
  const short = plan.planId.slice(0, 12);
  const terminal =
    given.scope === 'start'
      ? `seatrial approve ${short}`
      : `seatrial approve --scope ${given.scope} --run-id ${given.run_id ?? '<run>'}`;
  if (caller.door === 'mcp') return assertDialog(rule, caller.client, terminal);
  if (!caller.interactive)
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'no person is at this terminal.',
      remedy: `A person runs it in a terminal of their own: ${terminal}`,
    });
  if (given.code?.toUpperCase() !== codeOf(plan, given)) {
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason:
        given.code === undefined ? 'the code was not typed.' : 'the code that was typed is not the code of this plan.',
      remedy: `Read what you approve, then: ${terminal}`,
    });
  }
  return 'terminal';
}

/** A plan has its own code; for a run it is the end of its id, which every status shows. */
function codeOf(plan: Plan, given: Input): string {
  return given.scope === 'start' ? shortCodeOf(plan.planId) : (given.run_id ?? '').slice(-6).toUpperCase();
}

function assertDialog(rule: Place['approval'], client: string | null, terminal: string): 'client-dialog' {
  if (rule.how === 'terminal')
    throw new DeployError('APPROVAL_NOT_ACCEPTED', {
      reason: 'this environment wants a person at a terminal.',
      remedy: `Ask the person to run: ${terminal}`,
    });
  if (rule.clients.includes('*') || (client !== null && rule.clients.includes(client))) return 'client-dialog';
  throw new DeployError('APPROVAL_NOT_ACCEPTED', {
    reason: `the client "${client ?? 'unknown'}" is not known to ask a person before this tool runs.`,
    remedy: `Ask the person to run in a terminal: ${terminal}. Known clients: ${rule.clients.join(', ')} (approval.clients).`,
  });
}
