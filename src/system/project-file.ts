import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { emitText } from '../model/redaction/emit.ts';
import { ensureProjectDirectory, errorCodeOf, writeFileAtomic } from './files.ts';

/**
 * Replaces or creates a text file of the user's project, with the folders above it (unless `folders` is false) and the usual permissions. Such files
 * are meant to be committed and read: secrets are taken out. Durable. Throws the error of the file system.
 */
export async function writeProjectFile(path: string, text: string, { folders = true } = {}): Promise<void> {
  if (folders) await ensureProjectDirectory(dirname(path));
  await writeFileAtomic(path, emitText(text), { mode: 0o644 });
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

async function permissionsOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
