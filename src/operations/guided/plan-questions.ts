import { z } from 'zod';
import { loadConfig } from '../../config/load-config.ts';
import { loadEnvironment } from '../../config/load-environment.ts';
import { defaultAnswers, planQuestions } from '../../model/plan-question.ts';
import { defineOperation } from '../define-operation.ts';
import { environmentField } from '../inputs.ts';
import { askQuestions } from './ask-questions.ts';
import { renderQuestions } from './question-text.ts';

export const planQuestionsOperation = defineOperation({
  name: 'plan_questions',
  title: 'The six questions of --interactive',
  description:
    'Prints the questions that tailor a plan, what may be answered, what each answer changes, and what an empty answer takes here. With --ask a person at a terminal answers them. Changes nothing and approves nothing.',
  tool: false,
  effects: 'reads',
  input: z.object({
    environment: environmentField,
    ask: z.boolean().optional().describe('Ask them, and print the answers as --answers of `seatrial plan` takes them'),
  }),
  cli: {
    command: 'questions',
    positional: [],
    examples: ['seatrial questions', 'seatrial questions --ask --env production'],
  },
  run: async (input, context) => {
    const { config } = await loadConfig(context.projectDirectory);
    const { name, spec } = loadEnvironment(config, input.environment);
    const defaults = defaultAnswers(spec);
    if (input.ask !== true)
      return {
        data: { environment: name, questions: planQuestions, defaults },
        text: [`Questions for ${name}:`, ...renderQuestions(planQuestions, defaults)].join('\n'),
      };
    const { answers } = await askQuestions({}, defaults, context);
    return { data: { environment: name, answers }, text: `Answers: ${JSON.stringify(answers)}` };
  },
});
