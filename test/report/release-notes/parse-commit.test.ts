import { describe, expect, it } from 'vitest';
import { parseCommit, parseCommits } from '../../../src/report/release-notes/parse-commit.ts';

const commit = (message: string, author = 'Ada', oid = 'a'.repeat(40)) => ({
  oid,
  at: '2026-11-30T10:00:00Z',
  author,
  message,
});
const parse = (message: string) => parseCommit(commit(message));

describe('a commit by the rules of Conventional Commits', () => {
  it.each([
    ['feat(cart): add a basket', { kind: 'feat', scope: 'cart', subject: 'add a basket', breaking: null }],
    ['FIX: no longer fails', { kind: 'fix', scope: null, subject: 'no longer fails' }],
    ['chore(deps): bump x', { kind: 'maintenance', scope: 'deps' }],
    ['Revert "feat: x"', { kind: 'revert', subject: 'Revert "feat: x"' }],
    ['just words', { kind: 'other', scope: null, subject: 'just words' }],
    ['constructor: is no kind of change', { kind: 'other', subject: 'constructor: is no kind of change' }],
    ['wip: half of it', { kind: 'other', subject: 'wip: half of it' }],
    ['', { kind: 'other', subject: 'without a subject' }],
  ])('%j', (message, wanted) => {
    expect(parse(message)).toMatchObject(wanted);
  });

  it('knows what breaks by the mark and by either footer, whose words go before', () => {
    expect(parse('feat!: drop v1')?.breaking).toBe('drop v1');
    expect(parse('feat(api)!: drop v1')?.breaking).toBe('drop v1');
    expect(parse('fix: x\n\nBREAKING CHANGE: the port is\n8080 now\n\nMore words')?.breaking).toBe(
      'the port is 8080 now',
    );
    expect(parse('fix!: x\r\n\r\nBREAKING-CHANGE: y\r\nSigned-off-by: Ada')?.breaking).toBe('y');
    expect(parse('fix: x\n\nno BREAKING CHANGE: here')?.breaking).toBeNull();
  });

  it('tells issues from pull requests, and those of other repositories from ours', () => {
    expect(parse('fix: x (#12)\n\nCloses #7, see other/place#9 and #7')).toMatchObject({
      subject: 'x',
      pulls: [12],
      issues: [7],
    });
    expect(parse('feat: x\n\nSee merge request group/shop!31')).toMatchObject({ pulls: [31], issues: [] });
  });

  it('lists people without their addresses, once', () => {
    const people = parse(
      'fix: x\n\nCo-authored-by: Grace <g@example.org>\nCo-authored-by: Ada <a@b>\nCo-authored-by:\n',
    )?.people;
    expect(people).toEqual(['Ada', 'Grace']);
    expect(parseCommit(commit('fix: x', 'eve@example.org'))?.people).toEqual([]);
  });
});

describe('merges', () => {
  it('count when they say something of their own, and not beside the commit that they bring', () => {
    expect(parse("Merge branch 'main' into x")).toBeNull();
    expect(parse('Merge pull request #5 from a/b\n\nfeat: a basket')).toMatchObject({ kind: 'feat', pulls: [5] });
    const both = parseCommits([
      commit('Merge pull request #5 from a/b\n\nfeat: a basket', 'Ada', 'b'.repeat(40)),
      commit('feat: a basket'),
      commit('fix: another'),
    ]);
    expect(both.map(({ subject, pulls, oid }) => [subject, pulls, oid[0]])).toEqual([
      ['a basket', [5], 'a'],
      ['another', [], 'a'],
    ]);
  });
});

describe('hostile texts', () => {
  it('lose what moves a cursor, hides words or starts HTML', () => {
    const change = parseCommit(
      commit('feat(\u001b[31mred): \u001b]0;x\u0007a\u202eb <script>alert(1)</script> `c`', '<img src=x>\u0000'),
    );
    expect(JSON.stringify(change)).not.toMatch(/[<>`]|\\u00[01]|\u202e/);
  });

  it('are shortened, and take no time however they are made', () => {
    const started = performance.now();
    for (const message of [
      `feat: ${'x'.repeat(1_000_000)}`,
      `feat: x\n\nBREAKING CHANGE: ${'\n \t'.repeat(100_000)}`,
      `feat: x\n\nBREAKING CHANGE: ${'A-'.repeat(100_000)}`,
      `${'feat('.repeat(100_000)}: x`,
      `fix: x\n\n${'Co-authored-by: \n'.repeat(50_000)}`,
      `fix: ${'#'.repeat(300_000)}`,
    ]) {
      const change = parseCommit(commit(message, 'n@'.repeat(500_000)));
      expect(change?.subject.length).toBeLessThanOrEqual(140);
      expect(change?.breaking?.length ?? 0).toBeLessThanOrEqual(400);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
