import { type FocusName, focusOf, type Guided, unchanged } from '../model/guidance.ts';
import type { PlanContent } from '../model/plan.ts';
import { quoteArgument } from './quote-argument.ts';

/**
 * What guidance and answers change in a plan, under a heading that says so; empty where nothing was said. `quote` shows texts
 * of people: for reading as they are, for approving with every character visible. Pure.
 */
export function renderGuided(
  { guidance, guided }: Pick<PlanContent, 'guidance' | 'guided'>,
  quote: (text: string) => string = JSON.stringify,
): string[] {
  if (guided === undefined) return guidance === null ? [] : [`Guidance: ${quote(guidance)}`];
  const { answers, foci } = guided;
  // Six answers that change nothing are read at a glance.
  if (guidance === null && foci.length === 0 && answers.every(({ changes }) => changes === unchanged))
    return [
      `Answers: ${answers.map(({ id, answer }) => `${id} ${quote(answer)}`).join('; ')} → nothing changed, kept as a note`,
    ];
  return [
    ...(guidance === null ? [] : [`Guidance: ${quote(guidance)}`]),
    ...renderAnswers(guided, quote),
    `${headingOf(guidance, guided)}: ${foci.map(({ focus, words }) => describeFocus(focus, words)).join('; ') || 'no keyword in it'}`,
    ...renderChanges(guided),
  ];
}

/** Because of what: the guidance, the answers, or both. */
function headingOf(guidance: string | null, { answers }: Guided): string {
  if (answers.length === 0) return 'Because of the guidance';
  return guidance === null ? 'Because of the answers' : 'Because of the guidance and the answers';
}

/** Each change on a line of its own; says so when nothing changed. Pure. */
export function renderChanges({ checks, reviewers, changes, reports }: Guided): string[] {
  const lines = [
    ...changes.map((change) => `- ${change}`),
    ...checks.map(({ id, because }) => `- must pass before it starts: ${id} (${because.join(', ')})`),
    ...reviewers.map(
      ({ reviewer, who, required, reason, because }) =>
        `- reviewer ${reviewer}${who === null ? '' : ` ${quoteArgument(who)}`} (${because.join(', ')}): ${required ? 'REQUIRED, ' : ''}${reason}`,
    ),
    ...reports.map((report) => `- the deployment report adds ${report}`),
  ];
  return lines.length === 0 ? ['- nothing changed: it is kept as a note'] : lines;
}

function renderAnswers({ answers }: Guided, quote: (text: string) => string): string[] {
  if (answers.length === 0) return [];
  return ['Answers:', ...answers.map(({ id, answer, changes }) => `- ${id}: ${quote(answer)} → ${changes}`)];
}

function describeFocus(focus: FocusName, words: readonly string[]): string {
  return `${focusOf(focus).title} (${words.map((word) => `“${word}”`).join(', ')})`;
}
