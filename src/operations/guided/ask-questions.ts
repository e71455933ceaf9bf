import { DeployError } from '../../model/deploy-error.ts';
import type { OperationContext } from '../../model/operation.ts';
import { nearestName } from '../../model/operation-input.ts';
import {
  type Answers,
  howToAnswer,
  type PlanQuestion,
  parseAnswer,
  parseYesNo,
  planQuestions,
  proceedQuestion,
  type QuestionId,
} from '../../model/plan-question.ts';
import { quoteWord } from './split-words.ts';

export type Defaults = Readonly<Record<QuestionId, string>>;

export type Interview =
  | { state: 'answered'; answers: Answers; proceed: boolean | null }
  /** Nobody can be asked from here: these are still to be asked by whoever called. */
  | { state: 'open'; answers: Answers; open: readonly PlanQuestion[] };

/** Times that a question is asked again when its answer is not understood. */
const rounds = 3;

/**
 * The answers to the six questions: those that were handed in, and the others asked of the person at the terminal, or by a
 * form of the client; where neither is there they stay open. Throws INPUT_INVALID for answers that are not understood, with
 * what is right, PLAN_DECLINED and CANCELLED.
 */
export async function askQuestions(
  handedIn: Readonly<Record<string, string>>,
  defaults: Defaults,
  context: OperationContext,
): Promise<Interview> {
  const { answers, proceed } = readAnswers(handedIn);
  const open = planQuestions.filter(({ id }) => answers[id] === undefined);
  if (open.length === 0) return { state: 'answered', answers, proceed };
  if (context.person !== undefined) {
    context.person.show(
      `${open.length} questions tailor this plan. An empty line takes what stands in brackets. They approve nothing.`,
    );
    return { state: 'answered', answers: { ...answers, ...(await askByLine(open, defaults, context)) }, proceed };
  }
  if (context.ask !== undefined)
    return { state: 'answered', answers: { ...answers, ...(await askByForm(open, defaults, context)) }, proceed };
  if (context.caller.door === 'cli') throw needsTerminal();
  return { state: 'open', answers, open };
}

/** The last question: yes, no, or null where nobody can be asked from here. Throws CANCELLED, PLAN_DECLINED. */
export async function askProceed(changes: string, context: OperationContext): Promise<boolean | null> {
  const { person, ask } = context;
  if (person !== undefined) {
    person.show(changes);
    for (;;) {
      const typed = await person.ask(`${proceedQuestion.question} `);
      if (typed === null) throw new DeployError('CANCELLED', { what: 'The plan' });
      const answer = parseYesNo(typed);
      if (answer !== null) return answer;
      person.show('Type yes or no.');
    }
  }
  if (ask === undefined) {
    if (context.caller.door === 'cli') throw needsTerminal();
    return null;
  }
  const reply = await ask({
    message: changes,
    fields: [
      {
        name: proceedQuestion.id,
        title: proceedQuestion.question,
        description: 'No makes no plan. Yes makes it; it approves nothing.',
        choices: ['yes', 'no'],
        defaultValue: null,
      },
    ],
  });
  if (reply.action !== 'accept') throw declined(reply.action);
  return parseYesNo(reply.values[proceedQuestion.id] ?? '') ?? false;
}

/** Answers of a caller, in the form in which the plan keeps them. Throws INPUT_INVALID with every mistake. */
export function readAnswers(handedIn: Readonly<Record<string, string>>): { answers: Answers; proceed: boolean | null } {
  const given = new Map(Object.entries(handedIn));
  const ids: string[] = [...planQuestions.map(({ id }) => id), proceedQuestion.id];
  const mistakes = [...given.keys()]
    .filter((id) => !ids.includes(id))
    .map((id) => {
      const near = nearestName(id, ids);
      return `${JSON.stringify(id.slice(0, 60))} is no question${near === null ? '.' : `; did you mean ${near}?`} Ids: ${ids.join(', ')}.`;
    });
  const answers: Partial<Record<QuestionId, string>> = {};
  for (const question of planQuestions) {
    const text = given.get(question.id);
    if (text === undefined) continue;
    const parsed = parseAnswer(question, text);
    if (parsed.ok) answers[question.id] = parsed.answer;
    else mistakes.push(notUnderstood(question, text, parsed.right));
  }
  const proceed = given.get(proceedQuestion.id);
  const decided = proceed === undefined ? null : parseYesNo(proceed);
  if (proceed !== undefined && decided === null) mistakes.push(`proceed is ${quoteWord(proceed)}; right: yes, no`);
  if (mistakes.length > 0) throw wrongAnswers(mistakes);
  return { answers, proceed: decided };
}

export function declined(action: 'decline' | 'cancel' | 'no'): DeployError {
  const reasons = {
    decline: 'the person declined the questions',
    cancel: 'the questions were closed without an answer',
    no: 'the person said no to these adjustments',
  };
  return new DeployError('PLAN_DECLINED', { reason: reasons[action] });
}

async function askByLine(
  open: readonly PlanQuestion[],
  defaults: Defaults,
  { person }: OperationContext,
): Promise<Answers> {
  const answers: Partial<Record<QuestionId, string>> = {};
  for (const [index, question] of open.entries()) {
    const asked = `${index + 1}/${open.length} ${question.question} (${howToAnswer(question)}) [${defaults[question.id]}] `;
    for (let round = 1; answers[question.id] === undefined; round += 1) {
      const typed = (await person?.ask(asked)) ?? null;
      if (typed === null) throw new DeployError('CANCELLED', { what: 'The plan' });
      const parsed = parseAnswer(question, typed.trim() === '' ? defaults[question.id] : typed);
      if (parsed.ok) answers[question.id] = parsed.answer;
      else if (round === rounds) throw wrongAnswers([notUnderstood(question, typed, parsed.right)]);
      else person?.show(`Not understood. Right: ${parsed.right}.`);
    }
  }
  return answers;
}

async function askByForm(
  open: readonly PlanQuestion[],
  defaults: Defaults,
  { ask }: OperationContext,
): Promise<Answers> {
  const answers: Partial<Record<QuestionId, string>> = {};
  let missing = open;
  let complaint = '';
  for (let round = 1; missing.length > 0; round += 1) {
    const reply = await ask?.({
      message: `${complaint}Questions that tailor this rollout plan. They approve nothing.`,
      fields: missing.map((question) => ({
        name: question.id,
        title: question.question,
        description: `${howToAnswer(question)}. Changes: ${question.changes}.`,
        choices: question.kind === 'choice' ? question.choices : null,
        defaultValue: defaults[question.id],
      })),
    });
    if (reply === undefined || reply.action !== 'accept') throw declined(reply?.action ?? 'cancel');
    const mistakes: string[] = [];
    for (const question of missing) {
      const text = reply.values[question.id]?.trim() || defaults[question.id];
      const parsed = parseAnswer(question, text);
      if (parsed.ok) answers[question.id] = parsed.answer;
      else mistakes.push(notUnderstood(question, text, parsed.right));
    }
    if (mistakes.length > 0 && round === rounds) throw wrongAnswers(mistakes);
    complaint = mistakes.length === 0 ? '' : `Not understood: ${mistakes.join('; ')}. `;
    missing = missing.filter(({ id }) => answers[id] === undefined);
  }
  return answers;
}

function notUnderstood({ id }: PlanQuestion, text: string, right: string): string {
  return `${id} is ${quoteWord(text)}; right: ${right}`;
}

function wrongAnswers(mistakes: readonly string[]): DeployError {
  return new DeployError('INPUT_INVALID', {
    name: 'the answers',
    list: mistakes.map((mistake) => `- ${mistake}`).join('\n'),
    remedy: `Ask the person again, then hand all of them in, such as ${answersExample}.`,
  });
}

/** Answers as a caller hands them in. */
export const answersExample = JSON.stringify({
  priorities: 'security',
  constraints: 'none',
  risks: 'payments',
  experience: 'some',
  timeline: 'normal',
  compliance: 'no',
});

function needsTerminal(): DeployError {
  return new DeployError('INTERACTIVE_NEEDS_TERMINAL', { example: answersExample });
}
