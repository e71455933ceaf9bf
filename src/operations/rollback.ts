import { z } from 'zod';
import { savePlan } from '../journal/plan-store.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Revision } from '../model/revision.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { listRecords } from './list-records.ts';
import { openPlace, type Place, stableOf } from './place.ts';
import { planRehearsal, planRollbackRun } from './plan-rollback-run.ts';
import { openProject } from './project.ts';
import { activeRunOf, findRun } from './project-memory.ts';
import { sendControl } from './rollout-control.ts';
import { requestStart } from './start-request.ts';

export const rollback = defineOperation({
  name: 'rollback',
  title: 'Go back to the former revision',
  description:
    'During a run: users go back to stable at once. After one: starts a run that makes the former revision stable again. Never needs approval. rehearse: starts and smoke-tests the former revision beside the stable one, moving no user.',
  tool: true,
  effects: 'changes',
  input: z.object({
    environment: environmentField,
    reason: z.string().max(500).optional().describe('Why; kept in the record'),
    rehearse: z.boolean().default(false),
  }),
  cli: {
    command: 'rollback',
    positional: [],
    examples: ['seatrial rollback --reason "orders are missing"', 'seatrial rollback --rehearse'],
  },
  run: async (input, context) => {
    const project = await openProject(context.projectDirectory);
    const place = openPlace(project, input.environment);
    const active = await activeRunOf(place);
    if (active !== null) {
      if (input.rehearse)
        throw new DeployError('RUN_ACTIVE', {
          runId: active.runId,
          pid: active.pid,
          since: new Date(active.sinceMs).toISOString(),
        });
      const record = await findRun(project, active.runId);
      const answer = await sendControl(project, record, { action: 'rollback', reason: input.reason ?? null, context });
      return {
        data: { runId: active.runId, started: false, ...answer },
        text: `rollback of run ${active.runId}: ${answer.answer}\nNext: rollout_status {run_id: "${active.runId}", wait_s: 30}`,
      };
    }
    return startRollback(place, input, context);
  },
});

async function startRollback(
  place: Place,
  input: { reason?: string | undefined; rehearse: boolean },
  { clock, signal, caller }: OperationContext,
): Promise<{ data: { runId: string; started: boolean }; text: string }> {
  const state = await place.target.inspect(signal);
  const stable = stableOf(state);
  if (stable === null) throw new DeployError('ROLLBACK_IMPOSSIBLE', { reason: `nothing serves in ${place.name}.` });
  const revision = await formerRevision(place, stable);
  const request = { place, revision, stable, state, guidance: input.reason ?? null, requester: caller.name, clock };
  const plan = input.rehearse ? planRehearsal(request) : planRollbackRun(request);
  await savePlan(place.project.state, plan);
  const { runId } = await requestStart(place.project, plan, { requester: caller.name, clock });
  const what = input.rehearse
    ? `Rehearsal started: ${revision.version} is started and tested beside ${stable.version}`
    : `Rollback started: ${stable.version} → ${revision.version} in ${place.name}`;
  return {
    data: { runId, started: true },
    text: `${what} (run ${runId}).\nNext: rollout_status {run_id: "${runId}", wait_s: 30}`,
  };
}

/** The revision that was stable before the present one, as the newest run that made it stable recorded. */
async function formerRevision(place: Place, stable: Revision): Promise<Revision> {
  for (const record of await listRecords(place.project, place.name)) {
    const { content } = record.plan;
    const madeIt =
      record.status === 'ended' &&
      (record.outcome === 'succeeded' || record.outcome === 'unverified') &&
      content.kind !== 'rehearsal';
    if (!madeIt || content.revision.id !== stable.id || content.stable === null || content.stable.id === stable.id)
      continue;
    return content.stable;
  }
  throw new DeployError('ROLLBACK_IMPOSSIBLE', {
    reason: `no recorded run of ${place.name} tells what served before ${stable.version}.`,
  });
}
