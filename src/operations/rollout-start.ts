import { z } from 'zod';
import { loadPlan } from '../journal/plan-store.ts';
import type { Clock } from '../model/clock.ts';
import type { Plan } from '../model/plan.ts';
import { findApprovals } from './check-approval.ts';
import { defineOperation } from './define-operation.ts';
import { planField } from './inputs.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place } from './place.ts';
import { openTrustedProject } from './project.ts';
import { assertPlanStillHolds } from './recompute-plan.ts';
import { requestStart, runOfPlan } from './start-request.ts';

export const rolloutStart = defineOperation({
  name: 'rollout_start',
  title: 'Start an approved plan',
  description:
    'Starts the run in a process of its own and returns its run id at once; ending this session does not stop it. Refused when anything changed since the plan, or nobody approved it. Asked twice, it is still one run.',
  tool: true,
  effects: 'changes',
  input: z.object({ plan_id: planField }),
  cli: { command: 'start', positional: ['plan_id'], examples: ['seatrial start 3f9c1a2b4d5e'] },
  run: async ({ plan_id: planId }, context) => {
    const { clock, caller } = context;
    const project = await openTrustedProject(context);
    const plan = await loadPlan(project.state, planId);
    const place = openPlace(project, plan.content.environment);
    const already = (await runOfPlan(project, plan.planId)) ?? (await checkOrJoin(place, plan, clock));
    const started =
      already === null
        ? await requestStart(project, plan, { requester: caller.name, clock })
        : { runId: already, already: true };
    const text = `${started.already ? 'This plan was started before' : 'Started'}: run ${started.runId}, ${plan.content.revision.version} → ${place.name} by ${plan.content.strategy}.\n${nextStep(caller, { tool: `rollout_status {run_id: "${started.runId}", wait_s: 30}, again until it has ended.`, command: `seatrial status ${started.runId} --follow` })}`;
    return { data: { runId: started.runId, already: started.already }, text };
  },
});

/** Throws when the plan may not start; the run of somebody who has started this very plan in the meantime, else null. */
async function checkOrJoin(place: Place, plan: Plan, clock: Clock): Promise<string | null> {
  try {
    await assertPlanStillHolds(place, plan, clock);
    await findApprovals(place, plan, { scope: 'start', nowMs: clock.now() });
    return null;
  } catch (thrown) {
    const joined = await runOfPlan(place.project, plan.planId);
    if (joined !== null) return joined;
    throw thrown;
  }
}
