import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeState, workflowPhases } from '../../../src/report/completion/complete-state.ts';
import { completionCriteria } from '../../../src/report/completion/completion-criteria.ts';
import { type CompletionFacts, renderCompletion } from '../../../src/report/completion/render-completion.ts';
import { failedRun, rolledBackRun, succeededRun, unverifiedRun } from '../../fixtures/run-records.ts';

const time = '2026-11-30T10:00:00.000Z';

function completed(text: string | null): string {
  const edit = completeState(text, time);
  if (!edit.ok) throw new Error(edit.reason);
  return edit.text;
}

describe('completeState', () => {
  const usual = `{
  "story": "Order history",
  "slug": "order-history",
  "currentPhase": "deploy",
  "completedPhases": ["understand", "research", "scope", "design", "decompose", "implement", "validate"],
  "startedAt": "2026-11-01T09:00:00Z",
  "cost": 1.50,
  "id": 12345678901234567890,
  "2": "second", "1": "first",
  "nested": { "currentPhase": "mine", "completedAt": null, "list": [1, {"a": "}"}] }
}
`;

  it('sets three fields and keeps every other byte', () => {
    const text = completed(usual);
    expect(JSON.parse(text)).toMatchObject({
      currentPhase: 'complete',
      completedPhases: workflowPhases,
      completedAt: time,
    });
    expect(text).toBe(
      usual
        .replace('"currentPhase": "deploy"', '"currentPhase": "complete"')
        .replace('"validate"]', '"validate", "deploy"]')
        .replace('"list": [1, {"a": "}"}] }\n', `"list": [1, {"a": "}"}] },\n  "completedAt": "${time}"\n`),
    );
    expect(completeState(text, '2027-01-01T00:00:00.000Z')).toEqual({ ok: true, text, changed: false });
  });

  it('keeps phases of somebody else, and the time of what is complete', () => {
    const phases = { currentPhase: 'validate', completedPhases: ['scope', 'party'] };
    expect(JSON.parse(completed(JSON.stringify(phases))).completedPhases).toEqual([...workflowPhases, 'party']);
    const done = JSON.stringify({
      completedAt: '2020-01-01T00:00:00Z',
      currentPhase: 'complete',
      completedPhases: workflowPhases,
    });
    expect(completed(done)).toBe(done);
  });

  it.each([
    [
      'one line',
      '{"a":1}',
      `{"a":1, "currentPhase": "complete", "completedPhases": ${list()}, "completedAt": "${time}"}`,
    ],
    ['empty', '{}', `{\n  "currentPhase": "complete",\n  "completedPhases": ${list()},\n  "completedAt": "${time}"\n}`],
    [
      'CRLF, tabs and a mark',
      '\uFEFF{\r\n\t"a": 1\r\n}',
      `\uFEFF{\r\n\t"a": 1,\r\n\t"currentPhase": "complete",\r\n\t"completedPhases": ${list()},\r\n\t"completedAt": "${time}"\r\n}`,
    ],
  ])('writes into a file that is %s', (_, before, after) => {
    expect(completed(before)).toBe(after);
  });

  function list(): string {
    return `[${workflowPhases.map((phase) => `"${phase}"`).join(', ')}]`;
  }

  it('leaves alone what is no state file', () => {
    expect(completeState('{', time)).toEqual({ ok: false, reason: 'it is not JSON' });
    expect(completeState('[1]', time)).toEqual({ ok: false, reason: 'it is no JSON object' });
    expect(completeState('{"completedPhases":"all"}', time)).toMatchObject({ ok: false });
    expect(JSON.parse(completed(null))).toEqual({
      currentPhase: 'complete',
      completedPhases: workflowPhases,
      completedAt: time,
    });
  });

  it('changes nothing else of any object, and nothing twice', () => {
    const keys = fc.constantFrom('currentPhase', 'completedAt', 'a', '1', 'é"\\', '{', 'x:y');
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.constantFrom(undefined, 2, '\t'), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const after = completed(text);
        const { currentPhase, completedPhases, completedAt, ...rest } = JSON.parse(after);
        const { currentPhase: _, completedPhases: __, completedAt: ___, ...before } = JSON.parse(text);
        expect(rest).toEqual(before);
        expect(Object.keys(JSON.parse(after)).slice(0, Object.keys(object).length)).toEqual(
          Object.keys(JSON.parse(text)),
        );
        expect([currentPhase, completedPhases]).toEqual(['complete', [...workflowPhases]]);
        expect(typeof completedAt).toBe('string');
        expect(completed(after)).toBe(after);
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});

const facts: CompletionFacts = {
  story: {
    slug: 'order-history',
    title: 'Order history',
    summary: 'Customers see what they bought.\n<script>',
    artifacts: [
      { name: 'Design', path: 'docs/stories/order-history/design.md', exists: true },
      { name: 'Tasks', path: 'docs/stories/order-history/tasks.md', exists: false },
    ],
  },
  state: { path: 'docs/stories/order-history/workflow-state.json', complete: true, reason: '' },
  ticket: 'told by webhook',
  reviewAcknowledged: false,
};

describe('the completion of a story', () => {
  it('has the headings of the workflow, in order', () => {
    const { text } = renderCompletion(succeededRun(), facts);
    expect(text.match(/^#+ .+$/gm)).toEqual([
      '## Completed: Order history',
      '### What Was Delivered',
      '### Key Artifacts',
      '### Deployment Details',
      '### Follow-up Items',
      '### Lessons Learned',
      '### Completion Criteria',
    ]);
    expect(text).toContain('- Design: docs/stories/order-history/design.md');
    expect(text).toContain('- Tasks: none (docs/stories/order-history/tasks.md is not there)');
    expect(text).toMatch(
      /- Deployed: 2026-11-04T10:0\d:\d\dZ\n- Environment: production\n- Version\/Commit: 1\.4\.0 \/ 140a/,
    );
    expect(text).toContain('- What went well: ');
    expect(text).toContain('- [ ] Complete the review of the run');
    expect(text).toMatch(/Thank you to everybody/);
    expect(text).not.toContain('<script>');
  });

  it('meets a criterion by evidence only', () => {
    const statuses = (record: Parameters<typeof completionCriteria>[0]): string[] =>
      completionCriteria(record, { ...facts.state, complete: false, reason: 'not there' }).map((one) => one.status);
    expect(statuses(succeededRun())).toEqual(['met', 'met', 'met', 'not verified', 'met', 'not met']);
    expect(statuses(unverifiedRun())).toEqual([
      'not met',
      'not met',
      'not verified',
      'not verified',
      'not met',
      'not met',
    ]);
    expect(statuses(rolledBackRun())[2]).toBe('not met');
    const withSmoke = (status: 'failed' | 'skipped'): string[] => {
      const record = succeededRun();
      const smoke = record.smoke.map((round) => ({
        ...round,
        checks: round.checks.map((one) => ({ ...one, status })),
      }));
      return statuses({ ...record, smoke });
    };
    expect([withSmoke('failed')[1], withSmoke('skipped')[1]]).toEqual(['not met', 'not verified']);
    expect(statuses(failedRun())[0]).toBe('not met');
    for (const criterion of completionCriteria(succeededRun(), facts.state).slice(0, 3))
      expect(criterion.events.length, criterion.name).toBeGreaterThan(0);
  });
});
