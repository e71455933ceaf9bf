import { lstat } from 'node:fs/promises';
import { errorCodeOf } from './files.ts';

/** What is at a path, links not followed; null when nothing is. */
export async function readFileFacts(
  path: string,
): Promise<{ plain: boolean; directory: boolean; bytes: number; modifiedMs: number } | null> {
  try {
    const found = await lstat(path);
    return { plain: found.isFile(), directory: found.isDirectory(), bytes: found.size, modifiedMs: found.mtimeMs };
  } catch (thrown) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(thrown) ?? '')) return null;
    throw thrown;
  }
}
