import { dirname } from 'node:path';
import { emitText } from '../model/redaction/emit.ts';
import { ensureProjectDirectory, writeFileAtomic } from './files.ts';

/**
 * Replaces or creates a text file of the user's project, with the folders above it (unless `folders` is false) and the usual permissions. Such files
 * are meant to be committed and read: secrets are taken out. Durable. Throws the error of the file system.
 */
export async function writeProjectFile(path: string, text: string, { folders = true } = {}): Promise<void> {
  if (folders) await ensureProjectDirectory(dirname(path));
  await writeFileAtomic(path, emitText(text), { mode: 0o644 });
}
