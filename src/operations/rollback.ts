import { z } from 'zod';
import { savePlan } from '../journal/plan-store.ts';
import { assertContinuable } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext } from '../model/operation.ts';
import type { Revision } from '../model/revision.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { listRecords } from './list-records.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place, stableOf } from './place.ts';
import { planRehearsal, planRollbackRun } from './plan-rollback-run.ts';
import { openProjectOrLast } from './project.ts';
import { runActive } from './project-memory.ts';
import { sendControl } from './rollout-control.ts';
import { countAttempts, launchSupervisor, requestStart } from './start-request.ts';
import { wakeWatchdog } from './wake-watchdog.ts';

export const rollback = defineOperation({
  name: 'rollback',
  title: 'Go back to the former revision',
  description:
    'During a run: users go back to stable at once. After one: starts a run that makes the former revision stable again. Never needs approval. rehearse: starts and smoke-tests the former revision beside the stable one, moving no user.',
  tool: true,
  effects: 'changes',
  input: z.object({
    environment: environmentField,
    to: z.string().max(64).optional().describe('Version that served here before; default: the one before the present'),
    reason: z.string().max(500).optional().describe('Kept in the record'),
    rehearse: z.boolean().default(false),
  }),
  cli: {
    command: 'rollback',
    positional: [],
    examples: ['seatrial rollback --reason "orders are missing"', 'seatrial rollback --rehearse'],
  },
  run: async (input, context) => {
    // Going back must not depend on the present state of a file that somebody is editing.
    const project = await openProjectOrLast(context);
    const place = openPlace(project, input.environment);
    const active = await wakeWatchdog(place);
    if (active !== null) {
      if (input.rehearse) throw runActive(active);
      const answer = await sendControl(project, active.runId, {
        action: 'rollback',
        reason: input.reason ?? null,
        context,
      });
      return {
        data: { runId: active.runId, started: false, ...answer },
        text: `rollback of run ${active.runId}: ${answer.answer}\n${nextStep(context.caller, { tool: `rollout_status {run_id: "${active.runId}", wait_s: 30}`, command: `seatrial status ${active.runId} --follow` })}`,
      };
    }
    const again = await retryFailedRollback(place);
    if (again !== null) {
      const next = nextStep(context.caller, {
        tool: `rollout_status {run_id: "${again}", wait_s: 30}`,
        command: `seatrial status ${again} --follow`,
      });
      return {
        data: { runId: again, started: true },
        text: `The rollback of run ${again} had failed and is tried again.\n${next}`,
      };
    }
    return startRollback(place, input, context);
  },
});

async function startRollback(
  place: Place,
  input: { reason?: string | undefined; to?: string | undefined; rehearse: boolean },
  { clock, signal, caller }: OperationContext,
): Promise<{ data: { runId: string; started: boolean }; text: string }> {
  const state = await place.target.inspect(signal);
  const stable = stableOf(state);
  if (stable === null) throw new DeployError('ROLLBACK_IMPOSSIBLE', { reason: `nothing serves in ${place.name}.` });
  const revision = await formerRevision(place, stable, input);
  const attempt = await countAttempts(place.project, place.name, revision.id);
  const request = {
    place,
    revision,
    stable,
    state,
    guidance: input.reason ?? null,
    attempt,
    requester: caller.name,
    clock,
  };
  const plan = input.rehearse ? planRehearsal(request) : planRollbackRun(request);
  await savePlan(place.project.state, plan);
  const { runId } = await requestStart(place.project, plan, { requester: caller.name, clock });
  const what = input.rehearse
    ? `Rehearsal started: ${revision.version} is started and tested beside ${stable.version}`
    : `Rollback started: ${stable.version} → ${revision.version} in ${place.name}`;
  return {
    data: { runId, started: true },
    text: `${what} (run ${runId}).\n${nextStep(caller, { tool: `rollout_status {run_id: "${runId}", wait_s: 30}`, command: `seatrial status ${runId} --follow` })}`,
  };
}

/**
 * The revision to go back to: the one asked for, else what the rollout of the present one replaced. Throws
 * ROLLBACK_IMPOSSIBLE where going back again would bring users to what they were taken away from.
 */
async function formerRevision(
  place: Place,
  stable: Revision,
  { to, rehearse }: { to?: string | undefined; rehearse: boolean },
): Promise<Revision> {
  const ended = (await listRecords(place.project, place.name)).filter(
    (record) => record.status === 'ended' && record.plan.content.kind !== 'rehearsal',
  );
  const servedBefore = ended.flatMap(({ plan: { content } }) => (content.stable === null ? [] : [content.stable]));
  if (to !== undefined) {
    const named = servedBefore.find((revision) => revision.version === to && revision.id !== stable.id);
    if (named !== undefined) return named;
    throw new DeployError('ROLLBACK_IMPOSSIBLE', {
      reason: `no recorded run of ${place.name} tells that ${to} served before ${stable.version}.`,
    });
  }
  const [newest] = ended;
  const wentBack =
    newest !== undefined &&
    (newest.plan.content.kind === 'rollback'
      ? newest.outcome === 'succeeded'
      : newest.outcome === 'rolled_back' || (newest.outcome === 'aborted' && newest.maxWeightPercent > 0));
  if (wentBack && !rehearse) {
    throw new DeployError('ROLLBACK_IMPOSSIBLE', {
      reason: `run ${newest.runId} has already taken users back to ${stable.version}. To go further back name the version: --to.`,
    });
  }
  const made = ended.find(
    ({ outcome, plan: { content } }) =>
      content.kind === 'rollout' &&
      (outcome === 'succeeded' || outcome === 'unverified') &&
      content.revision.id === stable.id,
  );
  const before = made?.plan.content.stable ?? null;
  if (before !== null && before.id !== stable.id) return before;
  throw new DeployError('ROLLBACK_IMPOSSIBLE', {
    reason: `no recorded run of ${place.name} tells what served before ${stable.version}.`,
  });
}

/** A rollback that failed is the first thing to try again; the id of its run, or null when the newest run did not end so. */
async function retryFailedRollback(place: Place): Promise<string | null> {
  const [newest] = await listRecords(place.project, place.name);
  if (newest?.outcome !== 'rollback_failed') return null;
  assertContinuable(newest);
  await launchSupervisor(place.project, runFolder(place.project.state, newest.runId), 'resume');
  return newest.runId;
}
