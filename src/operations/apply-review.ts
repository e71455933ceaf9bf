import { DeployError } from '../model/deploy-error.ts';
import type { OperationResult } from '../model/operation.ts';
import { emitText } from '../model/redaction/emit.ts';
import type { RunRecord } from '../model/run-record.ts';
import { plural } from '../report/format.ts';
import { reviewBody } from '../report/review-headings.ts';
import { readReviewPatches } from '../report/review-patches.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { readTextFile } from '../system/files.ts';
import { type DocumentEdit, planDocumentEdits, writeDocumentEdits } from './change-documents.ts';
import type { Project } from './project.ts';
import { reviewAcknowledgement } from './project-memory.ts';
import { reviewPath } from './review-files.ts';

/**
 * Puts the patches of an acknowledged review into the documents: all of them or none, twice the same as once. Throws
 * REVIEW_NOT_ACKNOWLEDGED, also when the review is no longer what was acknowledged, and PATCH_REFUSED.
 */
export async function applyReview(project: Project, record: RunRecord): Promise<OperationResult<unknown>> {
  const { runId } = record;
  const body = await readAcknowledgedReview(project, runId);
  const { patches, complaints } = readReviewPatches(emitText(body));
  const { edits, refusals } = await planDocumentEdits(project.directory, patches);
  const reasons = [...complaints.map(({ line, text }) => `line ${line}: ${text}`), ...refusals];
  if (reasons.length > 0) {
    throw new DeployError('PATCH_REFUSED', {
      reason: reasons.map((reason) => `\n- ${reason}.`).join(''),
      remedy: `Make those patches anew against the documents as they are, in the review (${reviewPath(project, runId)}), submit it, and have it acknowledged again; or edit the documents by hand.`,
    });
  }
  const changed = await writeDocumentEdits(project.directory, edits);
  const unchanged = edits.filter((edit) => !changed.includes(edit)).map((edit) => edit.path);
  return {
    data: { runId, changed: changed.map((edit) => edit.path), unchanged },
    text: renderApplied(changed, unchanged),
  };
}

async function readAcknowledgedReview(project: Project, runId: string): Promise<string> {
  const acknowledged = await reviewAcknowledgement(project, runId);
  if (acknowledged === null) throw new DeployError('REVIEW_NOT_ACKNOWLEDGED', { runId, reason: 'nobody has yet.' });
  const text = await readTextFile(reviewPath(project, runId));
  const body = text === null ? null : reviewBody(text);
  if (body !== null && acknowledged.sha256 === sha256Hex(body)) return body;
  const reason = body === null ? 'its file is gone.' : 'it is not the text that was acknowledged.';
  throw new DeployError('REVIEW_NOT_ACKNOWLEDGED', { runId, reason });
}

function renderApplied(changed: readonly DocumentEdit[], unchanged: readonly string[]): string {
  const done = changed.map((edit) => {
    const lines = edit.after.split('\n').length - (edit.before ?? '').split('\n').length;
    const what = edit.before === null ? 'made' : lines > 0 ? `${plural(lines, 'line')} more` : 'changed';
    return `- ${edit.path}: ${what}`;
  });
  const same = unchanged.map((path) => `- ${path}: says it already`);
  if (done.length + same.length === 0) return 'The review proposes no patch; no document was changed.';
  const next = done.length === 0 ? 'Nothing had to be changed.' : 'Look at them (`git diff`) and commit them.';
  return `${[...done, ...same].join('\n')}\n${next}`;
}
