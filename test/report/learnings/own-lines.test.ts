import { describe, expect, it } from 'vitest';
import type { GateDecision } from '../../../src/model/gate-decision.ts';
import { loadCatalogue } from '../../../src/operations/learnings-files.ts';
import type { Note } from '../../../src/report/learnings/note.ts';
import { createOwnLines } from '../../../src/report/learnings/own-lines.ts';
import { renderLearnings } from '../../../src/report/learnings/render-learnings.ts';
import { dayEntry } from '../../fixtures/learnings-project.ts';

const catalogue = await loadCatalogue();
const history = Array.from({ length: 60 }, (_, index) =>
  dayEntry(index, {
    pitfalls: index % 2 === 0 ? ['silent-deploy', 'rollback-needed'] : [],
    patterns: ['automatic-rollback'],
  }),
);
const noteOf = (id: string, more: Partial<Note>): Note => ({
  id,
  kind: 'lesson',
  title: id,
  pitfall: null,
  runId: null,
  by: 'ada',
  at: '',
  text: `what was learned in ${id} of the many things that there are`,
  ...more,
});
const notes = [
  noteOf('one', {}),
  noteOf('two', { pitfall: 'silent-deploy' }),
  noteOf('three', { kind: 'cause', runId: 'run-00058' }),
  noteOf('four', {}),
];
const decision: GateDecision = {
  v: 1,
  pitfall: 'silent-deploy',
  check: 'notify',
  action: 'accepted',
  environments: ['production'],
  runs: ['run-00058', 'run-00056', 'run-00054'],
  by: 'ada',
  how: 'terminal',
  at: '2026-11-30T10:00:00.000Z',
};
const now = renderLearnings({ catalogue, history, notes, decisions: [decision] });
const isOwn = createOwnLines({ fresh: now, history, notes, decisions: [decision] });

describe('the lines of neighbouring states of a project', () => {
  // What another branch had rendered: other runs in the window, notes and decisions that were not there yet, files set aside.
  it.each([
    ['nothing yet', renderLearnings({ catalogue, history: [] })],
    ['the first runs', renderLearnings({ catalogue, history: history.slice(0, 7) })],
    ['other instances', renderLearnings({ catalogue, history: history.slice(0, 40), notes })],
    ['a proposal', renderLearnings({ catalogue, history: history.slice(3, 30), notes: notes.slice(0, 2) })],
    ['a gate that has faded', renderLearnings({ catalogue, history: [dayEntry(900)], decisions: [decision] })],
    ['a file set aside', renderLearnings({ catalogue, history, setAside: ['history/2026-11/x.json'] })],
    ['a smaller window', renderLearnings({ catalogue, history, size: { runs: 5, withinMs: 86_400_000 } })],
  ])('are seatrial’s: %s', (_name, text) => {
    expect(text.split('\n').filter((line) => !isOwn(line))).toEqual([]);
  });

  it.each([
    'Ask Ada first.',
    '- none of this helps',
    '1. Document the rollback steps',
    '> Rendered by somebody',
    '**Gate**: `notify` must pass (production), accepted by eve on 2026-11-30',
    '**Last seen**: Never, luckily',
    '| Rollback frequency | <5% | 1% | - | mine |',
    '| My metric | 1 | 2 | 3 |',
    '- 2026-11-06 1.4.0 to production by canary: succeeded, run run-00002, and it rained',
    '  > what was learned in five (ada)',
  ])('are not: %s', (line) => {
    expect(isOwn(line)).toBe(false);
  });
});
