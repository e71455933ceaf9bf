import { chmod, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { listDirectory, removeFile } from './files.ts';

export type TreeEntry = { path: string; isDirectory: boolean; mode: number; changedAtMs: number; own: boolean };

/** What other programs put there has permissions of its own. */
const foreignFolders: ReadonlySet<string> = new Set(['checkouts', 'repositories', 'logs']);
const deepest = 6;

/** Folders and plain files of a private tree, those of checkouts and git dirs left out; links are not followed. */
export async function walkPrivateTree(root: string, depth = 0): Promise<TreeEntry[]> {
  const found = await lstat(root).catch(() => null);
  if (found === null || (!found.isDirectory() && !found.isFile())) return [];
  const own = process.getuid === undefined || found.uid === process.getuid();
  const isDirectory = found.isDirectory();
  const entry = { path: root, isDirectory, mode: found.mode & 0o777, changedAtMs: found.mtimeMs, own };
  if (!isDirectory || depth === deepest) return [entry];
  const names = (await listDirectory(root)).filter((name) => !foreignFolders.has(name));
  const below: TreeEntry[] = [];
  for (const name of names) below.push(...(await walkPrivateTree(join(root, name), depth + 1)));
  return [entry, ...below];
}

/** Whether others than its owner may do anything with it. Pure. */
export function isOpenToOthers({ mode }: TreeEntry): boolean {
  return (mode & 0o077) !== 0;
}

/** Nobody but its owner may do anything with it afterwards. */
export async function closeToOthers({ path, isDirectory }: TreeEntry): Promise<void> {
  await chmod(path, isDirectory ? 0o700 : 0o600);
}

/** A file that was being written when its writer died: a write takes milliseconds, and this one is `olderThanMs` old. Pure. */
export function isLeftover({ path, isDirectory, changedAtMs }: TreeEntry, nowMs: number, olderThanMs: number): boolean {
  return !isDirectory && /\/\.[^/]+\.[0-9a-f]{16}\.tmp$/.test(path) && nowMs - changedAtMs > olderThanMs;
}

export async function removeLeftover({ path }: TreeEntry): Promise<void> {
  await removeFile(path);
}
