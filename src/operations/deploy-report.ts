import { z } from 'zod';
import { renderReport } from '../report/deployment-report.ts';
import { reportData } from '../report/report-data.ts';
import { renderStatus } from '../report/status-text.ts';
import { defineOperation } from './define-operation.ts';
import { writeReport } from './finish-run.ts';
import { detailField, environmentField, runField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openProject } from './project.ts';
import { findRun } from './project-memory.ts';

export const deployReport = defineOperation({
  name: 'deploy_report',
  title: 'Report on a run',
  description:
    'Writes the report (Markdown and JSON) from the run record and says where; full: prints it, with its "Could not verify" section.',
  tool: true,
  effects: 'reads',
  input: z.object({ run_id: runField, environment: environmentField, detail: detailField }),
  cli: {
    command: 'report',
    positional: ['run_id'],
    examples: ['seatrial report', 'seatrial report 01j9… --detail full'],
  },
  run: async (input, { projectDirectory, clock }) => {
    const project = await openProject(projectDirectory);
    const record = await findRun(project, input.run_id, input.environment);
    const place = openPlace(project, record.plan.content.environment);
    const paths = await writeReport(place, record);
    const options = { projectName: project.config.service };
    const text =
      input.detail === 'full'
        ? renderReport(record, options)
        : `${renderStatus(record, { nowMs: clock.now(), detail: 'concise' })}\nReport: ${paths.report} and ${paths.reportJson}`;
    return {
      data: {
        runId: record.runId,
        path: paths.report,
        jsonPath: paths.reportJson,
        report: reportData(record, options),
      },
      text,
    };
  },
});
