import { z } from 'zod';
import { freezeAt } from '../config/freeze.ts';
import { savePlan } from '../journal/plan-store.ts';
import { DeployError } from '../model/deploy-error.ts';
import { renderPlan } from '../report/plan-text.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField, strategyField, versionField } from './inputs.ts';
import { loadNotes } from './learnings-files.ts';
import { makePlan } from './make-plan.ts';
import { openPlace, type Place } from './place.ts';
import { openProject } from './project.ts';
import { activeRunOf, loadHistory, pendingReview } from './project-memory.ts';
import { resolveRevision } from './resolve-revision.ts';
import { shortCodeOf } from './short-code.ts';

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
  }),
  cli: {
    command: 'plan',
    positional: ['version'],
    examples: ['seatrial plan 1.4.0', 'seatrial plan 1.4.0 --strategy blue-green --json'],
  },
  run: async (input, { projectDirectory, clock, signal, caller }) => {
    const project = await openProject(projectDirectory);
    const place = openPlace(project, input.environment);
    const revision = await resolveRevision(place, input.version);
    await assertMayPlan(place, { commit: revision.commit, version: input.version, nowMs: clock.now() });
    const state = await place.target.inspect(signal);
    const plan = makePlan({
      place,
      revision,
      state,
      strategy: input.strategy,
      guidance: input.guidance ?? null,
      requester: caller.name,
      clock,
    });
    await savePlan(project.state, plan);
    const next =
      plan.approval === 'none'
        ? `Next: rollout_start {plan_id: "${plan.planId.slice(0, 12)}"}`
        : `Next: show this plan to the person. They approve by rollout_approve {plan_id: "${plan.planId.slice(0, 12)}", scope: "start"} or in a terminal: seatrial approve ${plan.planId.slice(0, 12)}`;
    return {
      data: {
        planId: plan.planId,
        approval: plan.approval,
        shortCode: shortCodeOf(plan.planId),
        expiresAt: new Date(plan.expiresAtMs).toISOString(),
        plan,
      },
      text: `${renderPlan(plan)}\n${next}`,
    };
  },
});

/** Reasons that make a plan pointless now; gates that need work are pre-flight's. */
async function assertMayPlan(
  place: Place,
  { commit, version, nowMs }: { commit: string | null; version: string; nowMs: number },
): Promise<void> {
  const active = await activeRunOf(place);
  if (active !== null)
    throw new DeployError('RUN_ACTIVE', {
      runId: active.runId,
      pid: active.pid,
      since: new Date(active.sinceMs).toISOString(),
    });
  const freeze = freezeAt(nowMs, place.spec.freeze);
  if (freeze.frozen)
    throw new DeployError('FROZEN', {
      environment: place.name,
      reason: freeze.reason,
      until: new Date(freeze.untilMs).toISOString(),
    });
  const history = await loadHistory(place.project);
  const pending = place.spec.review === 'block' ? await pendingReview(place.project, place.name, history) : null;
  if (pending !== null) throw new DeployError('REVIEW_PENDING', { runId: pending.runId });
  const bad = history
    .filter(
      (entry) =>
        entry.environment === place.name &&
        entry.outcome === 'rolled_back' &&
        commit !== null &&
        entry.commit === commit,
    )
    .at(-1);
  if (bad === undefined || commit === null) return;
  const explained = (await loadNotes(place.project)).some((note) => note.kind === 'cause' && note.runId === bad.runId);
  if (!explained) throw new DeployError('REVISION_REFUSED', { version, commit: commit.slice(0, 12), runId: bad.runId });
}
