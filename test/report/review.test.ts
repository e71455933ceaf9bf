import { describe, expect, it } from 'vitest';
import { deriveHistory } from '../../src/report/history-entry.ts';
import { parseReview } from '../../src/report/parse-review.ts';
import { suggestRating } from '../../src/report/rating.ts';
import { renderReviewDraft } from '../../src/report/review-draft.ts';
import {
  reviewBody,
  reviewHeadings,
  reviewPlaceholder,
  withAcknowledgement,
} from '../../src/report/review-headings.ts';
import type { ReviewDocument } from '../../src/report/review-improvements.ts';
import { readReviewPatches } from '../../src/report/review-patches.ts';
import { allRuns, rolledBackRun, succeededRun } from '../fixtures/run-records.ts';

const documents: ReviewDocument[] = [
  { role: 'guidelines', path: 'docs/technical/deployment-guidelines.md', text: null },
  {
    role: 'checklist',
    path: 'docs/deployment/pre-deployment-checklist.md',
    text: '# Checklist\n\n## Before: staging\n\n- [ ] x\n',
  },
  { role: 'standards', path: 'docs/technical/operations-standards.md', text: null },
  { role: 'implementation', path: 'docs/technical/use-case-implementation-guidelines.md', text: null },
];
const record = rolledBackRun();
const draft = renderReviewDraft(record, deriveHistory(record, { commitAt: null }), documents);
const completed = draft.replaceAll(reviewPlaceholder, 'none');

describe('renderReviewDraft', () => {
  it('has the four steps in order for every outcome and is taken once it is completed', () => {
    for (const run of Object.values(allRuns())) {
      const text = renderReviewDraft(run, deriveHistory(run, { commitAt: null }), documents);
      expect(text.match(/^## .+$/gm)).toEqual(reviewHeadings.map((heading) => `## ${heading}`));
      const reading = parseReview(text.replaceAll(reviewPlaceholder, 'none'), run);
      expect(reading.complaints).toEqual([]);
      expect(reading.ok).toBe(true);
    }
  });

  it('names document, section and wording in the order of priority, with the formula of the rating', () => {
    expect(draft.indexOf('docs/technical/deployment-guidelines.md')).toBeLessThan(
      draft.indexOf('docs/deployment/pre-deployment-checklist.md'),
    );
    expect(draft).toContain('Wording, ready to paste');
    expect(draft).toContain('- Rating: 5/10');
    expect(draft).toContain('10 − 4 (outcome rolled_back) − 1 (2 lesser pitfalls, ½ each: ');
    expect(draft).toContain('rollback-needed: add to “common deployment pitfalls”');
  });

  it('stays within 1–10', () => {
    for (const run of Object.values(allRuns())) {
      const { value } = suggestRating(deriveHistory(run, { commitAt: null }));
      expect(value).toBeGreaterThanOrEqual(1);
      expect(value).toBeLessThanOrEqual(10);
    }
    expect(suggestRating(deriveHistory(succeededRun(), { commitAt: null })).value).toBe(9);
  });
});

describe('parseReview', () => {
  const complaintsOf = (text: string): string[] => parseReview(text, record).complaints;
  /** One more bullet in the reflection. */
  const with1 = (line: string): string =>
    completed.replace('\n### What worked well', `${line}\n\n### What worked well`);

  it('asks for what only people know', () => {
    expect(complaintsOf(draft).filter((complaint) => complaint.includes(reviewPlaceholder)).length).toBe(2);
  });

  it('complains about a claim without an event, and says which may be meant', () => {
    const [complaint, ...more] = complaintsOf(with1('- The rollback restored traffic quickly.'));
    expect(more).toEqual([]);
    expect(complaint).toMatch(/^line \d+: it cites no event.*may be meant: #\d+/);
    expect(complaintsOf(with1('- The rollback restored traffic quickly. (opinion)'))).toEqual([]);
    expect(complaintsOf(with1('- The rollback restored traffic quickly (#24).'))).toEqual([]);
  });

  it('complains about an event that does not exist', () => {
    expect(complaintsOf(completed.replace('(#36)', '(#999)')).join()).toContain('#999 is no event of this run');
  });

  it.each([
    ['a number of another size', '- Users were off the candidate after 61ms (#24).', '#24 does not say "61ms"'],
    ['a unit of another size', '- Users were off the candidate after 95s (#24).', '#24 does not say "95s"'],
    ['the number of another event', '- 140 requests went to the candidate (#24).', '#24 does not say "140"'],
    ['a share', '- The canary failed 9.9 % of its requests (#20).', '#20 does not say "9.9 %"'],
    ['a version', '- Users went back to 1.2.9 (#24).', '#24 does not say "1.2.9"'],
    ['a moment', '- It began at 11:00:00 (#0).', '#0 does not say "11:00:00"'],
    ['a type', '- A step_failed was seen (#24).', '#24 does not say "step_failed"'],
    ['a type in code', '- A `held` was seen (#24).', '#24 does not say "held"'],
    ['an outcome', '- The run ended `succeeded` (#37).', '#37 does not say "succeeded"'],
    ['prose', 'There were 3 outages.', 'it cites no event'],
    ['a table', '| outages | 3 |', 'it cites no event'],
    ['a quotation', '> There were 3 outages', 'it cites no event'],
    ['a numbered list', '1. There were 3 outages', 'it cites no event'],
  ])('complains about %s that the events do not say', (_, line, complaint) => {
    expect(complaintsOf(with1(`\n${line}`)).join('\n')).toContain(complaint);
  });

  it.each([
    '- Users were off the candidate after 95 ms (#24).',
    '- Users were off the candidate after 0.1 s (#24).',
    '- The canary failed 8 % of 140 requests (#20, #36).',
    '- The canary failed 7.9 percent of its requests (#20).',
    '- 1.5.0 began at 2026-11-04T10:00:00Z, users went back to 1.3.0 (#0, #24).',
    '- A `decision` and then rollback_started (#20, #21).',
    '- The run ended rolled_back (#37).',
    '- Two sentences. The second says 140 requests,\n  and goes on to a third line (#36).',
    '- From the decision to the end it took 95 ms and more (#20, #24).',
  ])('takes %s', (line) => {
    expect(complaintsOf(with1(line))).toEqual([]);
  });

  it('names the events that say what a claim says', () => {
    const [complaint] = complaintsOf(with1('- 140 requests went to the candidate (#24).'));
    expect(complaint).toMatch(/may be meant: #19, #36/);
  });

  it('lets nothing hide in a fenced block', () => {
    expect(complaintsOf(with1('\n### More\n\n```\nThere were 3 outages.\n```')).join()).toContain('under a bullet');
    expect(complaintsOf(`${completed}\n\`\`\`\nThere were`).join()).toContain('not closed');
  });

  it('complains about a missing heading, a missing rating and one out of range', () => {
    expect(complaintsOf(completed.replace('## Step 3', '## Step three')).join()).toContain(
      'Step 3: Process & Documentation Improvements',
    );
    expect(complaintsOf(completed.replace('### Friction', '### Fiction')).join()).toContain('### Friction');
    expect(parseReview(completed.replace('Rating: 5/10', 'Rating: 11/10'), record)).toMatchObject({
      ok: false,
      rating: null,
    });
    expect(complaintsOf(completed.replace(/- Why: .*/, '')).join()).toContain('not explained');
    expect(complaintsOf('')).toHaveLength(9);
  });

  it('wants lessons with why and example, one to three actions, and flags', () => {
    expect(complaintsOf(completed.replace(/- \*\*Example\*\*.*/, '')).join()).toContain('Lesson 1 has no');
    const actions = '### Actions before the next deployment\n';
    expect(complaintsOf(completed.replace(actions, `${actions}- a\n- b\n- c\n`)).join()).toContain('1 to 3 are asked');
    expect(complaintsOf(completed.replace(/### Flags[\s\S]*$/, '### Flags\n')).join()).toContain('nothing to flag');
  });

  it('does not look into wording to paste, and reads its patches', () => {
    expect(complaintsOf(completed.replace('```markdown', '```markdown\n- see (#12345)'))).toEqual([]);
    expect(readReviewPatches(completed).patches.map((patch) => [patch.path, patch.creates])).toEqual([
      ['docs/technical/deployment-guidelines.md', true],
      ['docs/deployment/pre-deployment-checklist.md', false],
    ]);
    const bad = completed.replace('+++ b/docs/technical/', '+++ b/../');
    expect(complaintsOf(bad).join()).toContain('lie inside the project');
  });

  it.each([
    '/etc/motd.md',
    'C:/guide.md',
    'docs/../../guide.md',
    '.git/hooks/x.md',
    'node_modules/x/readme.md',
    'seatrial.yaml',
    'docs//x.md',
    'docs\\x.md',
  ])('refuses a patch of %s', (path) => {
    const patch = `\n\`\`\`diff\n--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+x\n\`\`\`\n`;
    const read = readReviewPatches(`## Step 3: x\n${patch}`);
    expect(read).toMatchObject({ patches: [], complaints: [{ line: 3 }] });
  });

  it('takes a review with CRLF and a byte order mark', () => {
    expect(complaintsOf(`\uFEFF${completed.replaceAll('\n', '\r\n')}`)).toEqual([]);
  });

  it('lets nobody write the acknowledgement but a person', () => {
    expect(complaintsOf(`${completed}\n## Acknowledgement\n\n- Acknowledged by ada\n`).join()).toContain('only an ack');
    const signed = withAcknowledgement(completed, { by: 'ada\n## x', atMs: 0 });
    expect(reviewBody(signed)).toBe(completed);
    expect(signed).toContain('- Acknowledged by ada ## x, 1970-01-01T00:00:00.000Z');
  });
});
