import { z } from 'zod';
import { completeRun } from './complete-run.ts';
import { defineOperation } from './define-operation.ts';
import { runField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openTrustedProject } from './project.ts';
import { findRun } from './project-memory.ts';

export const complete = defineOperation({
  name: 'complete',
  title: 'Complete the story of a run',
  description:
    'After a run that succeeded: marks the workflow state of its story complete, tells the ticket, and writes the summary with the six criteria and their evidence. Doing it again changes nothing. With `completion` in the configuration it is done by itself.',
  tool: false,
  effects: 'changes',
  input: z.object({
    run_id: runField,
    story: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be the name of a folder under docs/stories')
      .optional()
      .describe('Folder of the story; default: as configured, else the only one in the phase deploy'),
  }),
  cli: {
    command: 'complete',
    positional: ['run_id'],
    examples: ['seatrial complete', 'seatrial complete 01j9… --story order-history'],
  },
  run: async ({ run_id, story }, context) => {
    const { clock } = context;
    const project = await openTrustedProject(context);
    const record = await findRun(project, run_id);
    const place = openPlace(project, record.plan.content.environment);
    const { criteria, text, path, statePath, stateChanged } = await completeRun({ place, record, story }, clock.now());
    const commit = stateChanged ? `\nCommit ${statePath} and .seatrial.` : '';
    return {
      data: { runId: record.runId, path, statePath, stateChanged, criteria },
      text: `${text}\nSummary: ${path}${commit}`,
    };
  },
});
