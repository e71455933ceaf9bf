import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { submitRequest } from '../journal/inbox.ts';
import { assertContinuable, loadRun, readJournal } from '../journal/replay.ts';
import { listRuns, runFolder } from '../journal/state-folder.ts';
import { approveCommand } from '../model/approve-command.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import { exitCode } from '../model/error-catalogue.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import type { ControlAction } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField, runField } from './inputs.ts';
import { nextStep } from './next-step.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun, type Project, type ProjectPlace } from './project.ts';
import { findRun } from './project-memory.ts';
import { wakeWatchdog } from './wake-watchdog.ts';

const answerWithinMs = 5000;

export const rolloutControl = defineOperation({
  name: 'rollout_control',
  title: 'Pause, resume, promote or abort a run',
  description:
    'pause: the weight stays (harm still rolls back). resume. abort: users go back to stable now; never needs approval. promote: go past the present gate without more proof; a person must do that by rollout_approve, unless nobody has to approve here.',
  tool: true,
  effects: 'changes',
  input: z.object({
    action: z.enum(['pause', 'resume', 'promote', 'abort']),
    run_id: runField,
    environment: environmentField,
    reason: z.string().max(500).optional().describe('Kept in the record'),
  }),
  cli: {
    command: 'control',
    positional: ['action', 'run_id'],
    examples: ['seatrial control pause', 'seatrial control abort --reason "support calls"'],
  },
  run: async (input, context) => {
    const located = await locateProject(context.projectDirectory);
    const record = await findRun(located, input.run_id, input.environment).catch((thrown: unknown) => {
      if (input.action !== 'abort' || toDeployError(thrown).code !== 'JOURNAL_CORRUPT') throw thrown;
      return null;
    });
    if (record === null) return abortUnread(located, input, context);
    assertContinuable(record);
    const project = await openProjectOfRun(located, record.runId);
    if (record.status === 'ended')
      throw new DeployError('RUN_OVER', { runId: record.runId, outcome: record.outcome ?? 'unknown' });
    const place = openPlace(project, record.plan.content.environment);
    await wakeWatchdog(place);
    if (input.action === 'promote' && place.approval.how !== 'none') {
      throw new DeployError('APPROVAL_REQUIRED', {
        planId: record.plan.planId.slice(0, 12),
        how: place.approval.how,
        remedy: wayToPromote(place, record),
      });
    }
    const answer = await sendControl(project, record.runId, {
      action: input.action,
      reason: input.reason ?? null,
      context,
    });
    return {
      data: { runId: record.runId, action: input.action, ...answer },
      text: `${input.action}: ${answer.answer}\n${nextStep(context.caller, { tool: `rollout_status {run_id: "${record.runId}", wait_s: 30}`, command: `seatrial status ${record.runId} --follow` })}`,
      exitCode: answer.accepted ? exitCode.ok : exitCode.busy,
    };
  },
});

function wayToPromote({ approval }: Place, { runId, plan }: RunRecord): string {
  const command = approveCommand({ how: approval.how, planId: plan.planId, scope: 'promote', runId });
  return approval.how === 'client-dialog'
    ? `Call rollout_approve {scope: "promote", run_id: "${runId}"}; or the person runs: ${command}`
    : `A person runs in a terminal: ${command}`;
}

/** A run whose journal is damaged can still be told to stop: its owner, when it lives, knows where it is. */
async function abortUnread(
  located: ProjectPlace,
  input: { run_id?: string | undefined; reason?: string | undefined },
  context: OperationContext,
): Promise<OperationResult<unknown>> {
  const runId = input.run_id ?? (await listRuns(located.state))[0] ?? '';
  const answer = await sendControl(located, runId, { action: 'abort', reason: input.reason ?? null, context });
  return {
    data: { runId, action: 'abort', ...answer },
    text: `abort: the journal of run ${runId} is damaged, so its answer cannot be read; it was told to stop. Look at who serves: seatrial host status`,
    exitCode: exitCode.busy,
  };
}

type Sent = { action: ControlAction; reason: string | null; by?: string; context: OperationContext };

/** Lays a request before the run's owner and waits for its answer. Throws CONTROL_INVALID when the owner refuses. */
export async function sendControl(
  project: Pick<Project, 'state'>,
  runId: string,
  { action, reason, by, context }: Sent,
): Promise<{ accepted: boolean; answer: string }> {
  const { directory, journal } = runFolder(project.state, runId);
  assertContinuable({ runId, newer: (await readJournal(journal))?.newer ?? null });
  const requestId = randomUUID();
  await submitRequest(directory, {
    requestId,
    action,
    by: by ?? (context.caller.door === 'mcp' ? `the agent in ${context.caller.name}` : context.caller.name),
    reason,
    atMs: context.clock.now(),
  });
  const end = context.clock.now() + answerWithinMs;
  while (context.clock.now() < end && !context.signal.aborted) {
    await context.clock.sleep(100, context.signal);
    const control = (await loadRun(directory).catch(() => null))?.controls.find((one) => one.requestId === requestId);
    if (control === undefined) continue;
    if (!control.accepted)
      throw new DeployError('CONTROL_INVALID', {
        action,
        reason: control.answer,
        remedy: `See rollout_status {run_id: "${runId}"}.`,
      });
    return { accepted: true, answer: control.answer };
  }
  return { accepted: false, answer: 'the request is laid down; the owner of the run has not answered yet' };
}

/** The same acts as commands of their own: `seatrial abort`. */
export const controlCommands = (['pause', 'resume', 'promote', 'abort'] as const).map((action) =>
  defineOperation({
    name: action,
    title: titles(action),
    description: titles(action),
    tool: false,
    effects: 'changes',
    input: rolloutControl.input.omit({ action: true }),
    cli: { command: action, positional: ['run_id'], examples: [`seatrial ${action}`] },
    run: (input, context) => rolloutControl.run({ ...input, action }, context),
  }),
);

function titles(action: 'pause' | 'resume' | 'promote' | 'abort'): string {
  return {
    pause: 'Keep the weight as it is; harm still rolls back',
    resume: 'Let a paused run go on',
    promote: 'Let a run go past its gate without more proof',
    abort: 'Stop a run and take users back to the stable revision',
  }[action];
}
