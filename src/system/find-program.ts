import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/**
 * Where a program of an argv lies: a path as it stands (relative to `directory`), a plain name by the search path. Null when
 * there is no file there that may be executed. Starts nothing.
 */
export async function findProgram(
  program: string,
  { directory, path }: { directory: string; path: string },
): Promise<string | null> {
  const places =
    isAbsolute(program) || program.includes('/')
      ? [resolve(directory, program)]
      : path
          .split(delimiter)
          .filter((folder) => folder !== '')
          .map((folder) => join(folder, program));
  for (const place of places) if (await isExecutable(place)) return place;
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
