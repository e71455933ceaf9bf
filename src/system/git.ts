import { type SimpleGit, simpleGit } from 'simple-git';
import { DeployError } from '../model/deploy-error.ts';

export type CommitSummary = { oid: string; subject: string; body: string; author: string };

/** A project's git repository, read by object id; nothing is written. */
export interface Repository {
  /** Top folder of the work tree. */
  readonly directory: string;
  /** Id of the oldest root commit, or null while there is no commit. */
  rootCommit(): Promise<string | null>;
  /** Full id of the commit that a ref names, or null. */
  resolveCommit(ref: string): Promise<string | null>;
  /** Changed and untracked paths, relative to `directory`, ignored ones left out. */
  changedFiles(): Promise<string[]>;
  /** Short names of tags and branches. */
  refNames(): Promise<string[]>;
  /** Committer time as an ISO string, or null when the commit is not there. */
  commitTime(oid: string): Promise<string | null>;
  /** Newest first; all of `to` when `from` is null; at most `limit`. */
  commitsBetween(range: { from: string | null; to: string; limit: number }): Promise<CommitSummary[]>;
}

/** Throws NOT_A_REPOSITORY when the directory is not inside a work tree. */
export async function openRepository(directory: string): Promise<Repository> {
  const git = simpleGit({ baseDir: directory, timeout: { block: 60_000 } });
  const top = await attempt(() => git.revparse(['--show-toplevel']));
  if (top === null) throw new DeployError('NOT_A_REPOSITORY', { directory });
  return createRepository(simpleGit({ baseDir: top.trim(), timeout: { block: 60_000 } }), top.trim());
}

function createRepository(git: SimpleGit, directory: string): Repository {
  return {
    directory,
    rootCommit: async () => {
      const roots = await attempt(() => git.raw(['rev-list', '--max-parents=0', 'HEAD']));
      return roots?.trim().split('\n').at(-1) || null;
    },
    resolveCommit: async (ref) => {
      const oid = await attempt(() => git.revparse(['--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]));
      return (
        oid
          ?.trim()
          .split('\n')
          .find((line) => /^[0-9a-f]{40,64}$/.test(line)) ?? null
      );
    },
    changedFiles: async () => {
      const status = await git.raw(['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames']);
      return status
        .split('\0')
        .filter((line) => line.length > 3)
        .map((line) => line.slice(3));
    },
    refNames: async () => {
      const refs = await git.raw(['for-each-ref', '--format=%(refname:short)', 'refs/tags', 'refs/heads']);
      return refs.split('\n').filter((line) => line.length > 0);
    },
    commitTime: async (oid) => {
      const time = await attempt(() =>
        git.raw(['show', '-s', '--no-show-signature', '--format=%cI', '--end-of-options', oid]),
      );
      return time === null ? null : new Date(time.trim()).toISOString();
    },
    commitsBetween: async ({ from, to, limit }) => {
      const range = from === null ? to : `${from}..${to}`;
      const text = await git.raw([
        'log',
        `--max-count=${limit}`,
        '--no-show-signature',
        '--format=%H%x00%s%x00%b%x00%an%x01',
        '--end-of-options',
        range,
      ]);
      return text
        .split('\u0001')
        .map(parseCommit)
        .filter((commit) => commit !== null);
    },
  };
}

function parseCommit(text: string): CommitSummary | null {
  const [oid, subject, body, author] = text.trim().split('\0');
  if (oid === undefined || subject === undefined) return null;
  return { oid, subject, body: body?.trim() ?? '', author: author ?? '' };
}

async function attempt<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch {
    return null;
  }
}
