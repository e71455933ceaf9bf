import { extname, join } from 'node:path';
import { listDirectory, plainFileSize, readTextFile, resolveInside } from '../../system/files.ts';

const largestFile = 262_144;

/** The text of a plain file of the project that is not too large, else null: a link, a device, a directory is none. */
export async function readProjectFile(projectDirectory: string, path: string): Promise<string | null> {
  try {
    const inside = await resolveInside(projectDirectory, path);
    const size = await plainFileSize(inside);
    return size === null || size > largestFile ? null : await readTextFile(inside);
  } catch {
    // A file that cannot be read tells nothing; init works with what there is.
    return null;
  }
}

export type ScanLimits = {
  extensions: readonly string[];
  files: number;
  /** Bytes in all. */
  bytes: number;
};

const skipped: readonly string[] = [
  'node_modules',
  'dist',
  'build',
  'vendor',
  'coverage',
  'target',
  'test',
  'tests',
  '__tests__',
];
const deepest = 5;
const mostDirectories = 200;

/** Paths and texts of source files, near ones first, until a limit is reached. Links and dot folders are passed over. */
export async function scanProject(
  projectDirectory: string,
  limits: ScanLimits,
): Promise<Array<{ path: string; text: string }>> {
  const found: Array<{ path: string; text: string }> = [];
  const queue = [{ path: '.', depth: 0 }];
  let bytes = 0;
  for (let visited = 0; visited < mostDirectories; visited++) {
    const directory = queue.shift();
    if (directory === undefined) break;
    for (const name of await namesIn(projectDirectory, directory.path)) {
      const path = join(directory.path, name);
      const extension = extname(name);
      if (limits.extensions.includes(extension)) {
        if (found.length >= limits.files || bytes >= limits.bytes) return found;
        const text = await readProjectFile(projectDirectory, path);
        if (text === null) continue;
        found.push({ path, text: text.slice(0, Math.max(0, limits.bytes - bytes)) });
        bytes += text.length;
      } else if (extension === '' && directory.depth < deepest && !skipped.includes(name) && !name.startsWith('.')) {
        queue.push({ path, depth: directory.depth + 1 });
      }
    }
  }
  return found;
}

/** Names in a folder of the project; none when it is no folder, or a link to one. */
export async function namesIn(projectDirectory: string, path: string): Promise<string[]> {
  try {
    return await listDirectory(await resolveInside(projectDirectory, path));
  } catch {
    return [];
  }
}
