import { z } from 'zod';
import { findRolledBack } from '../checks/preflight/rolled-back-before.ts';
import { freezeAt } from '../config/freeze.ts';
import { savePlan } from '../journal/plan-store.ts';
import { approveCommand } from '../model/approve-command.ts';
import { reviewRule } from '../model/config/after-run.ts';
import { DeployError } from '../model/deploy-error.ts';
import { describeMissing, remedyOf } from '../model/explanation.ts';
import type { Plan } from '../model/plan.ts';
import type { Revision } from '../model/revision.ts';
import { renderPlan } from '../report/plan-text.ts';
import { defineOperation } from './define-operation.ts';
import { assertNotStopped } from './freeze/stop-error.ts';
import { environmentField, strategyField, versionField } from './inputs.ts';
import { loadExplanations } from './learnings-files.ts';
import { makePlan } from './make-plan.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place } from './place.ts';
import { openTrustedProject } from './project.ts';
import { loadHistory, pendingReview, runActive } from './project-memory.ts';
import { resolveRevision } from './resolve-revision.ts';
import { shortCodeOf } from './short-code.ts';
import { countAttempts } from './start-request.ts';
import { tellApprovers } from './tell-approvers.ts';
import { wakeWatchdog } from './wake-watchdog.ts';

export const rolloutPlan = defineOperation({
  name: 'rollout_plan',
  title: 'Plan a rollout',
  description:
    'After preflight: makes the exact plan (steps, way back, limits) and its planId. Changes no target. Show the plan to the person before asking for approval.',
  tool: true,
  effects: 'changes',
  input: z.object({
    version: versionField,
    environment: environmentField,
    strategy: strategyField,
    guidance: z.string().max(500).optional().describe('What the person asked to watch for; kept in plan and report'),
    quiet: z.boolean().optional().describe('Tell nobody that an approval is needed').meta({ terminalOnly: true }),
  }),
  cli: {
    command: 'plan',
    positional: ['version'],
    examples: ['seatrial plan 1.4.0', 'seatrial plan 1.4.0 --strategy blue-green --json'],
  },
  run: async (input, context) => {
    const { clock, signal, caller } = context;
    const project = await openTrustedProject(context);
    const place = openPlace(project, input.environment);
    const revision = await resolveRevision(place, input.version);
    await assertMayPlan(place, revision, clock.now());
    const state = await place.target.inspect(signal);
    const plan = makePlan({
      place,
      revision,
      state,
      strategy: input.strategy,
      guidance: input.guidance ?? null,
      attempt: await countAttempts(project, place.name, revision.id),
      requester: caller.name,
      clock,
    });
    await savePlan(project.state, plan);
    const told = input.quiet === true ? null : await tellApprovers(place, plan, clock);
    const short = plan.planId.slice(0, 12);
    const command = approveCommand({ how: plan.approval, planId: short, scope: 'start' });
    const next =
      plan.approval === 'none'
        ? nextStep(caller, { tool: `rollout_start {plan_id: "${short}"}`, command: `seatrial start ${short}` })
        : nextStep(caller, {
            tool: `show this plan to the person. ${wayToApprove(plan, command)}`,
            command: `${command}, then: seatrial start ${short}`,
          });
    return {
      data: {
        planId: plan.planId,
        approval: plan.approval,
        shortCode: shortCodeOf(plan.planId),
        expiresAt: new Date(plan.expiresAtMs).toISOString(),
        plan,
      },
      text: [
        renderPlan(plan),
        ...(caller.door === 'cli' && isTyped(plan.approval)
          ? [`Code to type when approving: ${shortCodeOf(plan.planId)}`]
          : []),
        ...(told === null ? [] : [told]),
        next,
      ].join('\n'),
    };
  },
});

/** Ways in which a person may type the code of a plan. */
function isTyped(how: Plan['approval']): boolean {
  return how === 'client-dialog' || how === 'terminal';
}

function wayToApprove({ approval, planId }: Plan, command: string): string {
  const terminal = `in a terminal: ${command}`;
  return approval === 'client-dialog'
    ? `They approve by rollout_approve {plan_id: "${planId.slice(0, 12)}", scope: "start"} or ${terminal}`
    : `They approve ${terminal}`;
}

/** Reasons that make a plan pointless now; gates that need work are pre-flight's. */
async function assertMayPlan(place: Place, revision: Revision, nowMs: number): Promise<void> {
  const active = await wakeWatchdog(place);
  if (active !== null) throw runActive(active);
  await assertNotStopped(place.project.state, place.name, nowMs);
  const freeze = freezeAt(nowMs, place.spec.freeze);
  if (freeze.frozen)
    throw new DeployError('FROZEN', {
      environment: place.name,
      reason: freeze.reason,
      until: new Date(freeze.untilMs).toISOString(),
    });
  const history = await loadHistory(place.project);
  const pending =
    reviewRule(place.spec.review).next === 'block' ? await pendingReview(place.project, place.name) : null;
  if (pending !== null) throw new DeployError('REVIEW_PENDING', { runId: pending.runId });
  const { open } = findRolledBack({
    history,
    revision,
    environmentName: place.name,
    explanations: await loadExplanations(place.project),
  });
  if (open !== null) {
    const commit = revision.commit?.slice(0, 12) ?? revision.id;
    const { run, missing } = open;
    throw new DeployError('REVISION_REFUSED', {
      version: revision.version,
      commit,
      runId: run.runId,
      missing: describeMissing(missing),
      remedy: remedyOf(missing, run.runId),
    });
  }
}
