import { z } from 'zod';
import { readLock } from '../journal/lock.ts';
import { loadRun } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { OperationContext } from '../model/operation.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderStatus } from '../report/status-text.ts';
import { defineOperation } from './define-operation.ts';
import { detailField, environmentField, runField } from './inputs.ts';
import { openPlace } from './place.ts';
import { locateProject, openProjectOfRun, type Project, type TrustedProject } from './project.ts';
import { awaitMemory, findRun } from './project-memory.ts';
import { launchWatchdog } from './start-request.ts';

const lookEveryMs = 250;

export const rolloutStatus = defineOperation({
  name: 'rollout_status',
  title: 'How a run is going',
  description:
    'Where a run is: step, weight, evidence of both arms, what it waits for, how it ended. wait_s holds the answer until something changes; call until it has ended.',
  tool: true,
  effects: 'reads',
  input: z.object({
    run_id: runField,
    environment: environmentField,
    wait_s: z.number().min(0).max(60).default(0).describe('Seconds to wait for a change'),
    detail: detailField,
  }),
  cli: {
    command: 'status',
    positional: ['run_id'],
    examples: ['seatrial status', 'seatrial status 01j9… --detail full', 'seatrial status --wait-s 30 --json'],
  },
  run: async (input, context) => {
    const located = await locateProject(context.projectDirectory);
    const first = await findRun(located, input.run_id, input.environment);
    const project = await openProjectOfRun(located, first.runId);
    const record =
      input.wait_s > 0 ? await awaitChange(project, first, { waitMs: input.wait_s * 1000, context }) : first;
    context.showRun?.(record);
    const orphan = await reviveOrphan(project, record, context.clock);
    const text = renderStatus(record, {
      nowMs: context.clock.now(),
      detail: input.detail,
      reader: context.caller.door === 'cli' ? 'person' : 'agent',
    });
    return { data: { record }, text: orphan === null ? text : `${text}\n${orphan}` };
  },
});

async function awaitChange(
  project: Project,
  first: RunRecord,
  { waitMs, context }: { waitMs: number; context: OperationContext },
): Promise<RunRecord> {
  const { clock, signal, progress } = context;
  const directory = runFolder(project.state, first.runId).directory;
  const end = clock.now() + waitMs;
  let record = first;
  let told = '';
  while (
    record.status !== 'ended' &&
    signatureOf(record) === signatureOf(first) &&
    clock.now() < end &&
    !signal.aborted
  ) {
    await clock.sleep(lookEveryMs, signal);
    record = (await loadRun(directory)) ?? record;
    const line = `${record.currentStepId ?? record.status}, candidate ${record.weightPercent} %: ${record.verdicts[0]?.sentence ?? 'no verdict yet'}`;
    if (line !== told) progress(line, doneSteps(record), record.steps.length);
    told = line;
  }
  return record;
}

function signatureOf(record: RunRecord): string {
  return JSON.stringify([
    record.status,
    record.currentStepId,
    record.outcome,
    record.weightPercent,
    record.holds.length,
    record.controls.length,
    record.verdicts.map((verdict) => verdict.outcome),
  ]);
}

function doneSteps(record: RunRecord): number {
  return record.steps.filter((progress) => progress.state === 'completed').length;
}

/** A reader changes nothing; at most it wakes the watchdog, which sees to a run that has lost its owner. */
async function reviveOrphan(
  project: TrustedProject,
  record: RunRecord,
  clock: OperationContext['clock'],
): Promise<string | null> {
  const place = openPlace(project, record.plan.content.environment);
  if (record.status === 'ended') {
    await awaitMemory(place, record.runId, { clock, withinMs: 10_000 });
    return null;
  }
  if (record.newer !== null) return null;
  const lock = await readLock(place.lockDirectory);
  if (lock.state === 'held' && lock.holder.runId === record.runId) return null;
  await launchWatchdog(project, runFolder(project.state, record.runId));
  return 'Nobody attends to this run: its supervisor is gone. The watchdog was started and takes users back to the stable revision; call rollout_status again.';
}
