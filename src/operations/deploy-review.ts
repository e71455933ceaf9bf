import { join } from 'node:path';
import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { OperationResult } from '../model/operation.ts';
import type { RunRecord } from '../model/run-record.ts';
import { parseReview, renderComplaints } from '../report/parse-review.ts';
import { readTextFile } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';
import { defineOperation } from './define-operation.ts';
import { writeReviewDraft } from './finish-run.ts';
import { runField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openProject, openProjectOfRun, type Project } from './project.ts';
import { findRun, reviewAcknowledgement } from './project-memory.ts';

const input = z.object({
  action: z.enum(['draft', 'submit', 'status']).default('status'),
  run_id: runField,
  text: z.string().max(60_000).optional().describe('For submit: the whole review'),
});

export const deployReview = defineOperation({
  name: 'deploy_review',
  title: 'Post-deployment review',
  description:
    'draft: the review of a finished run, pre-filled with evidence. submit: hand in the completed text; claims about the run cite events as #12 or are marked (opinion). status. A person then acknowledges it: rollout_approve {scope: "review"}.',
  tool: true,
  effects: 'changes',
  input,
  cli: {
    command: 'review',
    positional: ['action', 'run_id'],
    examples: [
      'seatrial review draft',
      'seatrial review submit 01j9… --text "$(cat review.md)"',
      'seatrial review status',
    ],
  },
  run: async (given, { projectDirectory }) => {
    const project = await openProject(projectDirectory);
    const record = await findRun(project, given.run_id);
    if (record.status !== 'ended')
      throw new DeployError('REVIEW_INVALID', {
        reason: `run ${record.runId} is not over.`,
        remedy: 'Wait for its end: rollout_status.',
      });
    if (given.action === 'draft') return draft(project, record);
    if (given.action === 'submit') return submit(project, record, given.text ?? '');
    return status(project, record);
  },
});

async function draft(project: Project, record: RunRecord): Promise<OperationResult<unknown>> {
  const ofRun = await openProjectOfRun(project, record.runId);
  const path = await writeReviewDraft(openPlace(ofRun, record.plan.content.environment), record);
  const text = (await readTextFile(path)) ?? '';
  return {
    data: { runId: record.runId, path },
    text: `${text}\n\nDraft: ${path}. Complete it, then deploy_review {action: "submit", run_id: "${record.runId}", text: …}.`,
  };
}

async function submit(project: Project, record: RunRecord, text: string): Promise<OperationResult<unknown>> {
  const reading = parseReview(text, record);
  if (!reading.ok) {
    throw new DeployError('REVIEW_INVALID', {
      reason: renderComplaints(reading.complaints),
      remedy: `Correct it and submit again. The draft: deploy_review {action: "draft", run_id: "${record.runId}"}.`,
    });
  }
  const path = reviewPath(project, record);
  await writeProjectFile(path, `${text.trimEnd()}\n`);
  const next = `Next: a person acknowledges it by rollout_approve {scope: "review", run_id: "${record.runId}"}; until then begin nothing new on this deployment.`;
  return {
    data: { runId: record.runId, path, rating: reading.rating },
    text: `The review of run ${record.runId} is kept (rating ${reading.rating}/10): ${path}.\n${next}`,
  };
}

/** Throws REVIEW_INVALID while the review of a run is a draft that somebody has still to complete. */
export async function assertReviewComplete(project: Project, record: RunRecord): Promise<void> {
  const text = await readTextFile(reviewPath(project, record));
  const reading = text === null ? null : parseReview(text, record);
  if (reading?.ok === true) return;
  throw new DeployError('REVIEW_INVALID', {
    reason:
      reading === null
        ? `there is no review of run ${record.runId} yet.`
        : `the review of run ${record.runId} is not complete: ${reading.complaints.length} places are open.`,
    remedy: `Complete ${reviewPath(project, record)} (the places marked "(to complete)"); an agent does it by deploy_review draft and submit.`,
  });
}

async function status(project: Project, record: RunRecord): Promise<OperationResult<unknown>> {
  const acknowledged = await reviewAcknowledgement(project, record.runId);
  const state =
    acknowledged === null
      ? 'not acknowledged yet'
      : `acknowledged by ${acknowledged.by} at ${new Date(acknowledged.atMs).toISOString()}`;
  const path = reviewPath(project, record);
  return {
    data: { runId: record.runId, path, acknowledged: acknowledged !== null },
    text: `The review of run ${record.runId} is ${state}. File: ${path}`,
  };
}

function reviewPath(project: Project, record: RunRecord): string {
  return join(project.directory, '.seatrial', 'reviews', `${record.runId}.md`);
}
