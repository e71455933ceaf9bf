import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { sha256OfFile } from './files.ts';

/** A file of a project, as it was named, and its content. */
export type NamedFile = { path: string; sha256: string };

/**
 * Which of the texts name plain files inside of `root`, and SHA-256 (hex) of what is in them, sorted by path. A link counts for what it
 * leads to. What lies elsewhere belongs to the machine and is left out.
 */
export async function hashNamedFiles(root: string, texts: readonly string[]): Promise<NamedFile[]> {
  const found = new Map<string, string>();
  for (const text of texts) {
    if (text === '' || text.length > 4096 || text.includes('\0')) continue;
    const wanted = resolve(root, text);
    const real = await realpath(wanted).catch(() => null);
    if (real === null || (!isBelow(root, wanted) && !isBelow(root, real))) continue;
    if ((await stat(real).catch(() => null))?.isFile() !== true) continue;
    found.set(isBelow(root, wanted) ? relative(root, wanted) : real, await sha256OfFile(real));
  }
  return [...found].map(([path, sha256]) => ({ path, sha256 })).sort((one, other) => (one.path < other.path ? -1 : 1));
}

function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
