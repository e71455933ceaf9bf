import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/**
 * Where a program of an argv lies: a path as it stands (relative to `directory`), a plain name by the search path, of
 * which relative places, `directory` itself and every `node_modules/.bin` are left out: what a dependency or a checkout brings
 * must not pass for a program of the machine. Null when there is no file there that may be executed. Starts nothing.
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
          .filter((folder) => isTrusted(folder, directory))
          .map((folder) => join(folder, program));
  for (const place of places) if (await isExecutable(place)) return place;
  return null;
}

/** The search path without the places in which no program is looked for. Pure. */
export function trustedPath(path: string, directory: string): string {
  return path
    .split(delimiter)
    .filter((folder) => isTrusted(folder, directory))
    .join(delimiter);
}

function isTrusted(folder: string, directory: string): boolean {
  if (!isAbsolute(folder)) return false;
  const place = resolve(folder);
  return place !== resolve(directory) && !place.endsWith('/node_modules/.bin');
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
