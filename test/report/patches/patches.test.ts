import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addToSection } from '../../../src/report/patches/add-to-section.ts';
import { type Applied, applyPatch } from '../../../src/report/patches/apply-patch.ts';
import { joinDocument, splitDocument } from '../../../src/report/patches/document-lines.ts';
import { parsePatch } from '../../../src/report/patches/parse-patch.ts';
import { renderPatch } from '../../../src/report/patches/render-patch.ts';

const path = 'docs/guide.md';

function apply(document: string | null, text: string): Applied {
  const read = parsePatch(text);
  if (!read.ok) return { ok: false, reason: read.complaint };
  const [patch] = read.patches;
  if (patch === undefined) throw new Error('no patch');
  return applyPatch(document, patch);
}

function applied(document: string | null, text: string): string {
  const result = apply(document, text);
  if (!result.ok) throw new Error(result.reason);
  return result.text;
}

const wording = (section: string, text = '- [ ] be careful'): { title: string; section: string; wording: string } => ({
  title: 'Guide',
  section,
  wording: text,
});

const documents = fc
  .array(fc.constantFrom('# Guide', '## Before', '## After', '', '- one', '- two', 'text', '```', '-- x', '++ y'), {
    minLength: 1,
    maxLength: 30,
  })
  .chain((lines) =>
    fc
      .record({
        ending: fc.constantFrom('\n', '\r\n'),
        open: fc.boolean(),
        mark: fc.constantFrom('', '\uFEFF'),
      })
      .map(({ ending, open, mark }) => mark + lines.join(ending) + (open ? '' : ending)),
  );

describe('a document as lines', () => {
  it('is joined to the same bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\uFEFF', ' ') }), (text) => {
        expect(joinDocument(splitDocument(text))).toBe(text);
      }),
    );
  });
});

describe('a rendered patch', () => {
  it('gives the document it was made for, twice the same, whatever its line endings are', () => {
    fc.assert(
      fc.property(
        documents,
        fc.constantFrom('Before', 'After', 'New'),
        fc.constantFrom('- a', '- [ ] b'),
        (text, section, line) => {
          const after = addToSection(text, wording(section, line));
          const patch = renderPatch(path, text, after);
          if (patch === '') return expect(after).toBe(text);
          expect(applied(text, patch)).toBe(after);
          expect(apply(after, patch)).toEqual({ ok: true, text: after, changed: false });
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('keeps the kind and the last line ending of the document', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const after = addToSection(text, wording('Before'));
        if (text.replace('\uFEFF', '') !== '') expect(after.endsWith('\n')).toBe(text.endsWith('\n'));
        if (text.includes('\r\n')) expect(after.replaceAll('\r\n', '')).not.toContain('\n');
      }),
    );
  });

  it('creates a document that is missing', () => {
    const after = addToSection(null, wording('Before'));
    const patch = renderPatch(path, null, after);
    expect(patch).toContain('--- /dev/null\n+++ b/docs/guide.md\n@@ -0,0 +1,5 @@');
    expect(applied(null, patch)).toBe('# Guide\n\n## Before\n\n- [ ] be careful\n');
    expect(apply(after, patch)).toMatchObject({ ok: true, changed: false });
    expect(apply('something else\n', patch)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('exists already'),
    });
  });
});

describe('git agrees', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'seatrial-patch-'));
    mkdirSync(join(directory, 'docs'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const git = (args: string[], input?: string): string =>
    execFileSync('git', args, {
      cwd: directory,
      encoding: 'utf8',
      input,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, GIT_CONFIG_GLOBAL: '/dev/null' },
    });

  it('with what we render', () => {
    for (const text of [
      '# Guide\n\n## Before\n\n- one\n\n## After\n\n- two\n',
      'no heading',
      '## Before\n- one',
      '## Before\n',
    ]) {
      const after = addToSection(text, wording('Before'));
      writeFileSync(join(directory, path), text);
      git(['apply', '--unidiff-zero', '-'], `${renderPatch(path, text, after)}\n`);
      expect(readFileSync(join(directory, path), 'utf8')).toBe(after);
    }
  });

  it('with what we apply: edits of any kind, as git diff writes them', () => {
    const edit = fc.array(fc.tuple(fc.nat(20), fc.constantFrom('insert', 'delete', 'replace')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { minLength: 6, maxLength: 40 }),
        edit,
        fc.boolean(),
        fc.boolean(),
        (numbers, edits, openBefore, openAfter) => {
          const before = numbers.map((number) => `line ${number}`);
          const after = [...before];
          for (const [at, what] of edits)
            after.splice(at % after.length, what === 'insert' ? 0 : 1, ...(what === 'delete' ? [] : [`new ${at}`]));
          if (after.length === 0) return;
          const [one, other] = [
            before.join('\n') + (openBefore ? '' : '\n'),
            after.join('\n') + (openAfter ? '' : '\n'),
          ];
          if (one === other) return;
          writeFileSync(join(directory, 'one'), one);
          writeFileSync(join(directory, 'other'), other);
          let diff = '';
          try {
            git(['diff', '--no-index', 'one', 'other']);
          } catch (thrown) {
            diff = String(Reflect.get(Object(thrown), 'stdout'));
          }
          const renamed = diff.replace(/^(---|\+\+\+) ([ab])\/\w+$/gm, `$1 $2/${path}`);
          expect(applied(one, renamed)).toBe(other);
          expect(apply(other, renamed)).toMatchObject({ ok: true, changed: false });
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  }, 60_000);
});

describe('applyPatch', () => {
  const base = '# Guide\n\n## Before\n\n- one\n- two\n\n## After\n\n- three\n';
  const patch = `--- a/${path}\n+++ b/${path}\n@@ -5,2 +5,3 @@\n - one\n - two\n+- new`;

  it('follows its lines when the document grew above them', () => {
    expect(applied(`intro\n${base}`, patch)).toContain('- two\n- new\n');
  });

  it('refuses lines that changed since, and a place that is not clear', () => {
    expect(apply(base.replace('- two', '- 2'), patch)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('does not fit'),
    });
    expect(apply(`x\n${base}\n- one\n- two\n`, patch)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('2 places'),
    });
    expect(apply(null, patch)).toMatchObject({ ok: false, reason: expect.stringContaining('does not exist') });
    expect(apply(base, `--- a/${path}\n+++ b/${path}\n@@ -3,0 +4,1 @@\n+- new`)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('context'),
    });
  });

  it('keeps CRLF, a byte order mark and a missing last line break', () => {
    expect(applied(`\uFEFF${base.replaceAll('\n', '\r\n')}`, patch)).toBe(
      `\uFEFF${base.replace('- two\n', '- two\n- new\n').replaceAll('\n', '\r\n')}`,
    );
    expect(applied('- one\n- two', `${patch}\n`)).toBe('- one\n- two\n- new\n');
    expect(
      applied(
        '- one\n- two',
        `--- a/g\n+++ b/g\n@@ -1,2 +1,3 @@\n - one\n-- two\n\\ No newline at end of file\n+- two\n+- new\n\\ No newline at end of file`,
      ),
    ).toBe('- one\n- two\n- new');
  });

  it('takes away and replaces', () => {
    const replace = `--- a/${path}\n+++ b/${path}\n@@ -4,4 +4,3 @@\n\n-- one\n-- two\n+- both\n\n`;
    const after = applied(base, replace);
    expect(after).toBe(base.replace('- one\n- two\n', '- both\n'));
    expect(apply(after, replace)).toEqual({ ok: true, text: after, changed: false });
  });
});

describe('parsePatch', () => {
  it.each([
    ['nothing', '', 'no "--- "'],
    ['prose', 'change the guide', 'neither a header'],
    ['a deletion', '--- a/x.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-x', 'deletes'],
    ['a rename', '--- a/x.md\n+++ b/y.md\n@@ -1 +1 @@\n-x\n+y', 'renames'],
    ['a git rename', 'diff --git a/x b/y\nrename from x\nrename to y', 'neither a header'],
    ['a change of mode', 'diff --git a/x b/x\nold mode 100644\nnew mode 100755', 'neither a header'],
    ['a binary file', 'diff --git a/x b/x\nGIT binary patch\nliteral 1', 'neither a header'],
    ['a quoted path', '--- "a/x\\n.md"\n+++ "b/x\\n.md"\n@@ -1 +1 @@\n-x\n+y', 'plain path'],
    ['no hunk', '--- a/x.md\n+++ b/x.md', 'no hunk'],
    ['too few lines', '--- a/x.md\n+++ b/x.md\n@@ -1,3 +1,4 @@\n x\n+y', '1 old and 2 new'],
    ['too many lines', '--- a/x.md\n+++ b/x.md\n@@ -1,1 +1,2 @@\n x\n+y\n+z', '1 old and 3 new'],
    ['a header of another form', '--- a/x.md\n+++ b/x.md\n@@ somewhere @@\n+y', 'not of the form'],
    ['a creation with old lines', '--- /dev/null\n+++ b/x.md\n@@ -1,1 +1,1 @@\n-x\n+y', 'there already'],
  ])('refuses %s', (_, text, complaint) => {
    expect(parsePatch(text)).toMatchObject({ ok: false, complaint: expect.stringContaining(complaint) });
  });

  it('takes lines that look like headers inside a hunk', () => {
    const text = `--- a/${path}\n+++ b/${path}\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n keep`;
    expect(applied('-- old\nkeep\n', text)).toBe('++ new\nkeep\n');
  });

  it('reads several documents from one text', () => {
    const read = parsePatch(
      '--- a/x.md\n+++ b/x.md\n@@ -1 +1 @@\n-x\n+y\n--- /dev/null\n+++ b/z.md\n@@ -0,0 +1 @@\n+z\n',
    );
    expect(read).toMatchObject({
      ok: true,
      patches: [
        { path: 'x.md', creates: false },
        { path: 'z.md', creates: true },
      ],
    });
  });
});
