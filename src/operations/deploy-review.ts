import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationContext, OperationResult } from '../model/operation.ts';
import { emitText } from '../model/redaction/emit.ts';
import type { RunRecord } from '../model/run-record.ts';
import { parseReview, renderComplaints } from '../report/parse-review.ts';
import { reviewBody } from '../report/review-headings.ts';
import { readReviewPatches } from '../report/review-patches.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { readTextFile } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import { applyReview } from './apply-review.ts';
import { planDocumentEdits } from './change-documents.ts';
import { defineOperation } from './define-operation.ts';
import { writeReviewDraft } from './finish-run.ts';
import { runField } from './inputs.ts';
import { nextStep } from './next-step.ts';
import { openPlace } from './place.ts';
import { openProject, openProjectOfRun, type Project } from './project.ts';
import { findRun, reviewAcknowledgement, withdrawReviewAcknowledgement } from './project-memory.ts';
import { reviewPath } from './review-files.ts';
import { rolloutApprove } from './rollout-approve.ts';

const input = z.object({
  action: z.enum(['draft', 'submit', 'status', 'acknowledge', 'apply']).default('status'),
  run_id: runField,
  text: z.string().max(60_000).optional().describe('For submit: the whole review; default: its file as it is'),
});
type Asked = { project: Project; record: RunRecord; text: string | undefined; context: OperationContext };

export const deployReview = defineOperation({
  name: 'deploy_review',
  title: 'Post-deployment review',
  description:
    'draft: the review of a finished run, pre-filled with evidence. submit: hand in the completed text; claims about the run cite events that say them, as (#12), or are marked (opinion). acknowledge: a person, by rollout_approve {scope: "review:<run_id>"}. apply: then puts its patches into the documents.',
  tool: true,
  effects: 'changes',
  input,
  cli: {
    command: 'review',
    positional: ['action', 'run_id'],
    examples: [
      'seatrial review draft',
      'seatrial review submit 01j9…           # its file, as you have completed it',
      'seatrial review acknowledge 01j9…',
      'seatrial review apply 01j9…',
    ],
  },
  run: async (given, context) => {
    const project = await openProject(context.projectDirectory);
    const record = await findRun(project, given.run_id);
    if (record.status !== 'ended')
      throw new DeployError('REVIEW_INVALID', {
        reason: `run ${record.runId} is not over.`,
        remedy: 'Wait for its end: rollout_status.',
      });
    return actions[given.action]({ project, record, text: given.text, context });
  },
});

/** The same as `seatrial approve --scope review:<run>`, where people look for it. */
export const reviewAcknowledge = defineOperation({
  name: 'review_acknowledge',
  title: 'Acknowledge a review',
  description:
    'A person has read the review of a run: the next plan is no longer blocked by it, and its patches may be applied.',
  tool: false,
  effects: 'person',
  input: z.object({
    run_id: runField,
    code: z.string().max(12).optional().describe('The last six characters of the run id, typed by the person'),
  }),
  cli: {
    command: 'review acknowledge',
    positional: ['run_id'],
    examples: ['seatrial review acknowledge 01j9… --code 4K7QZ2'],
  },
  run: async ({ run_id, code }, context) => {
    const project = await openProject(context.projectDirectory);
    const { runId } = await findRun(project, run_id);
    const scope = `review:${runId}`;
    return rolloutApprove.run({ scope, ...(code === undefined ? {} : { code }) }, context);
  },
});

const actions: Record<
  z.output<typeof input>['action'],
  (asked: Asked) => Promise<OperationResult<unknown>> | OperationResult<unknown>
> = {
  draft,
  submit,
  status,
  acknowledge,
  apply: ({ project, record }) => applyReview(project, record),
};

async function draft({ project, record, context }: Asked): Promise<OperationResult<unknown>> {
  const ofRun = await openProjectOfRun(project, record.runId);
  const path = await writeReviewDraft(openPlace(ofRun, record.plan.content.environment), record);
  const text = (await readTextFile(path)) ?? '';
  const next = nextStep(context.caller, {
    tool: `complete it, then deploy_review {action: "submit", run_id: "${record.runId}", text: …}.`,
    command: `complete it there, then seatrial review submit ${record.runId}`,
  });
  return { data: { runId: record.runId, path }, text: `${text}\n\nDraft: ${path}.\n${next}` };
}

async function submit({ project, record, text, context }: Asked): Promise<OperationResult<unknown>> {
  const { runId } = record;
  const path = reviewPath(project, runId);
  const given = text ?? (await readTextFile(path).then((kept) => (kept === null ? null : reviewBody(kept)))) ?? '';
  const reading = parseReview(given, record);
  const { patches } = readReviewPatches(given);
  const { edits, refusals } = await planDocumentEdits(project.directory, patches);
  const complaints = [...reading.complaints, ...refusals.map((reason) => `its patch does not apply: ${reason}.`)];
  if (complaints.length > 0) {
    throw new DeployError('REVIEW_INVALID', {
      reason: `\n${renderComplaints(complaints)}`,
      remedy:
        context.caller.door === 'cli'
          ? `Correct ${path} and submit it again.`
          : `Correct it and submit again. The draft: deploy_review {action: "draft", run_id: "${runId}"}.`,
    });
  }
  const withdrawn = await withdrawWhenChanged(project, runId, given);
  await writeProjectFile(path, reviewBody(given));
  const documents = edits.filter((edit) => edit.before !== edit.after).map((edit) => edit.path);
  const next = nextStep(context.caller, {
    tool: `a person acknowledges it by rollout_approve {scope: "review:${runId}"}; until then begin nothing new on this deployment.`,
    command: `seatrial review acknowledge ${runId}`,
  });
  return {
    data: { runId, path, rating: reading.rating, documents },
    text: [
      `The review of run ${runId} is kept (rating ${reading.rating}/10): ${path}.`,
      ...(withdrawn ? ['It was acknowledged as it stood before, and has to be acknowledged again.'] : []),
      `Its patches would change: ${documents.join(', ') || 'no document'}.`,
      next,
    ].join('\n'),
  };
}

/** An acknowledgement holds for the words that were acknowledged. */
async function withdrawWhenChanged(project: Project, runId: string, given: string): Promise<boolean> {
  const acknowledged = await reviewAcknowledgement(project, runId);
  if (acknowledged === null || acknowledged.sha256 === sha256Hex(emitText(reviewBody(given)))) return false;
  await withdrawReviewAcknowledgement(project, runId);
  return true;
}

/** Here nobody can be asked; a model that acknowledged for a person would take the review's sense away. */
function acknowledge({ record }: Asked): never {
  throw new DeployError('APPROVAL_NOT_ACCEPTED', {
    reason: 'a person acknowledges a review.',
    remedy: `rollout_approve {scope: "review:${record.runId}"} asks them; in a terminal: seatrial review acknowledge ${record.runId}`,
  });
}

async function status({ project, record }: Asked): Promise<OperationResult<unknown>> {
  const acknowledged = await reviewAcknowledgement(project, record.runId);
  const state =
    acknowledged === null
      ? 'not acknowledged yet'
      : `acknowledged by ${acknowledged.by} at ${new Date(acknowledged.atMs).toISOString()}`;
  const path = reviewPath(project, record.runId);
  return {
    data: { runId: record.runId, path, acknowledged: acknowledged !== null },
    text: `The review of run ${record.runId} is ${state}. File: ${path}`,
  };
}
