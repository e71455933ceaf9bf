import { describe, expect, it } from 'vitest';
import { deriveHistory } from '../../src/report/history-entry.ts';
import { parseReview } from '../../src/report/parse-review.ts';
import { suggestRating } from '../../src/report/rating.ts';
import { renderReviewDraft, reviewHeadings, reviewPlaceholder } from '../../src/report/review-draft.ts';
import { allRuns, rolledBackRun, succeededRun } from '../fixtures/run-records.ts';

const record = rolledBackRun();
const draft = renderReviewDraft(record, deriveHistory(record, { commitAt: null }));
const completed = draft.replaceAll(reviewPlaceholder, 'none');

describe('renderReviewDraft', () => {
  it('has the four steps in order for every outcome and is taken once it is completed', () => {
    for (const run of Object.values(allRuns())) {
      const text = renderReviewDraft(run, deriveHistory(run, { commitAt: null }));
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
    expect(draft).toContain('10 − 4 (outcome rolled_back) − 1 (2 lesser pitfalls, ½ each) = 5');
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
  it('asks for what only people know', () => {
    expect(
      parseReview(draft, record).complaints.filter((complaint) => complaint.includes(reviewPlaceholder)).length,
    ).toBe(2);
  });

  it('complains about a claim without an event, and says which may be meant', () => {
    const text = completed.replace(
      '### What worked well',
      '- The rollback restored traffic quickly.\n\n### What worked well',
    );
    const reading = parseReview(text, record);
    expect(reading.ok).toBe(false);
    expect(reading.complaints).toHaveLength(1);
    expect(reading.complaints[0]).toMatch(/^line \d+: it cites no event.*may be meant: #\d+/);
    expect(parseReview(text.replace('quickly.', 'quickly. (opinion)'), record).ok).toBe(true);
    expect(parseReview(text.replace('quickly.', 'quickly (#24).'), record).ok).toBe(true);
  });

  it('complains about an event that does not exist', () => {
    expect(parseReview(completed.replace('(#36)', '(#999)'), record).complaints.join()).toContain(
      '#999 is no event of this run',
    );
  });

  it('complains about a missing heading, a missing rating and one out of range', () => {
    expect(parseReview(completed.replace('## Step 3', '## Step three'), record).complaints.join()).toContain(
      'Step 3: Process & Documentation Improvements',
    );
    expect(parseReview(completed.replace('Rating: 5/10', 'Rating: 11/10'), record)).toMatchObject({
      ok: false,
      rating: null,
    });
    expect(parseReview('', record).complaints).toHaveLength(5);
  });

  it('does not look into wording to paste', () => {
    expect(parseReview(completed.replace('```markdown', '```markdown\n- see (#12345)'), record).ok).toBe(true);
  });
});
