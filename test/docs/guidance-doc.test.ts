import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderGuidance } from '../../scripts/generated-docs.ts';
import { foci } from '../../src/model/guidance.ts';
import { planQuestions } from '../../src/model/plan-question.ts';

describe('docs/guidance.md', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'guidance.md'), 'utf8');

  it('is what the code says', () => {
    expect(text).toBe(renderGuidance());
  });

  it('names every focus, keyword, check and question', () => {
    for (const { title, words, checks } of foci) {
      const row = text.split('\n').find((line) => line.startsWith(`| ${title} |`)) ?? '';
      for (const part of [...words, ...checks]) expect(row).toContain(part);
    }
    for (const { id, question } of planQuestions) expect(text).toContain(`| \`${id}\` | ${question} |`);
  });
});
