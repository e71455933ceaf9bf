import { join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import type { History } from '../model/history.ts';
import type { RunRecord } from '../model/run-record.ts';
import { deriveHistory } from '../report/history-entry.ts';
import { renderReviewDraft } from '../report/review-draft.ts';
import { fileExists } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import { rebuildLearnings } from './learnings-files.ts';
import type { Place } from './place.ts';
import type { Project } from './project.ts';
import { loadHistory } from './project-memory.ts';
import { type WrittenReports, writeReports } from './write-reports.ts';

export type Memory = WrittenReports & { history: string; review: string | null; learnings: string };

/** Writes down what a finished run leaves in the project: history entry, report, review draft, learnings. Safe to repeat. */
export async function finishRun({
  place,
  record,
}: {
  place: Place;
  record: RunRecord;
  clock: Clock;
}): Promise<Memory | null> {
  if (record.status !== 'ended') return null;
  const { project } = place;
  const entry = await deriveEntry(place, record);
  const historyPath = await writeHistory(place, entry);
  const history = await loadHistory(project);
  const reports = await writeReports(place, record);
  const review = record.plan.content.kind === 'rollout' ? await writeReviewDraft(place, record) : null;
  const learnings = await rebuildLearnings(project, history);
  return { history: historyPath, ...reports, review, learnings: learnings.path };
}

/** Whether a finished run has left its memory in the project. */
export async function isRemembered(project: Pick<Project, 'directory'>, record: RunRecord): Promise<boolean> {
  const month = new Date(record.startedAtMs).toISOString().slice(0, 7);
  return fileExists(join(project.directory, '.seatrial', 'history', month, `${record.runId}.json`));
}

async function deriveEntry(place: Place, record: RunRecord): Promise<History> {
  const { commit } = record.plan.content.revision;
  const commitAt = commit === null ? null : ((await place.project.repository?.commitTime(commit)) ?? null);
  return deriveHistory(record, { commitAt });
}

async function writeHistory(place: Place, entry: History): Promise<string> {
  const directory = join(place.project.directory, '.seatrial', 'history', entry.startedAt.slice(0, 7));
  const path = join(directory, `${entry.runId}.json`);
  await writeProjectFile(path, `${JSON.stringify(entry, null, 2)}\n`);
  return path;
}

/** The pre-filled review of a finished run. One that somebody has begun to complete is never overwritten. */
export async function writeReviewDraft(place: Place, record: RunRecord): Promise<string> {
  const directory = join(place.project.directory, '.seatrial', 'reviews');
  const path = join(directory, `${record.runId}.md`);
  if (!(await fileExists(path)))
    await writeProjectFile(path, renderReviewDraft(record, await deriveEntry(place, record)));
  return path;
}
