import { createHash, randomBytes } from 'node:crypto';
import { constants, createReadStream, readFileSync, type Stats } from 'node:fs';
import {
  chmod,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import type { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';

/**
 * Replaces or creates `path` so that every reader, at every moment and after every crash, sees the old content or the
 * new one and nothing between. Durable when it returns. Throws the error of the file system; `path` is then unchanged.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600 }: { mode?: number } = {},
): Promise<void> {
  await replaceFileIf(path, data, { mode, mayReplace: async () => true });
}

/** The same, unless `mayReplace` says no when the new content is on disk and only its name is missing; false then. */
export async function replaceFileIf(
  path: string,
  data: string | Uint8Array,
  { mode, mayReplace }: { mode: number; mayReplace: () => Promise<boolean> },
): Promise<boolean> {
  const temporary = await writeTemporaryBeside(path, data, mode);
  try {
    if (!(await mayReplace())) {
      await removeFile(temporary);
      return false;
    }
    await rename(temporary, path);
  } catch (thrown) {
    await removeFile(temporary);
    throw thrown;
  }
  await syncDirectory(dirname(path));
  return true;
}

/** Makes a complete, synced file visible under `path` in one act; false when there already is one. Durable when true. */
export async function linkOnce(content: string | Uint8Array, path: string): Promise<boolean> {
  const temporary = await writeTemporaryBeside(path, content, 0o600);
  try {
    const created = await tryLink(temporary, path);
    if (created) await syncDirectory(dirname(path));
    return created;
  } finally {
    await removeFile(temporary);
  }
}

/** The text (UTF-8) of a file, or null when there is none; every other error is thrown. */
export async function readTextFile(path: string): Promise<string | null> {
  return nullWhenMissing(() => readFile(path, 'utf8'));
}

/** The file that has this name now, which stays readable when another one takes the name; null when there is none. */
export async function openFormer(path: string): Promise<FileHandle | null> {
  return nullWhenMissing(() => open(path, 'r'));
}

export type SmallFile = { ok: true; text: string } | { ok: false; reason: string };

/**
 * Many small files (UTF-8), in their order. Never throws. They are read in this thread, which for ten thousand of them is
 * five times as fast as handing each to another one; in between others get their turn.
 */
export async function readSmallFiles(paths: readonly string[]): Promise<SmallFile[]> {
  const results: SmallFile[] = [];
  for (let from = 0; from < paths.length; from += filesAtATime) {
    results.push(...paths.slice(from, from + filesAtATime).map(readSmallFile));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}

const filesAtATime = 200;

function readSmallFile(path: string): SmallFile {
  try {
    return { ok: true, text: readFileSync(path, 'utf8') };
  } catch (thrown) {
    return { ok: false, reason: `it cannot be read (${errorCodeOf(thrown) ?? 'unknown reason'})` };
  }
}

/** The bytes of a file, or null when there is none; every other error is thrown. */
export async function readBytes(path: string): Promise<Uint8Array | null> {
  return nullWhenMissing(() => readFile(path));
}

/** A JSON file as `schema` has it, or null when there is none. Throws FILE_DAMAGED when it is something else. */
export async function readJsonFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | null> {
  const text = await readTextFile(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new DeployError('FILE_DAMAGED', { path, reason: 'it is not JSON' }, thrown);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const reason = issue ? `${issue.path.join('.') || 'the whole'}: ${issue.message}` : 'it has another shape';
  throw new DeployError('FILE_DAMAGED', { path, reason }, parsed.error);
}

/** Names in a directory, sorted; empty when there is no such directory. */
export async function listDirectory(path: string): Promise<string[]> {
  const names = await nullWhenMissing(() => readdir(path));
  return (names ?? []).sort();
}

/** The directory exists, belongs to this user and is closed to others (0700). Durable. Throws FILE_REFUSED. */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  await makeDurableDirectory(path);
  const found = await stat(path);
  if (!found.isDirectory()) throw new DeployError('FILE_REFUSED', { path, reason: 'it is not a directory' });
  const user = process.getuid?.();
  if (user !== undefined && found.uid !== user) {
    throw new DeployError('FILE_REFUSED', { path, reason: 'it belongs to another user' });
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

/**
 * The real absolute path of `relativePath` below `root`; it need not exist yet. Throws FILE_REFUSED when it is absolute,
 * leaves `root`, passes through a link, or is neither file nor directory.
 */
export async function resolveInside(root: string, relativePath: string): Promise<string> {
  const refuse = (reason: string): never => {
    throw new DeployError('FILE_REFUSED', { path: relativePath, reason });
  };
  if (relativePath.includes('\0')) refuse('it contains a NUL character');
  if (isAbsolute(relativePath)) refuse('it is absolute');
  const realRoot = await realpath(root);
  const wanted = join(realRoot, relativePath);
  const inside = relative(realRoot, wanted);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) refuse(`it leads out of ${root}`);

  let current = realRoot;
  for (const component of inside.split(sep).filter((part) => part !== '')) {
    current = join(current, component);
    const found = await lstatOrNull(current).catch((thrown: unknown) => {
      if (errorCodeOf(thrown) === null) throw thrown;
      return refuse(`it cannot be looked at (${errorCodeOf(thrown)})`);
    });
    if (found === null) return wanted;
    if (found.isSymbolicLink()) refuse(`${relative(realRoot, current)} is a link`);
    if (!found.isFile() && !found.isDirectory()) refuse('it is neither a file nor a directory');
    if (found.isFile() && current !== wanted) refuse(`${relative(realRoot, current)} is not a directory`);
  }
  return wanted;
}

/** True when something is there (links are followed). */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(thrown) ?? '')) return false;
    throw thrown;
  }
}

/** Size in bytes when there is a plain file (not a link, pipe or directory), else null. */
export async function plainFileSize(path: string): Promise<number | null> {
  const found = await lstatOrNull(path);
  return found?.isFile() ? found.size : null;
}

/** SHA-256 (hex) of the content. Throws the error of the file system, also when there is no such file. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Bytes that this user can still write where `path` is, or would be. */
export async function freeDiskBytes(path: string): Promise<number> {
  let existing = path;
  while (!(await fileExists(existing)) && dirname(existing) !== existing) existing = dirname(existing);
  const found = await statfs(existing);
  return found.bavail * found.bsize;
}

/** No file is there afterwards. */
export async function removeFile(path: string): Promise<void> {
  await nullWhenMissing(() => unlink(path));
}

/** No directory is there afterwards, nor anything that was in it. Links inside are removed, not followed. */
export async function removeDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Gives a file another name in the same file system, replacing what was there. Durable. */
export async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncDirectory(dirname(to));
}

/** Adds a line to a small log, which must be no link; not synced, for people to read. */
export async function appendLine(path: string, line: string): Promise<void> {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const handle = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    await writeFully(handle, Buffer.from(`${line}\n`));
  } finally {
    await handle.close();
  }
}

/** Writes all bytes, however many calls that takes; the handle's own position (or the end, when it appends) moves on. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
    if (bytesWritten === 0) throw new Error('the file system took no more bytes');
    written += bytesWritten;
  }
}

/** What a directory lists is on disk. File systems that cannot do that are taken as they are. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } catch (thrown) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(errorCodeOf(thrown) ?? '')) throw thrown;
  } finally {
    await handle.close();
  }
}

/** `ENOENT`, `ENOSPC` … of an error of the system, else null. */
export function errorCodeOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('code' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}

async function writeTemporaryBeside(path: string, data: string | Uint8Array, mode: number): Promise<string> {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', mode);
  try {
    await writeFully(handle, bytes);
    await handle.sync();
    // A full disk has been seen to leave a short file without an error.
    const { size } = await handle.stat();
    if (size !== bytes.length) throw new Error(`${temporary} has ${size} bytes instead of ${bytes.length}`);
    await handle.close();
    return temporary;
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    await removeFile(temporary).catch(() => undefined);
    throw thrown;
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (thrown) {
    if (errorCodeOf(thrown) !== 'EEXIST') throw thrown;
    // A network file system may repeat a call that had already succeeded: the number of links tells.
    return (await stat(from)).nlink === 2;
  }
}

/**
 * Level by level, and each on the disk before anything is made in it. So a directory that holds something is durable; one that is
 * empty may be left by a process that was killed before it could sync its name, and is synced by whoever comes next.
 */
async function makeDurableDirectory(path: string): Promise<void> {
  const parent = dirname(path);
  const names = await nullWhenMissing(() => readdir(path)).catch((thrown: unknown) => {
    if (errorCodeOf(thrown) !== 'ENOTDIR') throw thrown;
    throw new DeployError('FILE_REFUSED', { path, reason: 'it is not a directory' });
  });
  if (names !== null && names.length > 0) return;
  if (names === null) {
    if (parent !== path) await makeDurableDirectory(parent);
    await mkdir(path, { mode: 0o700 }).catch((thrown: unknown) => {
      if (errorCodeOf(thrown) !== 'EEXIST') throw thrown;
    });
  }
  await syncDirectory(parent);
}

async function lstatOrNull(path: string): Promise<Stats | null> {
  return nullWhenMissing(() => lstat(path));
}

async function nullWhenMissing<Value>(read: () => Promise<Value>): Promise<Value | null> {
  try {
    return await read();
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}

/** Absolute path of a folder with every link resolved. Throws FILE_REFUSED when there is none. */
export async function realDirectory(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw new DeployError('FILE_REFUSED', { path, reason: 'there is no such folder' });
  }
}

/** A folder of the user's project, with the usual permissions. */
export async function ensureProjectDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

/** Creates the file or sets its time of change to now. */
export async function touchFile(path: string): Promise<void> {
  const handle = await open(path, 'a', 0o600);
  try {
    const now = new Date();
    await handle.utimes(now, now);
  } finally {
    await handle.close();
  }
}

/** Time of the last change, Unix ms; null when there is no such file. */
export async function changedAtMs(path: string): Promise<number | null> {
  return (await nullWhenMissing(() => stat(path)))?.mtimeMs ?? null;
}
