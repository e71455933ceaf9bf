import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  appendLine,
  ensurePrivateDirectory,
  fileExists,
  freeDiskBytes,
  linkOnce,
  listDirectory,
  moveFile,
  plainFileSize,
  readJsonFile,
  readTextFile,
  removeDirectory,
  removeFile,
  resolveInside,
  sha256OfFile,
  writeFileAtomic,
} from '../../src/system/files.ts';

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'seatrial-files-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing thrown',
    (thrown) => thrown.code ?? String(thrown),
  );
}

describe('writeFileAtomic', () => {
  it('creates and replaces, private to the user, and leaves nothing beside it', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'a.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
    expect(await readTextFile(path)).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFileAtomic(path, 'x', { mode: 0o640 });
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(directory)).toEqual(['a.json']);
  });

  it('leaves the old content and no litter when it cannot be done', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'taken'));
    await writeFile(join(directory, 'taken', 'inner'), 'kept');
    expect(await refusal(writeFileAtomic(join(directory, 'taken'), 'x'))).toMatch(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(directory)).toEqual(['taken']);
    expect(await refusal(writeFileAtomic(join(directory, 'missing', 'a'), 'x'))).toBe('ENOENT');
  });

  it('replaces a link instead of writing through it', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'victim'), 'kept');
    await symlink(join(directory, 'victim'), join(directory, 'link'));
    await writeFileAtomic(join(directory, 'link'), 'new');
    expect(await readTextFile(join(directory, 'victim'))).toBe('kept');
    expect(await readTextFile(join(directory, 'link'))).toBe('new');
  });

  it('never shows a reader half of it', async () => {
    const path = join(await temporaryDirectory(), 'a');
    const contents = ['a'.repeat(300_000), 'b'.repeat(10)];
    await writeFileAtomic(path, contents[0] ?? '');
    let writing = true;
    const writer = (async () => {
      for (let round = 0; round < 40; round += 1) await writeFileAtomic(path, contents[round % 2] ?? '');
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      expect(contents).toContain(await readTextFile(path));
      reads += 1;
    }
    await writer;
    expect(reads).toBeGreaterThan(10);
  });
});

describe('linkOnce', () => {
  it('creates once and never replaces', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'one');
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => linkOnce(`${index}`, path)));
    expect(results.filter((created) => created)).toHaveLength(1);
    expect(await readTextFile(path)).toBe(String(results.indexOf(true)));
    expect(await linkOnce('again', path)).toBe(false);
    expect(await readdir(directory)).toEqual(['one']);
  });
});

describe('reading', () => {
  it('tells a missing file from every other trouble', async () => {
    const directory = await temporaryDirectory();
    expect(await readTextFile(join(directory, 'none'))).toBeNull();
    expect(await refusal(readTextFile(directory))).toBe('EISDIR');
    expect(await listDirectory(join(directory, 'none'))).toEqual([]);
    await writeFile(join(directory, 'b'), '');
    await writeFile(join(directory, 'a'), '');
    expect(await listDirectory(directory)).toEqual(['a', 'b']);
    expect(await refusal(listDirectory(join(directory, 'a')))).toBe('ENOTDIR');
    expect(await fileExists(join(directory, 'a'))).toBe(true);
    expect(await fileExists(join(directory, 'a', 'b'))).toBe(false);
  });

  it('takes JSON only in the wanted shape', async () => {
    const path = join(await temporaryDirectory(), 'a.json');
    const schema = z.strictObject({ n: z.number() });
    expect(await readJsonFile(path, schema)).toBeNull();
    await writeFile(path, '{"n":1}');
    expect(await readJsonFile(path, schema)).toEqual({ n: 1 });
    for (const text of ['', '{"n":', '{"n":"1"}', '{"n":1,"m":2}', 'null']) {
      await writeFile(path, text);
      expect(await refusal(readJsonFile(path, schema))).toBe('FILE_DAMAGED');
    }
  });

  it('hashes, measures and appends', async () => {
    const directory = await temporaryDirectory();
    await appendLine(join(directory, 'log'), 'abc');
    await appendLine(join(directory, 'log'), 'def');
    expect(await readTextFile(join(directory, 'log'))).toBe('abc\ndef\n');
    expect((await stat(join(directory, 'log'))).mode & 0o777).toBe(0o600);
    await writeFile(join(directory, 'abc'), 'abc');
    expect(await sha256OfFile(join(directory, 'abc'))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
    expect(await refusal(sha256OfFile(join(directory, 'none')))).toBe('ENOENT');
    expect(await freeDiskBytes(join(directory, 'not', 'yet', 'there'))).toBeGreaterThan(1_000_000);
    await symlink('abc', join(directory, 'link'));
    const sizes = await Promise.all(['abc', 'link', '.', 'none'].map((name) => plainFileSize(join(directory, name))));
    expect(sizes).toEqual([3, null, null, null]);
  });
});

describe('ensurePrivateDirectory', () => {
  it('makes all that is missing 0700 and closes what stands open', async () => {
    const directory = await temporaryDirectory();
    await ensurePrivateDirectory(join(directory, 'a', 'b', 'c'));
    expect((await stat(join(directory, 'a'))).mode & 0o777).toBe(0o700);
    await mkdir(join(directory, 'open'), { mode: 0o755 });
    await ensurePrivateDirectory(join(directory, 'open'));
    expect((await stat(join(directory, 'open'))).mode & 0o777).toBe(0o700);
    await writeFile(join(directory, 'file'), '');
    expect(await refusal(ensurePrivateDirectory(join(directory, 'file')))).toBe('FILE_REFUSED');
    expect(await refusal(ensurePrivateDirectory(join(directory, 'file', 'below')))).toBe('FILE_REFUSED');
  });
});

describe('resolveInside', () => {
  it('gives the real path of what is there and of what may come', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'root', 'sub'), { recursive: true });
    await writeFile(join(directory, 'root', 'sub', 'file'), '');
    await symlink(join(directory, 'root'), join(directory, 'alias'));
    for (const root of ['root', 'alias']) {
      const resolve = (path: string) => resolveInside(join(directory, root), path);
      expect(await resolve('sub/file')).toBe(join(directory, 'root', 'sub', 'file'));
      expect(await resolve('./sub/../sub/file')).toBe(join(directory, 'root', 'sub', 'file'));
      expect(await resolve('new/deep/file')).toBe(join(directory, 'root', 'new', 'deep', 'file'));
      expect(await resolve('..almost')).toBe(join(directory, 'root', '..almost'));
      expect(await resolve('.')).toBe(join(directory, 'root'));
    }
  });

  it('refuses links, escapes and special files', async () => {
    const directory = await temporaryDirectory();
    const root = join(directory, 'root');
    await mkdir(join(root, 'sub'), { recursive: true });
    await mkdir(join(directory, 'root-sibling'));
    await writeFile(join(directory, 'secret'), '');
    await writeFile(join(root, 'file'), '');
    await symlink(join(directory, 'secret'), join(root, 'link'));
    await symlink(directory, join(root, 'up'));
    await symlink('file', join(root, 'inner-link'));
    await symlink(join(directory, 'nowhere'), join(root, 'dangling'));
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const refused = [
      '../secret',
      '..',
      'sub/../../secret',
      '../root-sibling',
      '/etc/passwd',
      join(root, 'file'),
      'link',
      'up/secret',
      'up/root/file',
      'inner-link',
      'dangling',
      'dangling/x',
      'socket',
      'file/x',
      'a\0b',
    ];
    for (const path of refused)
      expect([path, await refusal(resolveInside(root, path))]).toEqual([path, 'FILE_REFUSED']);
  });
});

describe('removing and moving', () => {
  it('does what is left to do', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'a'), 'a');
    await moveFile(join(directory, 'a'), join(directory, 'b'));
    expect(await readdir(directory)).toEqual(['b']);
    await removeFile(join(directory, 'b'));
    await removeFile(join(directory, 'b'));
    await mkdir(join(directory, 'tree', 'deep'), { recursive: true });
    await writeFile(join(directory, 'kept'), 'kept');
    await symlink(join(directory, 'kept'), join(directory, 'tree', 'deep', 'link'));
    await link(join(directory, 'kept'), join(directory, 'tree', 'hard'));
    await removeDirectory(join(directory, 'tree'));
    await removeDirectory(join(directory, 'tree'));
    expect(await readFile(join(directory, 'kept'), 'utf8')).toBe('kept');
  });
});
