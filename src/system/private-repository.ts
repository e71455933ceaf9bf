import { createHash } from 'node:crypto';
import { lstat, readFile, readlink, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { ensurePrivateDirectory, errorCodeOf, readTextFile, writeFileAtomic } from './files.ts';

/**
 * A git dir of our own that sees the project's objects and refs and nothing of its configuration: whatever a repository says
 * in `.git/config`, in hooks or in attributes of its git dir (monitors, filters, diff drivers, ssh commands, lazy fetches) is
 * not there to be run. Nothing is ever written to the project.
 */
export type PrivateRepository = {
  /** Top folder of the project's work tree. */
  top: string;
  /** The git dir of our own. */
  gitDir: string;
  /** The project's config files, which are only ever read as text. */
  projectConfigs: readonly string[];
  /** HEAD of the project as it is now. */
  refreshHead(): Promise<void>;
};

/** Throws NOT_A_REPOSITORY when the directory is not inside a work tree. */
export async function openPrivateRepository(directory: string, home?: string): Promise<PrivateRepository> {
  const project = await findProject(directory);
  if (project === null || /[\n\r]/.test(project.common)) throw new DeployError('NOT_A_REPOSITORY', { directory });
  const name = createHash('sha256').update(JSON.stringify(project)).digest('hex').slice(0, 24);
  const root = home ?? join(tmpdir(), `seatrial-${process.getuid?.() ?? 'user'}`, 'repositories');
  const gitDir = join(root, name);
  await ensurePrivateDirectory(join(gitDir, 'objects', 'info'));
  await ensurePrivateDirectory(join(gitDir, 'info'));
  const { common } = project;
  await keepFile(join(gitDir, 'objects', 'info', 'alternates'), `${join(common, 'objects')}\n`);
  for (const part of ['refs', 'packed-refs', 'shallow', 'reftable', join('info', 'exclude')])
    await keepLink(join(common, part), join(gitDir, part));
  await keepFile(join(gitDir, 'config'), renderConfig((await readTextFile(join(common, 'config'))) ?? ''));
  const refreshHead = async (): Promise<void> => {
    const head = await readHead(project.gitDir);
    if (head === null) throw new DeployError('NOT_A_REPOSITORY', { directory });
    await keepFile(join(gitDir, 'HEAD'), head);
  };
  await refreshHead();
  return {
    top: project.top,
    gitDir,
    projectConfigs: [join(common, 'config'), join(project.gitDir, 'config.worktree')],
    refreshHead,
  };
}

type ProjectPaths = { top: string; gitDir: string; common: string };

async function findProject(directory: string): Promise<ProjectPaths | null> {
  for (let top = resolve(directory); ; top = dirname(top)) {
    const gitDir = await gitDirOf(top);
    if (gitDir !== null && (await readHead(gitDir)) !== null) {
      const named = (await readTextFile(join(gitDir, 'commondir')).catch(() => null))?.trim();
      return { top, gitDir, common: named === undefined || named === '' ? gitDir : resolve(gitDir, named) };
    }
    if (dirname(top) === top) return null;
  }
}

/** `.git` is the git dir, or a file that says where it is (worktrees, submodules). */
async function gitDirOf(top: string): Promise<string | null> {
  const place = join(top, '.git');
  const found = await lstat(place).catch(() => null);
  if (found?.isDirectory()) return place;
  if (!found?.isFile() || found.size > 10_000) return null;
  const named = /^gitdir: (.+)$/m.exec(await readFile(place, 'utf8'))?.[1];
  return named === undefined ? null : resolve(top, named.trim());
}

async function readHead(gitDir: string): Promise<string | null> {
  const text = (await readTextFile(join(gitDir, 'HEAD')).catch(() => null))?.trim() ?? '';
  return /^(?:ref: refs\/[^\s~^:?*[\\]{1,500}|[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? `${text}\n` : null;
}

/** Ours, with the two things that git must know of the project's to read its objects and refs at all. */
function renderConfig(projectConfig: string): string {
  const sha256 = /^\s*objectformat\s*=\s*"?sha256"?\s*$/im.test(projectConfig);
  const reftable = /^\s*refstorage\s*=\s*"?reftable"?\s*$/im.test(projectConfig);
  return [
    '[core]',
    `\trepositoryformatversion = ${sha256 || reftable ? 1 : 0}`,
    '\tbare = false',
    '\tuseReplaceRefs = false',
    '\thooksPath = /dev/null',
    '[protocol]\n\tallow = never',
    ...(sha256 || reftable ? ['[extensions]'] : []),
    ...(sha256 ? ['\tobjectformat = sha256'] : []),
    ...(reftable ? ['\trefstorage = reftable'] : []),
    '',
  ].join('\n');
}

async function keepFile(path: string, text: string): Promise<void> {
  if ((await readTextFile(path)) !== text) await writeFileAtomic(path, text);
}

async function keepLink(target: string, path: string): Promise<void> {
  const now = await readlink(path).catch(() => null);
  if (now === target) return;
  if (now !== null) await unlink(path);
  await symlink(target, path).catch((thrown: unknown) => {
    // Another process has just done the same.
    if (errorCodeOf(thrown) !== 'EEXIST') throw thrown;
  });
}
