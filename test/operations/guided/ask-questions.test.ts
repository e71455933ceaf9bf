import { describe, expect, it } from 'vitest';
import type { FormReply, OperationContext, QuestionForm } from '../../../src/model/operation.ts';
import { planQuestions } from '../../../src/model/plan-question.ts';
import { askProceed, askQuestions, readAnswers } from '../../../src/operations/guided/ask-questions.ts';
import { renderOpenProceed, renderOpenQuestions } from '../../../src/operations/guided/question-text.ts';
import { createVirtualClock } from '../../fixtures/virtual-clock.ts';

const defaults = {
  priorities: 'none',
  constraints: 'none',
  risks: 'none',
  experience: 'some',
  timeline: 'normal',
  compliance: 'no',
} as const;
const all = { ...defaults, priorities: 'security', compliance: 'GDPR' };

function contextOf(door: 'cli' | 'mcp', more: Partial<OperationContext> = {}): OperationContext {
  return {
    projectDirectory: '/p',
    caller: { door, name: 'ada', client: null, interactive: door === 'cli' },
    clock: createVirtualClock(),
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  };
}

function atTerminal(answers: Array<string | null>): { context: OperationContext; asked: string[]; shown: string[] } {
  const [asked, shown, left]: [string[], string[], Array<string | null>] = [[], [], [...answers]];
  const person = {
    show: (text: string) => void shown.push(text),
    ask: async (question: string) => {
      asked.push(question);
      return left.shift() ?? null;
    },
  };
  return { context: contextOf('cli', { person }), asked, shown };
}

function byForm(replies: FormReply[]): { context: OperationContext; forms: QuestionForm[] } {
  const forms: QuestionForm[] = [];
  const left = [...replies];
  const ask = async (form: QuestionForm): Promise<FormReply> => {
    forms.push(form);
    return left.shift() ?? { action: 'cancel' };
  };
  return { context: contextOf('mcp', { ask }), forms };
}

describe('the six questions at a terminal', () => {
  it('are asked one by one, with what an empty line takes', async () => {
    const { context, asked } = atTerminal(['security', '', '', '', 'tight', 'GDPR']);
    expect(await askQuestions({}, defaults, context)).toEqual({
      state: 'answered',
      answers: { ...defaults, priorities: 'security', timeline: 'tight', compliance: 'GDPR' },
      proceed: null,
    });
    expect(asked).toHaveLength(6);
    for (const [index, { question }] of planQuestions.entries())
      expect(asked[index]).toContain(`${index + 1}/6 ${question}`);
    expect(asked[3]).toMatch(/\(first time, some, experienced\) \[some\] $/);
  });

  it('are asked again when an answer is not understood, and refused at the third time', async () => {
    const again = atTerminal(['', '', '', 'expert', 'first', '', '']);
    expect(await askQuestions({}, defaults, again.context)).toMatchObject({ answers: { experience: 'first time' } });
    expect(again.shown.at(-1)).toBe('Not understood. Right: first time, some, experienced.');
    const never = atTerminal(['', '', '', 'a', 'b', 'c']);
    await expect(askQuestions({}, defaults, never.context)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('experience is "c"; right: first time, some, experienced'),
    });
  });

  it('are cancelled when the person leaves, and need a person', async () => {
    await expect(askQuestions({}, defaults, atTerminal(['', null]).context)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    for (const ask of [askQuestions({}, defaults, contextOf('cli')), askProceed('x', contextOf('cli'))])
      await expect(ask).rejects.toMatchObject({
        code: 'INTERACTIVE_NEEDS_TERMINAL',
        remedy: expect.stringContaining('--answers'),
      });
  });

  it('end with yes or no, and take nothing for either', async () => {
    const { context, shown } = atTerminal(['perhaps', '', 'yes']);
    expect(await askProceed('what changes', context)).toBe(true);
    expect(shown).toEqual(['what changes', 'Type yes or no.', 'Type yes or no.']);
    expect(await askProceed('x', atTerminal(['no']).context)).toBe(false);
    await expect(askProceed('x', atTerminal([null]).context)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the six questions through a client', () => {
  it('stand in one form, with their defaults; what is left empty takes them', async () => {
    const { context, forms } = byForm([{ action: 'accept', values: { priorities: 'security', risks: ' ' } }]);
    expect(await askQuestions({}, defaults, context)).toMatchObject({
      answers: { ...defaults, priorities: 'security' },
    });
    expect(forms[0]?.fields.map(({ name, defaultValue }) => [name, defaultValue])).toEqual(Object.entries(defaults));
    expect(forms[0]?.fields.find(({ name }) => name === 'experience')?.choices).toEqual([
      'first time',
      'some',
      'experienced',
    ]);
  });

  it('are asked again for what is not understood, alone', async () => {
    const { context, forms } = byForm([
      { action: 'accept', values: { timeline: 'soon' } },
      { action: 'accept', values: { timeline: '2h' } },
    ]);
    expect(await askQuestions({}, defaults, context)).toMatchObject({ answers: { timeline: '2h' } });
    expect(forms[1]?.fields.map(({ name }) => name)).toEqual(['timeline']);
    expect(forms[1]?.message).toContain('timeline is "soon"; right: normal, tight');
  });

  it.each(['decline', 'cancel'] as const)('make no plan after a %s', async (action) => {
    await expect(askQuestions({}, defaults, byForm([{ action }]).context)).rejects.toMatchObject({
      code: 'PLAN_DECLINED',
    });
    await expect(askProceed('x', byForm([{ action }]).context)).rejects.toMatchObject({ code: 'PLAN_DECLINED' });
  });

  it('take only a yes for a yes', async () => {
    const proceed = (values: Record<string, string>) =>
      askProceed('what changes', byForm([{ action: 'accept', values }]).context);
    expect(await proceed({ proceed: 'yes' })).toBe(true);
    expect(await proceed({ proceed: 'no' })).toBe(false);
    expect(await proceed({})).toBe(false);
  });

  it('are not asked again when they were handed in', async () => {
    const { context, forms } = byForm([]);
    expect(await askQuestions({ ...all, proceed: 'yes' }, defaults, context)).toEqual({
      state: 'answered',
      answers: all,
      proceed: true,
    });
    expect(forms).toEqual([]);
  });
});

describe('the six questions for an agent', () => {
  it('stay open, and what was answered is kept', async () => {
    const interview = await askQuestions({ priorities: 'speed' }, defaults, contextOf('mcp'));
    if (interview.state !== 'open') throw new Error('answered by nobody');
    expect(interview.open.map(({ id }) => id)).toEqual([
      'constraints',
      'risks',
      'experience',
      'timeline',
      'compliance',
    ]);
    const text = renderOpenQuestions(interview, defaults);
    for (const { id, question } of interview.open) expect(text).toContain(`${id}: ${question}`);
    expect(text).toContain('{"priorities":"speed","constraints":"…"');
    expect(await askProceed('changes', contextOf('mcp'))).toBeNull();
    expect(renderOpenProceed('changes', all)).toMatch(/"compliance":"GDPR","proceed":"yes or no"/);
  });

  it('refuse what is no question and what is no answer, all at once', () => {
    expect(() => readAnswers({ prioritys: 'x', experience: 'lots', proceed: 'ok' })).toThrow(
      /"prioritys" is no question; did you mean priorities\?[\s\S]*experience is "lots"; right: first time[\s\S]*proceed is "ok"; right: yes, no/,
    );
    expect(() => readAnswers(JSON.parse('{"__proto__": "x", "constructor": "y"}'))).toThrow(/is no question/);
    expect(readAnswers({ risks: 'x', proceed: 'no' })).toEqual({ answers: { risks: 'x' }, proceed: false });
  });
});
