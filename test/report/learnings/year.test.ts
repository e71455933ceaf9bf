import { describe, expect, it } from 'vitest';
import type { History } from '../../../src/model/history.ts';
import { loadCatalogue } from '../../../src/operations/learnings-files.ts';
import { renderLearnings } from '../../../src/report/learnings/render-learnings.ts';
import { seededRandom } from '../../analysis/seeded-random.ts';
import { spacingMs, yearEndMs, yearOfHistory } from '../../fixtures/year-of-history.ts';

const history = yearOfHistory();
const catalogue = await loadCatalogue();
const text = renderLearnings({ catalogue, history });

function section(id: string): string {
  return text.split('\n### ').find((part) => part.includes(`**Id**: \`${id}\``)) ?? '';
}

function dateOf(back: number): string {
  return new Date(yearEndMs - back * spacingMs).toISOString().slice(0, 10);
}

function shuffled(seed: number): History[] {
  const random = seededRandom(seed);
  return history
    .map((entry) => ({ entry, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ entry }) => entry);
}

describe('a year of 10,000 runs whose truth is known', () => {
  it('is what the fixture says', () => {
    expect(history).toHaveLength(10_000);
    expect(new Set(history.map(({ runId }) => runId)).size).toBe(10_000);
    const [first, last] = [history[0], history.at(-1)];
    expect(Date.parse(last?.endedAt ?? '') - Date.parse(first?.endedAt ?? '')).toBeGreaterThan(360 * 86_400_000);
  });

  it.each([
    ['silent-deploy', '★★★★★ (9/50 - chronic)', 0],
    ['friday-deploy', '★★★★☆ (5/50 - frequent)', 10],
    ['rollback-needed', '★★★☆☆ (3/50 - occasional)', 3],
    ['slow-deploy', '★★☆☆☆ (1/50 - rare)', 49],
    ['flaky-smoke-test', '★☆☆☆☆ (0/50 - not yet seen)', 50],
    ['canary-too-small', '★☆☆☆☆ (0/50 - not yet seen)', null],
  ])('counts %s as %s', (id, frequency, back) => {
    expect(section(id)).toContain(`**Frequency**: ${frequency}\n`);
    const seen = back === null ? 'Never' : `${dateOf(back)} (run 01j9${String(9999 - back).padStart(22, '0')})`;
    expect(section(id)).toContain(`**Last seen**: ${seen}\n`);
  });

  it('proposes the gates of what was met three times, and of nothing else', () => {
    const proposed = [...text.matchAll(/\*\*Id\*\*: `([^`]+)`[\s\S]*?\*\*Instances\*\*/g)]
      .filter(([part]) => part.includes('**Proposed gate**'))
      .map(([, id]) => id);
    expect(proposed).toEqual(['friday-deploy', 'silent-deploy']);
  });

  it('counts how often a pattern was used, how those runs ended, and since when', () => {
    const first = history.find((entry) => entry.patterns.includes('evidence-before-promotion'));
    expect(section('evidence-before-promotion')).toContain('**Usage**: 20/50 runs, 17 of 20 succeeded');
    expect(section('evidence-before-promotion')).toContain(`**First used**: ${first?.endedAt.slice(0, 10)} (run`);
    expect(section('stopped-before-users')).toContain('**Usage**: 0/50 runs\n**First used**: Never');
  });

  it.each([
    // 39 rollouts to production, of which 35 succeeded; 2 were rolled back by a rule and 1 by a person; 38 had users.
    '| Production deploy success | ≥98% | 89.7% | ↓ worse (was 100%) |',
    '| Rollback frequency | <5% | 7.7% | ↑ worse (was 0%) |',
    // The middle of 10 + turn minutes of those that succeeded.
    '| Deploy duration | <15 min | 31m (median) | ↑ worse (was 12m) |',
    // 36 releases over 48 half days; before, 40.
    '| Deployment frequency | - | 10.2 per week | ↓ worse (was 11.4 per week) |',
    '| Lead time for changes | - | 2h 20m (median, commit to end of run) | ↑ worse (was 1h) |',
    '| Change failure rate | - | 7.9% | ↑ worse (was 0%) |',
    '| Time to restore | - | 6s (median, first failed request to no canary traffic) | not enough data |',
  ])('measures %s', (row) => {
    expect(text).toContain(`${row}\n`);
    expect(text).toContain('Counted for environment `production`.');
  });

  it('gives the same bytes again, whatever the order', () => {
    expect(renderLearnings({ catalogue, history })).toBe(text);
    for (const seed of [1, 2, 3]) expect(renderLearnings({ catalogue, history: shuffled(seed) })).toBe(text);
  });

  it('says that nothing is proven where there is too little', () => {
    const few = renderLearnings({ catalogue, history: history.slice(-54) });
    expect(few).toContain('| Production deploy success | ≥98% | 89.7% | not enough data |');
  });
});
