import type { EnvironmentSpec } from './config/environment.ts';
import { positiveDuration } from './config/quantity.ts';
import { cleanGuidance } from './guidance.ts';

export const questionIds = ['priorities', 'constraints', 'risks', 'experience', 'timeline', 'compliance'] as const;
export type QuestionId = (typeof questionIds)[number];
export type Answers = Readonly<Partial<Record<QuestionId, string>>>;

export type PlanQuestion = {
  id: QuestionId;
  question: string;
  why: string;
  /** text: anything. choice: one of `choices`. timeline: one of `choices` or a duration. requirement: "no", or what is required. */
  kind: 'text' | 'choice' | 'timeline' | 'requirement';
  choices: readonly string[];
  /** What the answer changes in the plan. */
  changes: string;
};

const byKeywords = 'words for security, performance, compliance or a tight timeline act as they do in guidance';

/** The six questions of the interactive mode, in the order in which they are asked. */
export const planQuestions: readonly PlanQuestion[] = [
  {
    id: 'priorities',
    question: 'What are your top priorities for this activity?',
    why: 'what matters most is checked and watched first',
    kind: 'text',
    choices: [],
    changes: byKeywords,
  },
  {
    id: 'constraints',
    question: 'What are your biggest constraints?',
    why: 'a limit that nobody names is met in the middle of the rollout',
    kind: 'text',
    choices: [],
    changes: byKeywords,
  },
  {
    id: 'risks',
    question: 'What risks concern you most for this workflow?',
    why: 'whoever approves should know what was feared',
    kind: 'text',
    choices: [],
    changes: byKeywords,
  },
  {
    id: 'experience',
    question: "What's your team's experience level with this type of activity?",
    why: 'a first time deserves a person who looks before everybody gets the release',
    kind: 'choice',
    choices: ['first time', 'some', 'experienced'],
    changes: 'first time: a person lets the run go on before all users get the release; the others: nothing',
  },
  {
    id: 'timeline',
    question: "What's your target timeline?",
    why: 'a watch can be shortened only as far as it still gives evidence',
    kind: 'timeline',
    choices: ['normal', 'tight'],
    changes: 'tight, or a time that is shorter than all watches: as the keywords for a tight timeline; normal: nothing',
  },
  {
    id: 'compliance',
    question: 'Are there compliance or regulatory requirements?',
    why: 'what has to be shown later must be asked before',
    kind: 'requirement',
    choices: ['no'],
    changes: 'anything but "no": as the keywords for compliance, and other keywords in it act too',
  },
];

/** The last question, and the id of its answer. */
export const proceedQuestion = { id: 'proceed', question: 'Proceed with these adjustments? (yes/no)' } as const;

/** Longest answer, in characters. */
export const longestAnswer = 300;

/** An answer in the form in which the plan keeps it, or what would be right. Pure. */
export function parseAnswer(
  question: PlanQuestion,
  given: string,
): { ok: true; answer: string } | { ok: false; right: string } {
  const text = cleanGuidance(given);
  const { kind, choices } = question;
  if (text.length > longestAnswer) return { ok: false, right: `at most ${longestAnswer} characters` };
  if (text === '') return { ok: false, right: howToAnswer(question) };
  if (kind === 'text') return { ok: true, answer: denies(text) ? 'none' : text };
  if (kind === 'requirement') return { ok: true, answer: denies(text) ? 'no' : text };
  const begun = choices.filter((choice) => choice.startsWith(text.toLowerCase()));
  const [choice] = begun;
  if (choice !== undefined && begun.length === 1) return { ok: true, answer: choice };
  if (kind === 'timeline' && timelineMs(text) !== null) return { ok: true, answer: text };
  return { ok: false, right: howToAnswer(question) };
}

/** What may be answered, in words. Pure. */
export function howToAnswer({ kind, choices }: PlanQuestion): string {
  switch (kind) {
    case 'text':
      return 'a few words, or none';
    case 'choice':
      return choices.join(', ');
    case 'timeline':
      return `${choices.join(', ')}, or a time such as 45m or 2h`;
    case 'requirement':
      return 'no, or which ones, such as GDPR';
  }
}

/** Yes, no, or null when it is neither. Pure. */
export function parseYesNo(given: string): boolean | null {
  const text = given.trim().toLowerCase();
  if (/^(?:y|yes|true)$/.test(text)) return true;
  return /^(?:n|no|false)$/.test(text) ? false : null;
}

/** Ms of an answer to the timeline that is a time; null when it is a word. Pure. */
export function timelineMs(answer: string): number | null {
  const parsed = positiveDuration.safeParse(answer);
  return parsed.success ? parsed.data : null;
}

/** What is taken when a question is answered by an empty line, as the environment is configured. Pure. */
export function defaultAnswers({ gates, migration, approval }: EnvironmentSpec): Record<QuestionId, string> {
  const priorities = ['security', 'performance'].filter((gate) => gates.require.includes(gate));
  const asked = [...Object.keys(approval?.approvers ?? {}), ...(approval?.roles ?? [])];
  const regulated = asked.includes('legalLiaison') || asked.includes('privacyOfficer');
  const oneWay = migration === 'contract' || migration === 'irreversible';
  return {
    priorities: priorities.length === 0 ? 'none' : priorities.join(', '),
    constraints: 'none',
    risks: oneWay ? `migration ${migration}: no way back by itself` : 'none',
    experience: 'some',
    timeline: 'normal',
    compliance: regulated ? 'compliance, as the configured approvers say' : 'no',
  };
}

function denies(text: string): boolean {
  return /^(?:no|none|nothing|nope|n|n\/a|-|no compliance|not applicable)[.!]?$/i.test(text);
}
