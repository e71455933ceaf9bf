import { approveFlags } from '../model/approve-command.ts';
import type { Operation, OperationContext } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderCommandLine } from './command-line.ts';
import type { RunCommands } from './live-view.ts';
import { findOperation, parseRecord, runOperation } from './operation-calls.ts';
import type { RunViewer } from './run-viewer.ts';

/** Time between two looks at the journal. */
const lookEveryMs = 500;
/** Time between two pictures of the same record. */
const tickMs = 250;

export type FollowRequest = {
  operations: readonly Operation[];
  /** Undefined: the latest run. */
  runId: string | undefined;
  context: OperationContext;
  viewer: RunViewer;
  /** Fires when the person wants the terminal back; the run goes on. */
  detach: AbortSignal;
};

/** Shows a run until it has ended or the person detaches, and answers with the last record that was read. Throws DeployError. */
export async function followRun({
  operations,
  runId,
  context,
  viewer,
  detach,
}: FollowRequest): Promise<RunRecord | null> {
  const status = findOperation(operations, 'rollout_status');
  let record: RunRecord | null = null;
  let followed = runId;
  while (!detach.aborted) {
    const result = await runOperation(status, followed === undefined ? {} : { run_id: followed }, context);
    record = parseRecord(result.data);
    // "The latest run" must not become another one in mid-view.
    followed = record.runId;
    viewer.show(record);
    if (record.status === 'ended') return record;
    for (let waitedMs = 0; waitedMs < lookEveryMs && !detach.aborted; waitedMs += tickMs) {
      await context.clock.sleep(tickMs, detach);
      viewer.show(record);
    }
  }
  return record;
}

/** What must be known of a run to name the commands for it. */
export type PlaceOfRun = { runId: string; environment: string | null; approval: Plan['approval'] };

export function placeOfRun(record: RunRecord): PlaceOfRun {
  return { runId: record.runId, environment: record.plan.content.environment, approval: record.plan.approval };
}

/** The commands that the view offers for a run. Pure. */
export function runCommands(
  operations: readonly Operation[],
  { runId, environment, approval }: PlaceOfRun,
): RunCommands {
  const line = (name: string, values: Record<string, string>): string =>
    renderCommandLine(
      operations.find((operation) => operation.name === name),
      values,
    );
  const control = (action: string): string =>
    operations.some((operation) => operation.name === action)
      ? line(action, { run_id: runId })
      : line('rollout_control', { action, run_id: runId });
  return {
    follow: `${line('rollout_status', { run_id: runId })} --follow`,
    resume: control('resume'),
    // Where a person must approve the start, a person lets it past a gate too.
    promote:
      approval === 'none'
        ? control('promote')
        : `${line('rollout_approve', { scope: 'promote', run_id: runId })}${approveFlags(approval)}`,
    abort: control('abort'),
    rollback: line('rollback', environment === null ? {} : { environment }),
  };
}

/** What a person is told who has pressed Ctrl-C. Pure. */
export function renderDetached(runId: string, commands: RunCommands): string {
  return [
    `Detached. Run ${runId} goes on without this terminal.`,
    `  follow it: ${commands.follow}`,
    `  stop it:   ${commands.abort}`,
  ].join('\n');
}
