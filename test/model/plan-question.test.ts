import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { loadEnvironment } from '../../src/config/load-environment.ts';
import {
  defaultAnswers,
  parseAnswer,
  parseYesNo,
  planQuestions,
  type QuestionId,
} from '../../src/model/plan-question.ts';
import { configText } from '../config/config-text.ts';

const parse = (id: QuestionId, text: string): string => {
  const question = planQuestions.find((one) => one.id === id);
  if (question === undefined) throw new Error(id);
  const parsed = parseAnswer(question, text);
  return parsed.ok ? parsed.answer : `wrong: ${parsed.right}`;
};

describe('the six questions', () => {
  it.each([
    ['priorities', 'None.', 'none'],
    ['risks', ' pay\nments ', 'pay ments'],
    ['experience', 'First', 'first time'],
    ['experience', 'EXPERIENCED', 'experienced'],
    ['experience', 'a lot', 'wrong: first time, some, experienced'],
    ['timeline', 'tight', 'tight'],
    ['timeline', '1h30m', '1h30m'],
    ['timeline', 'soon', 'wrong: normal, tight, or a time such as 45m or 2h'],
    ['compliance', 'No', 'no'],
    ['compliance', 'yes, GDPR', 'yes, GDPR'],
    ['compliance', '\u202E', 'wrong: no, or which ones, such as GDPR'],
    ['constraints', 'x'.repeat(301), 'wrong: at most 300 characters'],
  ] as const)('%s: %s → %s', (id, text, wanted) => {
    expect(parse(id, text)).toBe(wanted);
  });

  it('takes yes and no, and nothing for either', () => {
    expect(['yes', 'Y', 'true', 'no', 'N', 'false', '', 'yeah', 'no way'].map(parseYesNo)).toEqual([
      ...[true, true, true, false, false, false, null, null, null],
    ]);
  });

  it('has defaults from the configuration, each of them an answer', () => {
    const of = (extra: string) => defaultAnswers(loadEnvironment(parseConfig(configText(extra)).config).spec);
    expect(of('')).toEqual({
      priorities: 'none',
      constraints: 'none',
      risks: 'none',
      experience: 'some',
      timeline: 'normal',
      compliance: 'no',
    });
    const strict = of(
      '    gates: { require: [security] }\n    migration: irreversible\n    approval: { how: terminal, approvers: { legalLiaison: radia } }\n',
    );
    expect(strict).toMatchObject({
      priorities: 'security',
      risks: 'migration irreversible: no way back by itself',
      compliance: 'compliance, as the configured approvers say',
    });
    for (const { id } of planQuestions) expect(parse(id, strict[id])).not.toMatch(/^wrong/);
  });
});
