import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seedLines } from './seed-lines.ts';

const root = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(root, 'docs', 'coverage.md'), 'utf8');

type Row = { key: string; asked: string; state: string; code: string[]; tests: string[] };

const rows: Row[] = text.split('\n').flatMap((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  const [, key = '', asked = '', state = '', code = '', tests = ''] = cells;
  return /^\d{3}\./.test(key) && cells.length === 7
    ? [{ key, asked, state, code: pathsIn(code), tests: pathsIn(tests) }]
    : [];
});

function pathsIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

describe('docs/coverage.md', () => {
  it('has one row for every line of the user’s documents, and no other', () => {
    const wanted = Object.entries(seedLines).flatMap(([seed, lines]) => lines.map((line) => `${seed}.${line}`));
    expect(wanted.length).toBeGreaterThan(350);
    expect(Object.keys(seedLines)).toEqual(['000', '001', '002', '003', '004']);
    expect(rows.map((row) => row.key).sort()).toEqual([...wanted].sort());
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length);
    const lines = text.split('\n').filter((line) => /^\| \d{3}\./.test(line));
    expect(lines).toHaveLength(rows.length);
  });

  it.each(['src/', 'test/'])('names files that exist, code and tests in their places (%s)', (place) => {
    for (const { key, code, tests } of rows) {
      for (const path of place === 'src/' ? code : tests)
        expect(existsSync(join(root, path)), `${key}: ${path}`).toBe(true);
      if (place === 'test/')
        expect(
          tests.filter((path) => !/^test\/.+\.test\.ts$/.test(path)),
          key,
        ).toEqual([]);
      else
        expect(
          code.filter((path) => !/^(src|skills|commands|learnings|agents|templates)\//.test(path)),
          key,
        ).toEqual([]);
    }
  });

  it('says of each row whether it is built, and shows what it says', () => {
    for (const { key, asked, state, code, tests } of rows) {
      expect(['built', 'partly', 'not built'], key).toContain(state);
      expect(asked.length, key).toBeGreaterThan(4);
      if (state === 'not built') expect([...code, ...tests], key).toEqual([]);
      else expect([code.length > 0, tests.length > 0], key).toEqual([true, true]);
      // What is missing stands behind a semicolon or a colon.
      if (state === 'partly') expect(asked, key).toMatch(/[;:]/);
    }
  });

  it('speaks of the product and promises nothing', () => {
    expect(text).not.toMatch(/\b(issue \d|todo|not yet|soon|planned|will be)\b/i);
  });
});
