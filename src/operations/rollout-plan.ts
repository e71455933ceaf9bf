import { z } from 'zod';
import { findRolledBack } from '../checks/preflight/rolled-back-before.ts';
import { freezeAt } from '../config/freeze.ts';
import { savePlan } from '../journal/plan-store.ts';
import { approveCommand } from '../model/approve-command.ts';
import { reviewRule } from '../model/config/after-run.ts';
import { DeployError } from '../model/deploy-error.ts';
import { describeMissing, remedyOf } from '../model/explanation.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { type Answers, defaultAnswers, proceedQuestion } from '../model/plan-question.ts';
import type { Revision } from '../model/revision.ts';
import { renderGuided } from '../report/guided-text.ts';
import { renderPlan } from '../report/plan-text.ts';
import { defineOperation } from './define-operation.ts';
import { assertNotStopped } from './freeze/stop-error.ts';
import { askProceed, askQuestions, declined, type Interview } from './guided/ask-questions.ts';
import { loadEnrolledRoles } from './guided/load-enrolled-roles.ts';
import { renderOpenProceed, renderOpenQuestions } from './guided/question-text.ts';
import { type Requested, readRequest } from './guided/read-request.ts';
import { answersField, requestFields } from './inputs.ts';
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
    ...requestFields,
    interactive: z.boolean().optional().describe('Ask the six questions first'),
    answers: answersField,
    quiet: z.boolean().optional().describe('Tell nobody that an approval is needed').meta({ terminalOnly: true }),
  }),
  cli: {
    command: 'plan',
    positional: ['version'],
    examples: [
      'seatrial plan 1.4.0',
      'seatrial plan 1.4.0 --strategy blue-green --json',
      'seatrial plan 1.4.0 --guidance "security audit next week"',
      'seatrial plan 1.4.0 --interactive',
    ],
  },
  run: async (input, context) => {
    const { clock, signal } = context;
    const asked = await readRequest(input, context);
    const project = await openTrustedProject(context);
    const place = openPlace(project, asked.environment);
    const revision = await resolveRevision(place, asked.version);
    await assertMayPlan(place, revision, clock.now());
    const interview = await interviewOf(asked, input.answers, { place, context });
    if (interview?.state === 'open') return openAnswer(asked, { interview, place });
    const wishes = { guidance: asked.guidance, answers: interview?.answers ?? null };
    const plan = makePlan({
      place,
      revision,
      state: await place.target.inspect(signal),
      strategy: asked.strategy,
      ...wishes,
      enrolledRoles: await loadEnrolledRoles(place, wishes),
      attempt: await countAttempts(project, place.name, revision.id),
      requester: context.caller.name,
      clock,
    });
    if (interview !== null) {
      const changes = renderGuided(plan.content).join('\n');
      const proceed = interview.proceed ?? (await askProceed(changes, context));
      if (proceed === null) return openAnswer(asked, { changes, answers: interview.answers });
      if (!proceed) throw declined('no');
    }
    await savePlan(project.state, plan);
    const told = input.quiet === true ? null : await tellApprovers(place, plan, clock);
    return plannedAnswer(plan, { understood: asked.understood, told, context });
  },
});

/** The six questions, where they are wanted; null where they are not. */
async function interviewOf(
  asked: Requested,
  handedIn: Readonly<Record<string, string>> | undefined,
  { place, context }: { place: Place; context: OperationContext },
): Promise<Interview | null> {
  if (!asked.interactive && handedIn === undefined) return null;
  return askQuestions(handedIn ?? {}, defaultAnswers(place.spec), context);
}

type Open = { interview: Extract<Interview, { state: 'open' }>; place: Place } | { changes: string; answers: Answers };

/** What is still to be asked by whoever called; no plan was made. */
function openAnswer(asked: Requested, open: Open): OperationResult<unknown> {
  const text =
    'interview' in open
      ? renderOpenQuestions(open.interview, defaultAnswers(open.place.spec))
      : renderOpenProceed(open.changes, open.answers);
  const ids = 'interview' in open ? open.interview.open.map(({ id }) => id) : [proceedQuestion.id];
  return {
    data: { planId: null, open: ids },
    text: [...(asked.understood === null ? [] : [asked.understood]), text].join('\n'),
  };
}

function plannedAnswer(
  plan: Plan,
  { understood, told, context }: { understood: string | null; told: string | null; context: OperationContext },
): OperationResult<unknown> {
  const { caller } = context;
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
      ...(understood === null ? [] : [understood]),
      renderPlan(plan),
      ...(caller.door === 'cli' && isTyped(plan.approval)
        ? [`Code to type when approving: ${shortCodeOf(plan.planId)}`]
        : []),
      ...(told === null ? [] : [told]),
      ...((plan.content.guided?.checks ?? []).length === 0
        ? []
        : [
            `What must pass is asked before the start, and stops it there; to see it now: ${caller.door === 'cli' ? 'seatrial preflight' : 'preflight'} with the same input.`,
          ]),
      next,
    ].join('\n'),
  };
}

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
