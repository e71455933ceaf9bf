import { resolve } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { errorCodeOf } from '../system/files.ts';
import { writeProjectFile } from '../system/project-file.ts';

/** Writes a page to the file that a person named, relative to `directory`; its absolute path. Throws PAGE_NOT_WRITTEN. */
export async function writePage(path: string, page: string, directory: string): Promise<string> {
  const absolute = resolve(directory, path);
  try {
    await writeProjectFile(absolute, page, { folders: false });
  } catch (thrown) {
    const code = errorCodeOf(thrown);
    if (code === null) throw thrown;
    const reason = {
      ENOENT: 'its folder does not exist',
      EISDIR: 'it is a folder',
      EACCES: 'this user may not write there',
    }[code];
    throw new DeployError('PAGE_NOT_WRITTEN', { path, reason: reason ?? code }, thrown);
  }
  return absolute;
}
