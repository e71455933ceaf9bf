import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaintsAboutProofs, complaintsAboutReliability, renderReliability } from '../../scripts/reliability-doc.ts';
import { mutants } from './mutants.ts';
import { provenPromises } from './promises.ts';
import type { Proof } from './record-proof.ts';

const root = join(import.meta.dirname, '..', '..');
const proofs: Proof[] = provenPromises.map(({ id }) => ({
  promise: id,
  what: 'a | b',
  tried: 1000,
  wrong: 0,
  seed: 7,
}));
const run = {
  ...{ date: '2026-12-01', commit: 'abc', machine: '2 cores', command: 'npm run test:faults', minutes: 1 },
  mutants: [{ name: 'act before intent', what: 'x', suite: 'test/faults/crash-matrix', caught: true }],
};

describe('docs/reliability.md', () => {
  it('has a row for each promise, what its method cannot see, and who noticed what was wrong on purpose', () => {
    const text = renderReliability({ ...run, proofs });
    expect(complaintsAboutReliability(text)).toEqual([]);
    expect(text).toContain('1 of 1 were noticed');
    expect(text).toContain('a \\| b | 1,000 | 0 | 7 |');
  });

  it('says so when a promise was not shown, was dropped or is not one', () => {
    const [first, ...others] = proofs;
    const text = renderReliability({ ...run, proofs: others });
    expect(text).toContain(`| \`${first?.promise}\`: `);
    expect(text).toContain('**not shown by this run**');
    const without = text.replace(new RegExp(`^\\| \`${first?.promise}\`.*\n`, 'm'), '| `luck`: x |\n');
    expect(complaintsAboutReliability(without)).toEqual([
      `it has no row for the promise ${first?.promise}`,
      'it has a row for luck, which is not promised',
    ]);
  });
});

describe('records of proofs', () => {
  it('must be there for every promise, with something tried and nothing wrong', () => {
    expect(complaintsAboutProofs(proofs, null)).toEqual([]);
    expect(complaintsAboutProofs(proofs.slice(1), null)).toEqual([expect.stringContaining('crash-points: no record')]);
    expect(complaintsAboutProofs([], 'lock')).toHaveLength(1);
    const bad = proofs.map((proof) => (proof.promise === 'lock' ? { ...proof, wrong: 2 } : proof));
    expect(complaintsAboutProofs(bad, null)).toEqual([expect.stringContaining('lock: wrong 2 times of 1000')]);
    const none = proofs.map((proof) => (proof.promise === 'lock' ? { ...proof, tried: 0 } : proof));
    expect(complaintsAboutProofs(none, null)).toEqual(['lock: nothing was tried']);
  });
});

describe('changes that are wrong on purpose', () => {
  it('are at least eight, and each finds the place that it changes exactly once', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(8);
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
    for (const { name, edits } of mutants)
      for (const { file, find, replace } of edits) {
        expect(readFileSync(join(root, file), 'utf8').split(find).length - 1, `${name}: ${find}`).toBe(1);
        expect(replace).not.toBe(find);
      }
  });

  it('name suites that are there', () => {
    const suites = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.test.ts'),
    );
    for (const { name, suite } of mutants)
      expect(
        suites.some((path) => `test/${path}`.startsWith(suite)),
        `${name}: ${suite}`,
      ).toBe(true);
  });
});
