import { z } from 'zod';
import { loadPlan } from '../journal/plan-store.ts';
import { findApproval } from './check-approval.ts';
import { defineOperation } from './define-operation.ts';
import { planField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openProject } from './project.ts';
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
  run: async ({ plan_id: planId }, { projectDirectory, clock, caller, progress }) => {
    const project = await openProject(projectDirectory);
    const plan = await loadPlan(project.state, planId);
    const place = openPlace(project, plan.content.environment);
    progress('looking whether the plan still holds');
    const already = await runOfPlan(project, plan.planId);
    if (already === null) {
      await assertPlanStillHolds(place, plan, clock);
      await findApproval(place, plan, clock.now());
    }
    const started =
      already === null
        ? await requestStart(project, plan, { requester: caller.name, clock })
        : { runId: already, already: true };
    const text = `${started.already ? 'This plan was started before' : 'Started'}: run ${started.runId}, ${plan.content.revision.version} → ${place.name} by ${plan.content.strategy}.\nNext: rollout_status {run_id: "${started.runId}", wait_s: 30}, again until it has ended.`;
    return { data: { runId: started.runId, already: started.already }, text };
  },
});
