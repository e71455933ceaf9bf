import { simpleGit } from 'simple-git';
import { DeployError } from '../model/deploy-error.ts';
import { gitOidSchema } from '../model/vetted.ts';
import { trustedPath } from './find-program.ts';
import { readChangedFiles } from './git-changes.ts';
import { type History, readHistory, readOriginUrl, readTagBefore } from './git-history.ts';
import { runGit } from './git-program.ts';
import { openPrivateRepository, type PrivateRepository } from './private-repository.ts';

/**
 * A project's git repository, read through a git dir of our own: nothing is written to it, and nothing that its
 * configuration says is run.
 */
export interface Repository {
  /** Top folder of the work tree. */
  readonly directory: string;
  /** Id of the oldest root commit, or null while there is no commit. */
  rootCommit(): Promise<string | null>;
  /** Full id of the commit that a ref names, or null. */
  resolveCommit(ref: string): Promise<string | null>;
  /** Changed and untracked paths, relative to `directory`, ignored ones left out. Throws COMMAND_FAILED. */
  changedFiles(): Promise<string[]>;
  /** Short names of tags and branches. */
  refNames(): Promise<string[]>;
  /** Committer time as an ISO string, or null when the commit is not there. */
  commitTime(oid: string): Promise<string | null>;
  /** Committer times, ISO, of what `to` has and `from` has not, newest first, at most 5,000; none when one of them is not there. */
  commitTimes(from: string, to: string): Promise<string[]>;
  /** Committer time, Unix ms, of the last commit that changed a path relative to `directory`; null when there is none. */
  lastChangeMs(path: string, signal?: AbortSignal): Promise<number | null>;
  /** Commits that lead to one commit and not to the other (full ids), newest first, at most 2,000. */
  history(range: { from: string | null; to: string }): Promise<History>;
  /** The nearest tag before a commit; null when there is none. */
  tagBefore(oid: string, form: string): Promise<string | null>;
  /** Address of the remote `origin`, never contacted; null without one. */
  originUrl(): Promise<string | null>;
  /** Text (UTF-8) of a file as a commit has it, its path relative to `directory`; null when it is not there. */
  committedText(oid: string, path: string): Promise<string | null>;
}

/** `home`: private folder for git dirs of our own. Throws NOT_A_REPOSITORY when the directory is not inside a work tree. */
export async function openRepository(directory: string, home?: string): Promise<Repository> {
  const place = await openPrivateRepository(directory, home).catch((thrown: unknown) => {
    throw thrown instanceof DeployError && thrown.code === 'NOT_A_REPOSITORY'
      ? thrown
      : new DeployError('NOT_A_REPOSITORY', { directory }, thrown);
  });
  return createRepository(place);
}

function createRepository(place: PrivateRepository): Repository {
  const { top: directory, gitDir } = place;
  // Without the variables that simple-git guards: the git dir is the folder it runs in, and there is no other config.
  const git = simpleGit({ baseDir: gitDir, timeout: { block: 60_000 } }).env({
    PATH: trustedPath(process.env['PATH'] ?? '', directory),
    HOME: gitDir,
    LC_ALL: 'C',
  });
  return {
    directory,
    rootCommit: async () => {
      await place.refreshHead();
      const roots = await attempt(() => git.raw(['rev-list', '--max-parents=0', 'HEAD']));
      return roots?.trim().split('\n').at(-1) || null;
    },
    resolveCommit: async (ref) => {
      // What git itself would not take for the name of a ref is none.
      if (ref === '' || ref.startsWith('-') || /[\p{Cc}\s]/u.test(ref)) return null;
      const said = await attempt(() => git.revparse(['--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]));
      const oid = said?.split('\n').map((line) => gitOidSchema.safeParse(line.trim()));
      return oid?.find((parsed) => parsed.success)?.data ?? null;
    },
    changedFiles: async () => {
      await place.refreshHead();
      return readChangedFiles(place);
    },
    refNames: async () => {
      const refs = await git.raw(['for-each-ref', '--format=%(refname:short)', 'refs/tags', 'refs/heads']);
      return refs.split('\n').filter((line) => line.length > 0);
    },
    commitTime: async (oid) => {
      if (!gitOidSchema.safeParse(oid).success) return null;
      const time = await attempt(() => git.raw(['show', '-s', '--no-show-signature', '--format=%cI', oid]));
      return time === null ? null : new Date(time.trim()).toISOString();
    },
    commitTimes: (from, to) => readCommitTimes(git, from, to),
    lastChangeMs: (path, signal) => readLastChange(place, path, signal),
    committedText: async (oid, path) => {
      if (!gitOidSchema.safeParse(oid).success || /[\p{Cc}]/u.test(path)) return null;
      const args = ['cat-file', 'blob', `${oid}:${path}`];
      const result = await runGit(place, { args, timeoutMs: 10_000 });
      return result.ok ? result.stdout : null;
    },
    history: (range) => readHistory(place, range),
    tagBefore: (oid, form) => readTagBefore(place, oid, form),
    originUrl: () => readOriginUrl(place),
  };
}

async function readLastChange(place: PrivateRepository, path: string, signal?: AbortSignal): Promise<number | null> {
  await place.refreshHead();
  const how = ['-1', '--no-show-signature', '--no-ext-diff', '--no-textconv', '--format=%cI'];
  const result = await runGit(place, { args: ['log', ...how, 'HEAD', '--', path], timeoutMs: 10_000, signal });
  const at = Date.parse(result.stdout.trim());
  return result.ok && Number.isFinite(at) ? at : null;
}

async function readCommitTimes(git: ReturnType<typeof simpleGit>, from: string, to: string): Promise<string[]> {
  if (![from, to].every((oid) => gitOidSchema.safeParse(oid).success)) return [];
  const how = ['--max-count=5000', '--no-show-signature', '--no-ext-diff', '--format=%cI'];
  const told = (await attempt(() => git.raw(['log', ...how, to, `^${from}`, '--']))) ?? '';
  return told.split('\n').flatMap((line) => (line.trim() === '' ? [] : [new Date(line.trim()).toISOString()]));
}

async function attempt<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch {
    return null;
  }
}
