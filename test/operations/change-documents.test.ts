import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { planDocumentEdits, writeDocumentEdits } from '../../src/operations/change-documents.ts';
import { type FilePatch, parsePatch } from '../../src/report/patches/parse-patch.ts';

function patches(text: string): FilePatch[] {
  const read = parsePatch(text);
  if (!read.ok) throw new Error(read.complaint);
  return read.patches;
}

const add = (path: string, after: string, line: string): FilePatch[] =>
  patches(`--- a/${path}\n+++ b/${path}\n@@ -1,1 +1,2 @@\n ${after}\n+${line}`);

describe('edits of documents', () => {
  let directory = '';
  const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
  beforeEach(() => {
    directory = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-edits-'));
    mkdirSync(join(directory, 'docs'));
    writeFileSync(join(directory, 'docs/a.md'), 'one\n');
    writeFileSync(join(directory, 'docs/b.md'), 'one\n');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('follow each other in one document, and all refusals are told', async () => {
    const two = await planDocumentEdits(directory, [
      ...add('docs/a.md', 'one', 'two'),
      ...add('docs/a.md', 'two', 'three'),
    ]);
    expect(two).toMatchObject({ refusals: [], edits: [{ path: 'docs/a.md', after: 'one\ntwo\nthree\n' }] });
    const made = patches('--- /dev/null\n+++ b/docs/new.md\n@@ -0,0 +1 @@\n+one');
    const grown = await planDocumentEdits(directory, [...made, ...add('docs/new.md', 'one', 'two')]);
    expect(grown).toMatchObject({ refusals: [], edits: [{ before: null, after: 'one\ntwo\n' }] });
    const bad = await planDocumentEdits(directory, [
      ...add('docs/a.md', 'x', 'y'),
      ...add('docs/z.md', 'x', 'y'),
      ...add('../a.md', 'x', 'y'),
    ]);
    expect(bad.refusals).toEqual([
      expect.stringContaining('docs/a.md does not fit'),
      expect.stringContaining('docs/z.md does not exist'),
      expect.stringContaining('leads out of'),
    ]);
    expect(read('docs/a.md')).toBe('one\n');
  });

  it('are taken back when one cannot be written', async () => {
    const { edits } = await planDocumentEdits(directory, [
      ...add('docs/a.md', 'one', 'two'),
      ...add('docs/b.md', 'one', 'two'),
    ]);
    const [first, second] = edits;
    if (first === undefined || second === undefined) throw new Error('two edits were planned');
    const made = { path: 'docs/c.md', place: join(directory, 'docs/c.md'), before: null, after: 'new\n' };
    const broken = { ...second, place: join(directory, 'docs/a.md/below-a-file.md') };
    await expect(writeDocumentEdits(directory, [first, made, broken])).rejects.toMatchObject({
      code: 'PATCH_REFUSED',
      message: expect.stringContaining('Every document is as it was'),
    });
    expect([read('docs/a.md'), read('docs/b.md')]).toEqual(['one\n', 'one\n']);
    expect(() => read('docs/c.md')).toThrow();
    expect(await writeDocumentEdits(directory, [first, made, second])).toHaveLength(3);
    expect([read('docs/a.md'), read('docs/b.md'), read('docs/c.md')]).toEqual(['one\ntwo\n', 'one\ntwo\n', 'new\n']);
  });

  it('leave a document alone that was changed since they were planned', async () => {
    const { edits } = await planDocumentEdits(directory, [
      ...add('docs/a.md', 'one', 'two'),
      ...add('docs/b.md', 'one', 'two'),
    ]);
    writeFileSync(join(directory, 'docs/b.md'), 'one\nmine\n');
    await expect(writeDocumentEdits(directory, edits)).rejects.toMatchObject({ code: 'PATCH_REFUSED' });
    expect([read('docs/a.md'), read('docs/b.md')]).toEqual(['one\n', 'one\nmine\n']);
  });
});
