import { loadRun } from '../journal/replay.ts';
import { listRuns, runFolder } from '../journal/state-folder.ts';
import type { RunRecord } from '../model/run-record.ts';
import type { Project } from './project.ts';

/** All runs of a project on this machine, newest first; of one environment when it is named. */
export async function listRecords(project: Pick<Project, 'state'>, environment?: string): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (const id of await listRuns(project.state)) {
    // One run that cannot be read must not hide the others; `seatrial status <run>` says what is wrong with it.
    const record = await loadRun(runFolder(project.state, id).directory).catch(() => null);
    if (record !== null && (environment === undefined || record.plan.content.environment === environment))
      records.push(record);
  }
  return records;
}
