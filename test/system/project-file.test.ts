import { appendFileSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import * as files from '../../src/system/files.ts';
import { replaceProjectFile } from '../../src/system/project-file.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-project-file-'));
  path = join(directory, 'folder', 'file.md');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

it('makes a file where there is none, and replaces the one that was read', async () => {
  expect(await replaceProjectFile(path, { from: null, to: 'one' })).toBe(true);
  expect(await replaceProjectFile(path, { from: 'one', to: 'two' })).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('two');
});

it('does nothing to a file that is another one by now', async () => {
  expect(await replaceProjectFile(path, { from: 'gone', to: 'two' })).toBe(false);
  expect(existsSync(path)).toBe(false);
  await replaceProjectFile(path, { from: null, to: 'one' });
  expect(await replaceProjectFile(path, { from: null, to: 'two' })).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('one');
});

it('brings back what was written between the last look and the new name', async () => {
  await replaceProjectFile(path, { from: null, to: 'one\n' });
  const { replaceFileIf } = files;
  vi.spyOn(files, 'replaceFileIf').mockImplementationOnce((name, data, { mode, mayReplace }) =>
    replaceFileIf(name, data, {
      mode,
      mayReplace: async () => {
        const may = await mayReplace();
        appendFileSync(path, 'mine\n');
        return may;
      },
    }),
  );
  expect(await replaceProjectFile(path, { from: 'one\n', to: 'two\n' })).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('one\nmine\n');
});
