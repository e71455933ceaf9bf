import { join } from 'node:path';
import { reviewRule } from '../model/config/after-run.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { RunRecord } from '../model/run-record.ts';
import { parseReview } from '../report/parse-review.ts';
import { reviewBody, withAcknowledgement } from '../report/review-headings.ts';
import type { ReviewDocument } from '../report/review-improvements.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { readTextFile, resolveInside } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import type { Place } from './place.ts';
import type { Project } from './project.ts';
import { saveReviewAcknowledgement } from './project-memory.ts';

/** Where the review of a run lies. */
export function reviewPath(project: Pick<Project, 'directory'>, runId: string): string {
  return join(project.directory, '.seatrial', 'reviews', `${runId}.md`);
}

/** The documents that improvements belong to, in their order. One that cannot be read counts as missing; using it says why. */
export async function loadReviewDocuments({ spec, project }: Place): Promise<ReviewDocument[]> {
  const { guidelines, checklist, standards, implementation } = reviewRule(spec.review).documents;
  const load = async (role: ReviewDocument['role'], path: string): Promise<ReviewDocument> => {
    const text = await resolveInside(project.directory, path)
      .then(readTextFile)
      .catch(() => null);
    return { role, path, text };
  };
  return Promise.all([
    load('guidelines', guidelines),
    load('checklist', checklist),
    load('standards', standards),
    load('implementation', implementation),
  ]);
}

/** Keeps that a person has taken note of the review as it stands now. Throws REVIEW_INVALID while it is not complete. */
export async function acknowledgeReview(
  project: Project,
  record: RunRecord,
  { by, atMs }: { by: string; atMs: number },
): Promise<void> {
  const text = await readCompleteReview(project, record);
  await saveReviewAcknowledgement(project, { runId: record.runId, by, atMs, sha256: sha256Hex(reviewBody(text)) });
  await writeProjectFile(reviewPath(project, record.runId), withAcknowledgement(text, { by, atMs }));
}

/** The review. Throws REVIEW_INVALID while there is none, or one that somebody has still to complete. */
export async function readCompleteReview(project: Project, record: RunRecord): Promise<string> {
  const path = reviewPath(project, record.runId);
  const text = await readTextFile(path);
  const reading = text === null ? null : parseReview(reviewBody(text), record);
  if (text !== null && reading?.ok === true) return text;
  throw new DeployError('REVIEW_INVALID', {
    reason:
      reading === null
        ? `there is no review of run ${record.runId} yet.`
        : `the review of run ${record.runId} is not complete: ${reading.complaints.length} places are open.\n${reading.complaints.slice(0, 5).join('\n')}`,
    remedy: `Complete ${path} and check it by \`seatrial review submit ${record.runId}\`; an agent does it by deploy_review draft and submit.`,
  });
}
