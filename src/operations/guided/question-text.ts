import {
  type Answers,
  howToAnswer,
  type PlanQuestion,
  planQuestions,
  proceedQuestion,
} from '../../model/plan-question.ts';
import type { Defaults } from './ask-questions.ts';

/** The questions that are still open, for an agent that asks them of the person. Pure. */
export function renderOpenQuestions(
  { open, answers }: { open: readonly PlanQuestion[]; answers: Answers },
  defaults: Defaults,
): string {
  return [
    `No plan yet: ask the person these ${open.length} questions, in their words, and do not answer for them.`,
    ...renderQuestions(open, defaults),
    `Then call rollout_plan again with interactive: true and answers: ${shape(answers, open)}`,
    'It shows what the answers change and asks the last question. Answers approve nothing.',
  ].join('\n');
}

/** The questions with what may be answered and what each answer changes. Pure. */
export function renderQuestions(questions: readonly PlanQuestion[], defaults: Defaults): string[] {
  return questions.flatMap((question, index) => [
    `${index + 1}. ${question.id}: ${question.question}`,
    `   answer: ${howToAnswer(question)} (default: ${defaults[question.id]}); why: ${question.why}`,
    `   changes: ${question.changes}`,
  ]);
}

/** What the answers change, and the last question, for an agent that asks it of the person. Pure. */
export function renderOpenProceed(changes: string, answers: Answers): string {
  return [
    'No plan yet: show this to the person and ask the last question.',
    changes,
    proceedQuestion.question,
    `Then call rollout_plan again with the same input and answers: ${JSON.stringify({ ...ordered(answers), [proceedQuestion.id]: 'yes or no' })}. "no" makes no plan; "yes" approves nothing.`,
  ].join('\n');
}

function shape(answers: Answers, open: readonly PlanQuestion[]): string {
  return JSON.stringify({ ...ordered(answers), ...Object.fromEntries(open.map(({ id }) => [id, '…'])) });
}

function ordered(answers: Answers): Record<string, string> {
  return Object.fromEntries(
    planQuestions.flatMap(({ id }) => {
      const answer = answers[id];
      return answer === undefined ? [] : [[id, answer] as const];
    }),
  );
}
