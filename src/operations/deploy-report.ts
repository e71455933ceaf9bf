import { z } from 'zod';
import type { OperationResult } from '../model/operation.ts';
import type { RunRecord } from '../model/run-record.ts';
import { renderReport } from '../report/deployment-report.ts';
import { reportData } from '../report/report-data.ts';
import { renderStatus } from '../report/status-text.ts';
import { fileExists } from '../system/files.ts';
import { describeCompletion } from './complete-run.ts';
import { defineOperation } from './define-operation.ts';
import { reportOptions, reportPath } from './finish-run.ts';
import { detailField, environmentField, runField } from './inputs.ts';
import { openPlace, type Place } from './place.ts';
import { locateProject, openProjectOfRun } from './project.ts';
import { findRun } from './project-memory.ts';

export const deployReport = defineOperation({
  name: 'deploy_report',
  title: 'Report on a run',
  description:
    'How a run went, from its record: outcome, evidence, and where the report lies (Markdown and JSON). full: the whole report, with its "Could not verify" section.',
  tool: true,
  effects: 'reads',
  input: z.object({
    kind: z
      .enum(['report', 'completion'])
      .default('report')
      .describe('completion: the summary of the story that it completes'),
    run_id: runField,
    environment: environmentField,
    detail: detailField,
  }),
  cli: {
    command: 'report',
    positional: ['run_id'],
    examples: ['seatrial report', 'seatrial report 01j9… --detail full', 'seatrial report --kind completion'],
  },
  run: async (input, { projectDirectory, caller, clock }) => {
    const located = await locateProject(projectDirectory);
    const record = await findRun(located, input.run_id, input.environment);
    const project = await openProjectOfRun(located, record.runId);
    const place = openPlace(project, record.plan.content.environment);
    if (input.kind === 'completion') return showCompletion(place, record);
    const options = reportOptions(place);
    const path = reportPath(project, record.runId);
    const written = await fileExists(path);
    const where = written ? `Report: ${path} (and .json)` : 'The report is written when the run has ended.';
    const reader = caller.door === 'cli' ? 'person' : 'agent';
    const text =
      input.detail === 'full'
        ? renderReport(record, options)
        : `${renderStatus(record, { nowMs: clock.now(), detail: 'concise', reader })}\n${where}`;
    return { data: { runId: record.runId, path: written ? path : null, report: reportData(record, options) }, text };
  },
});

async function showCompletion(place: Place, record: RunRecord): Promise<OperationResult<unknown>> {
  const { criteria, text, statePath } = await describeCompletion({ place, record, story: undefined });
  return { data: { runId: record.runId, statePath, criteria }, text };
}
