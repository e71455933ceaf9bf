import { z } from 'zod';
import { loadRun } from '../journal/replay.ts';
import { listRuns, runFolder } from '../journal/state-folder.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import { readTextFile } from '../system/files.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField, runField } from './inputs.ts';
import { listRecords } from './list-records.ts';
import { locateProject, type Project } from './project.ts';
import { findRun } from './project-memory.ts';

export const runs = defineOperation({
  name: 'runs',
  title: 'List runs',
  description: 'All runs recorded on this machine, newest first.',
  tool: false,
  effects: 'reads',
  input: z.object({ environment: environmentField, limit: z.number().int().min(1).max(500).default(20) }),
  cli: { command: 'runs', positional: [], examples: ['seatrial runs', 'seatrial runs --environment staging --json'] },
  run: async (input, { projectDirectory }) => {
    const project = await locateProject(projectDirectory);
    const records = (await listRecords(project, input.environment)).slice(0, input.limit);
    const rows = records.map((record) => ({
      runId: record.runId,
      environment: record.plan.content.environment,
      version: record.plan.content.revision.version,
      strategy: record.plan.content.strategy,
      status: record.outcome ?? record.status,
      newerFormat: record.newer,
      startedAt: new Date(record.startedAtMs).toISOString(),
      reason: record.reason,
    }));
    const lines = rows.map(
      (row) =>
        `${row.runId}  ${row.startedAt.slice(0, 19)}  ${row.environment.padEnd(11)} ${row.version.padEnd(10)} ${row.strategy.padEnd(10)} ${row.status}${row.newerFormat === null ? '' : `  (of a newer seatrial, format ${row.newerFormat})`}`,
    );
    // Whose environment an unreadable run belongs to nobody knows.
    const unreadable = input.environment === undefined ? await unreadableRuns(project, input.limit) : [];
    lines.push(...unreadable.map(({ runId, why }) => `${runId}  cannot be read: ${why}`));
    return {
      data: { runs: rows, unreadable },
      text: lines.length === 0 ? 'No run yet. Begin with: seatrial ship <version>' : lines.join('\n'),
    };
  },
});

/** Those among the newest `limit` runs whose record cannot be had, and why: damage at the beginning, or a newer format. */
async function unreadableRuns(
  project: Pick<Project, 'state'>,
  limit: number,
): Promise<Array<{ runId: string; why: string }>> {
  const found: Array<{ runId: string; why: string }> = [];
  for (const runId of (await listRuns(project.state)).slice(0, limit)) {
    await loadRun(runFolder(project.state, runId).directory).catch((thrown: unknown) =>
      found.push({ runId, why: toDeployError(thrown).message }),
    );
  }
  return found;
}

export const logs = defineOperation({
  name: 'logs',
  title: 'Events and supervisor log of a run',
  description: 'Every event of the run as one line each, then what its supervisor wrote.',
  tool: false,
  effects: 'reads',
  input: z.object({ run_id: runField, counts: z.boolean().default(false).describe('Also the one-second counts') }),
  cli: { command: 'logs', positional: ['run_id'], examples: ['seatrial logs', 'seatrial logs 01j9… --counts'] },
  run: async (input, { projectDirectory }) => {
    const project = await locateProject(projectDirectory);
    const record = await findRun(project, input.run_id);
    const events = record.events.filter((event) => input.counts || event.type !== 'counts');
    const lines = events.map(
      (event) =>
        `#${event.seq} ${new Date(event.atMs).toISOString()} ${event.type} ${JSON.stringify(event.data).slice(0, 240)}`,
    );
    const log = (await readTextFile(runFolder(project.state, record.runId).supervisorLog)) ?? '';
    if (record.events.length === 0) throw new DeployError('RUN_UNKNOWN', { runId: record.runId });
    return {
      data: { runId: record.runId, events, supervisorLog: log },
      text: [...lines, ...(log.trim() === '' ? [] : ['', 'supervisor:', log.trimEnd()])].join('\n'),
    };
  },
});
