import { randomBytes } from 'node:crypto';
import { stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { allowedEnvironment } from './environment.ts';
import { cleanExcerpt } from './excerpt.ts';
import { runCommand } from './exec.ts';
import { moveFile, readBytes, removeFile, writeFileAtomic } from './files.ts';
import { withoutSameLargeFiles } from './git-large-files.ts';
import { runGit } from './git-program.ts';
import type { PrivateRepository } from './private-repository.ts';

/**
 * Paths that differ from HEAD, untracked ones included, ignored ones left out. Compared through an index of our own, so that
 * nothing which the project's index claims (unchanged, to be skipped) is believed. Throws COMMAND_FAILED.
 */
export async function readChangedFiles(place: PrivateRepository): Promise<string[]> {
  const settings = await readSettings(place);
  const kept = join(place.gitDir, 'index');
  const index = join(place.gitDir, `index-${randomBytes(8).toString('hex')}`);
  const known = await readBytes(kept);
  try {
    // What was hashed the last time need not be hashed again, as long as size and times are the same.
    if (known !== null) await writeFileAtomic(index, known);
    if (known !== null) await ageLike(index, kept);
    const set = { GIT_INDEX_FILE: index };
    // `-i`: the work tree need not be as the index had it the last time.
    const read = await runGit(place, { args: ['read-tree', '-i', '-m', 'HEAD'], timeoutMs, set });
    if (!read.ok && !/unknown revision|ambiguous argument|not a valid object name/i.test(read.stderr))
      throw failed('git read-tree', read);
    const args = [
      'status',
      '--porcelain=v1',
      '-z',
      '--untracked-files=all',
      '--no-renames',
      '--ignore-submodules=dirty',
    ];
    const status = await runGit(place, {
      args: [...settings.args, ...args],
      timeoutMs,
      set: { ...set, GIT_OPTIONAL_LOCKS: '1' },
    });
    if (!status.ok) throw failed('git status', status);
    await moveFile(index, kept).catch(() => undefined);
    const changes = status.stdout
      .split('\0')
      .filter((line) => line.length > 3)
      .map((line) => ({ letters: line.slice(0, 2), path: line.slice(3) }))
      .filter(({ letters }) => !(settings.sparse && letters === ' D'));
    return await withoutSameLargeFiles(place, changes);
  } finally {
    await removeFile(index);
    await removeFile(`${index}.lock`);
  }
}

/**
 * Git looks into a file again that may have changed in the second in which its index was written: a copy that claimed to be newer
 * would hide such a change for ever (racy-git.txt of git).
 */
async function ageLike(copy: string, original: string): Promise<void> {
  const second = Math.floor((await stat(original)).mtimeMs / 1000);
  await utimes(copy, second, second);
}

const timeoutMs = 60_000;

/**
 * The settings that say how the work tree is compared and can run nothing: of the project's config, read as a file, and of the
 * user's own, which also names a list of ignored files.
 */
async function readSettings(place: PrivateRepository): Promise<{ args: string[]; sparse: boolean }> {
  const own = await readConfig(place, ['--global', '--includes']);
  const project: Array<readonly [string, string]> = [];
  for (const file of place.projectConfigs)
    project.push(...(await readConfig(place, ['--file', file, '--no-includes'])));
  const settings = new Map([
    ...own.filter(([name]) => isHarmless(name)),
    ...project.filter(([name, value]) => isHarmless(name) && plainValues.has(value.toLowerCase())),
  ]);
  const ignored = own.findLast(([name]) => name === 'core.excludesfile')?.[1];
  return {
    sparse: project.some(([name, value]) => name === 'core.sparsecheckout' && value.toLowerCase() === 'true'),
    args: [
      ...[...settings].flatMap(([name, value]) =>
        plainValues.has(value.toLowerCase()) ? ['-c', `${name}=${value}`] : [],
      ),
      ...(ignored === undefined ? [] : ['-c', `core.excludesFile=${ignored}`]),
    ],
  };
}

const plainValues: ReadonlySet<string> = new Set(['true', 'false', 'input', 'lf', 'crlf', 'native']);

function isHarmless(name: string): boolean {
  return /^core\.(?:filemode|symlinks|ignorecase|precomposeunicode|autocrlf|eol)$/.test(name);
}

/** Names in lower case with their values; a config that cannot be read says nothing. */
async function readConfig(
  place: PrivateRepository,
  which: readonly string[],
): Promise<Array<readonly [string, string]>> {
  const result = await runCommand({
    argv: ['git', 'config', ...which, '--null', '--get-regexp', '^core\\.'],
    cwd: place.gitDir,
    env: allowedEnvironment({ pass: [], fileText: null, set: { GIT_DIR: place.gitDir, GIT_CONFIG_NOSYSTEM: '1' } }),
    timeoutMs: 10_000,
  });
  return result.stdout.split('\0').flatMap((entry) => {
    const at = entry.indexOf('\n');
    return at === -1 ? [] : [[entry.slice(0, at).toLowerCase(), entry.slice(at + 1)] as const];
  });
}

function failed(command: string, { how, stderr }: { how: string; stderr: string }): DeployError {
  return new DeployError('COMMAND_FAILED', { command, how, excerpt: cleanExcerpt(stderr) });
}
