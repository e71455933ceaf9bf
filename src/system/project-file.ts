import { rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { emitText } from '../model/redaction/emit.ts';
import {
  ensureProjectDirectory,
  errorCodeOf,
  openFormer,
  readTextFile,
  replaceFileIf,
  writeFileAtomic,
} from './files.ts';

/**
 * Replaces or creates a text file of the user's project, with the folders above it (unless `folders` is false) and the usual permissions. Such files
 * are meant to be committed and read: secrets are taken out. Durable. Throws the error of the file system.
 */
export async function writeProjectFile(path: string, text: string, { folders = true } = {}): Promise<void> {
  if (folders) await ensureProjectDirectory(dirname(path));
  await writeFileAtomic(path, emitText(text), { mode: 0o644 });
}

/**
 * Replaces a text of the project that is partly the user's, who may be writing in it just now: false when it is no longer
 * `from` (null: there was none), and then what somebody wrote is there. It is written as it is: secrets are to be taken out
 * of what is added before, for what the user wrote is not ours to change.
 */
export async function replaceProjectFile(
  path: string,
  { from, to }: { from: string | null; to: string },
): Promise<boolean> {
  await ensureProjectDirectory(dirname(path));
  const put = (text: string, over: string | null): Promise<boolean> =>
    replaceFileIf(path, text, { mode: 0o644, mayReplace: async () => (await readTextFile(path)) === over });
  const former = await openFormer(path);
  try {
    if (!(await put(to, from))) return false;
    const late = (await former?.readFile('utf8')) ?? null;
    // Written between the last look and the new name, into a file that no longer had one.
    if (late === null || late === from) return true;
    await put(late, to);
    return false;
  } finally {
    await former?.close();
  }
}

/**
 * Replaces or creates a document that people write, with the folders above it. What stood there is theirs and stays byte for
 * byte, so nothing is taken out here: what is added must have passed `emitText` before. Its permissions stay. Durable.
 * Throws the error of the file system; the document is then unchanged.
 */
export async function writeProjectDocument(path: string, text: string): Promise<void> {
  await ensureProjectDirectory(dirname(path));
  await writeFileAtomic(path, text, { mode: (await permissionsOf(path)) ?? 0o644 });
}

/** Removes a folder of the project when nothing is in it; false when it stays. */
export async function removeEmptyDirectory(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(errorCodeOf(thrown) ?? '')) return false;
    throw thrown;
  }
}

async function permissionsOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
