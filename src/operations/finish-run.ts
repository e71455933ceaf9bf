import { join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { History } from '../model/history.ts';
import type { RunRecord } from '../model/run-record.ts';
import { deriveHistory } from '../report/history-entry.ts';
import { renderReviewDraft } from '../report/review-draft.ts';
import { fileExists } from '../system/files.ts';
import { writeOwnLog } from '../system/own-log.ts';
import { writeProjectFile } from '../system/project-file.ts';
import { readByHand } from './by-hand-files.ts';
import { completeRun } from './complete-run.ts';
import { explainedRuns } from './learnings-files.ts';
import type { Place } from './place.ts';
import type { Project } from './project.ts';
import { loadHistory } from './project-memory.ts';
import { rebuildLearnings } from './rebuild-learnings.ts';
import { retireOldRuns } from './retire-old-runs.ts';
import { loadReviewDocuments, reviewPath } from './review-files.ts';
import { tellGit } from './tell-git.ts';
import { type WrittenReports, writeReports } from './write-reports.ts';

export type Memory = WrittenReports & {
  history: string;
  review: string | null;
  learnings: string;
  completion: string | null;
};

/** Writes down what a finished run leaves in the project: history entry, report, review draft, learnings. Safe to repeat. */
export async function finishRun({
  place,
  record,
  clock,
}: {
  place: Place;
  record: RunRecord;
  clock: Clock;
}): Promise<Memory | null> {
  if (record.status !== 'ended') return null;
  const { project } = place;
  await tellGit(project);
  const entry = await deriveEntry(place, record);
  const historyPath = await writeHistory(place, entry);
  const reports = await writeReports(place, record);
  const review = record.plan.content.kind === 'rollout' ? await writeReviewDraft(place, record) : null;
  const learnings = await rebuildLearnings(project, clock);
  const completion = await completeByItself(place, record, clock);
  await retireOldRuns(project, { limits: project.config.retention, clock }).catch((thrown: unknown) =>
    writeOwnLog(`old runs were not removed: ${toDeployError(thrown).message}`),
  );
  return { history: historyPath, ...reports, review, learnings: learnings.path, completion };
}

/** A story is never completed by a run that did not succeed, and a failure here takes nothing from the run. */
async function completeByItself(place: Place, record: RunRecord, clock: Clock): Promise<string | null> {
  const { completion } = place.spec;
  if (completion === undefined || record.outcome !== 'succeeded' || record.plan.content.kind !== 'rollout') return null;
  try {
    return (await completeRun({ place, record, story: undefined }, clock.now())).path;
  } catch (thrown) {
    writeOwnLog(`run ${record.runId}: the story was not completed: ${toDeployError(thrown).message}`);
    return null;
  }
}

/** Whether a finished run has left its memory in the project. */
export async function isRemembered(project: Pick<Project, 'directory'>, record: RunRecord): Promise<boolean> {
  const month = new Date(record.startedAtMs).toISOString().slice(0, 7);
  return fileExists(join(project.directory, '.seatrial', 'history', month, `${record.runId}.json`));
}

async function deriveEntry(place: Place, record: RunRecord): Promise<History> {
  const { revision, stable, kind } = record.plan.content;
  const { commit } = revision;
  const commitAt = commit === null ? null : ((await place.project.repository?.commitTime(commit)) ?? null);
  const earlier = (await loadHistory(place.project)).filter(
    (entry) => entry.runId !== record.runId && Date.parse(entry.endedAt) <= record.startedAtMs,
  );
  // Without a former commit everything would be new, down to the first line of the project.
  const from = kind === 'rollout' ? (stable?.commit ?? null) : null;
  const commitTimes =
    from === null || commit === null ? [] : ((await place.project.repository?.commitTimes(from, commit)) ?? []);
  const byHand = await readByHand(place.project);
  const known = { earlier, explainedRuns: await explainedRuns(place.project), byHand };
  return deriveHistory(record, { commitAt, known, commitTimes });
}

async function writeHistory(place: Place, entry: History): Promise<string> {
  const directory = join(place.project.directory, '.seatrial', 'history', entry.startedAt.slice(0, 7));
  const path = join(directory, `${entry.runId}.json`);
  await writeProjectFile(path, `${JSON.stringify(entry, null, 2)}\n`);
  return path;
}

/** The pre-filled review of a finished run. One that somebody has begun to complete is never overwritten. */
export async function writeReviewDraft(place: Place, record: RunRecord): Promise<string> {
  const path = reviewPath(place.project, record.runId);
  if (!(await fileExists(path)))
    await writeProjectFile(
      path,
      renderReviewDraft(record, await deriveEntry(place, record), await loadReviewDocuments(place)),
    );
  return path;
}
