import { resolveInside, sha256OfFile } from './files.ts';
import { runGit } from './git-program.ts';
import type { PrivateRepository } from './private-repository.ts';

export type Change = { letters: string; path: string };

/**
 * The changes without files that Git LFS keeps and that are the same: a commit holds a pointer with their checksum, the work
 * tree the file itself, and git can tell that only by running a filter of the repository. Here the checksum is compared.
 */
export async function withoutSameLargeFiles(place: PrivateRepository, changes: readonly Change[]): Promise<string[]> {
  const modified = changes
    .filter(({ letters, path }) => letters === ' M' && !path.includes('\n'))
    .map(({ path }) => path);
  const large = modified.length === 0 ? [] : await keptByLfs(place, modified);
  const same = new Set<string>();
  for (const [path, pointer] of await readPointers(place, large))
    if (await hasChecksum(place.top, path, pointer)) same.add(path);
  return changes.map(({ path }) => path).filter((path) => !same.has(path));
}

const timeoutMs = 60_000;

async function keptByLfs(place: PrivateRepository, paths: readonly string[]): Promise<string[]> {
  const result = await runGit(place, {
    args: ['check-attr', '--stdin', '-z', 'filter'],
    input: `${paths.join('\0')}\0`,
    timeoutMs,
  });
  const fields = result.stdout.split('\0');
  return paths.filter((path, index) => fields[index * 3] === path && fields[index * 3 + 2] === 'lfs');
}

/** A pointer has fewer than 1,024 bytes; what is larger is none. */
const longestPointer = 1024;

async function readPointers(
  place: PrivateRepository,
  paths: readonly string[],
): Promise<Array<readonly [string, string]>> {
  if (paths.length === 0) return [];
  const sizes = await askObjects(place, '--batch-check=%(objecttype) %(objectsize)', paths);
  const lines = sizes.split('\n');
  const small = paths.filter((_path, index) => {
    const [type, size] = (lines[index] ?? '').split(' ');
    return type === 'blob' && Number(size) < longestPointer;
  });
  let rest = small.length === 0 ? '' : await askObjects(place, '--batch=%(objectsize)', small);
  return small.map((path) => {
    const end = rest.indexOf('\n');
    const text = rest.slice(end + 1, end + 1 + Number(rest.slice(0, end)));
    rest = rest.slice(end + 2 + text.length);
    return [path, text] as const;
  });
}

async function askObjects(place: PrivateRepository, how: string, paths: readonly string[]): Promise<string> {
  const input = paths.map((path) => `HEAD:${path}\n`).join('');
  return (await runGit(place, { args: ['cat-file', how], input, timeoutMs })).stdout;
}

async function hasChecksum(top: string, path: string, pointer: string): Promise<boolean> {
  const wanted = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n/.exec(
    pointer,
  )?.[1];
  if (wanted === undefined) return false;
  const real = await resolveInside(top, path).catch(() => null);
  return real !== null && (await sha256OfFile(real).catch(() => null)) === wanted;
}
