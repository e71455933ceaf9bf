import { type SimpleGit, simpleGit } from 'simple-git';
import { DeployError } from '../model/deploy-error.ts';
import { allowedEnvironment } from './environment.ts';
import { runCommand } from './exec.ts';

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
    changedFiles: () => readChangedFiles(directory),
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
  };
}

/** Not through simple-git, which refuses to switch off what a repository may have git run at every status. */
async function readChangedFiles(directory: string): Promise<string[]> {
  const result = await runCommand({
    argv: [
      'git',
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.hooksPath=/dev/null',
      'status',
      '--porcelain=v1',
      '-z',
      '--untracked-files=all',
      '--no-renames',
    ],
    cwd: directory,
    env: allowedEnvironment({ pass: [], fileText: null, set: { GIT_OPTIONAL_LOCKS: '0' } }),
    timeoutMs: 60_000,
    outputLimit: 10_000_000,
  });
  if (!result.ok) {
    throw new DeployError('COMMAND_FAILED', {
      command: 'git status',
      how: result.how,
      excerpt: result.stderr.trim().slice(0, 200),
    });
  }
  return result.stdout
    .split('\0')
    .filter((line) => line.length > 3)
    .map((line) => line.slice(3));
}

async function attempt<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch {
    return null;
  }
}
