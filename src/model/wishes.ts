import { type FocusName, findFoci, focusNames, focusOf, type Guided, unchanged } from './guidance.ts';
import { type Answers, planQuestions, timelineMs } from './plan-question.ts';

/** What a person asked for beside version and strategy. */
export type Wishes = {
  /** One line, cleaned; null when nothing was said. */
  guidance: string | null;
  /** The six questions' answers in the form in which they are kept; null when they were not asked. */
  answers: Answers | null;
};

/** Wishes as the plan can follow them. */
export type ReadWishes = {
  foci: Guided['foci'];
  /** Ids of checks that must pass, and the foci that ask for each. */
  checks: Guided['checks'];
  /** A person looks before all users get the release. */
  personGate: boolean;
  /** All watches together should take no longer than this; null when nobody said. */
  budgetMs: number | null;
  /** The answers with what each of them changed. */
  answers: Guided['answers'];
};

/** What guidance and answers ask for. Any text without a keyword asks for nothing. Pure. */
export function readWishes({ guidance, answers }: Wishes): ReadWishes {
  const told = planQuestions.flatMap(({ id, question }) => {
    const answer = answers?.[id];
    return answer === undefined ? [] : [{ id, question, answer, found: fociOfAnswer(id, answer) }];
  });
  const timeline = answers?.timeline;
  const foci = merge([...findFoci(guidance ?? ''), ...told.flatMap(({ found }) => found)]);
  return {
    foci,
    checks: demandedChecks(foci),
    personGate: answers?.experience === 'first time',
    budgetMs: timeline === undefined ? null : timelineMs(timeline),
    answers: told.map(({ id, question, answer, found }) => ({
      id,
      question,
      answer,
      changes: describeChange(id, answer, found),
    })),
  };
}

function fociOfAnswer(id: string, answer: string): Guided['foci'] {
  switch (id) {
    case 'experience':
      return [];
    case 'timeline':
      return answer === 'tight' ? [{ focus: 'timeline', words: ['tight'] }] : [];
    case 'compliance': {
      if (answer === 'no') return [];
      const found = findFoci(answer);
      return found.some(({ focus }) => focus === 'compliance')
        ? found
        : [...found, { focus: 'compliance', words: ['a requirement was named'] }];
    }
    default:
      return findFoci(answer);
  }
}

function describeChange(id: string, answer: string, found: Guided['foci']): string {
  if (id === 'experience')
    return answer === 'first time' ? 'a person looks before all users get the release' : unchanged;
  if (id === 'timeline' && timelineMs(answer) !== null) return 'all watches together are held against it';
  return found.length === 0 ? unchanged : `focus ${found.map(({ focus }) => focusOf(focus).title).join(', ')}`;
}

function merge(found: Guided['foci']): Guided['foci'] {
  return focusNames.flatMap((name) => {
    const words = found.filter(({ focus }) => focus === name).flatMap((one) => one.words);
    return words.length === 0 ? [] : [{ focus: name, words: [...new Set(words)] }];
  });
}

function demandedChecks(found: ReadonlyArray<{ focus: FocusName }>): Guided['checks'] {
  const asked = found.map(({ focus }) => focusOf(focus));
  const ids = [...new Set(asked.flatMap(({ checks }) => checks))];
  return ids.map((id) => ({
    id,
    because: asked.filter(({ checks }) => checks.includes(id)).map(({ title }) => title),
  }));
}
