import { z } from 'zod';
import { explainEnvironment, renderExplanation } from '../config/explain.ts';
import { loadConfig } from '../config/load-config.ts';
import { loadEnvironment } from '../config/load-environment.ts';
import { hasEnrolledApprover } from './approver-list.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';

export const explain = defineOperation({
  name: 'explain',
  title: 'What the configuration means',
  description: 'Every setting with its value and where it comes from, and what a ship would do.',
  tool: false,
  effects: 'reads',
  input: z.object({ environment: environmentField }),
  cli: { command: 'explain', positional: [], examples: ['seatrial explain', 'seatrial explain --environment staging'] },
  run: async (input, { projectDirectory }) => {
    const loaded = { ...(await loadConfig(projectDirectory)), enrolled: await hasEnrolledApprover() };
    const { name } = loadEnvironment(loaded.config, input.environment);
    return { data: explainEnvironment(loaded, name), text: renderExplanation(loaded, name) };
  },
});
