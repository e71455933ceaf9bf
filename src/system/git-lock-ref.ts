import { join } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { gitOidSchema } from '../model/vetted.ts';
import { allowedEnvironment } from './environment.ts';
import { cleanExcerpt } from './excerpt.ts';
import { type CommandResult, runCommand } from './exec.ts';
import { ensurePrivateDirectory, writeFileAtomic } from './files.ts';
import { openPrivateRepository } from './private-repository.ts';

/** One ref of a repository elsewhere, moved only from what was read. */
export type LockRef = {
  /** What it holds, or null when there is no such ref. Throws LOCK_REMOTE. */
  read(): Promise<{ oid: string; text: string } | null>;
  /**
   * Lets it hold `text` if it is still at `from` (null: not there); the new id, or null when somebody else has moved it. Throws
   * LOCK_REMOTE when nobody can tell.
   */
  move(from: string | null, text: string): Promise<string | null>;
};

const timeoutMs = 20_000;
const seen = 'refs/seatrial/seen';

/**
 * `directory`: a private folder for a bare git dir of our own, without any configuration of the project, the user or the machine.
 * Addresses are handed to git as they are, by https, ssh or as a path; no helper of any other kind is started. Throws LOCK_REMOTE.
 */
export async function openLockRef(place: { directory: string; url: string; ref: string }): Promise<LockRef> {
  const { directory, url, ref } = place;
  await ensurePrivateDirectory(join(directory, 'objects'));
  await ensurePrivateDirectory(join(directory, 'refs'));
  await writeFileAtomic(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
  await writeFileAtomic(
    join(directory, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tbare = true\n\thooksPath = /dev/null\n[gc]\n\tauto = 0\n',
  );
  const git = (args: string[], input?: string): Promise<CommandResult> => runBare(directory, args, input);
  const demand = async (args: string[], input?: string): Promise<string> => {
    const result = await git(args, input);
    if (!result.ok) throw unreachable(ref, result);
    return result.stdout.trim();
  };
  const idOf = async (): Promise<string | null> => {
    const said = await demand(['ls-remote', '--refs', '--end-of-options', url, ref]);
    if (said === '') return null;
    return gitOidSchema.parse(said.split(/\s/)[0]);
  };
  return {
    read: async () => {
      if ((await idOf()) === null) return null;
      await demand([
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--end-of-options',
        url,
        `+${ref}:${seen}`,
      ]);
      const oid = gitOidSchema.parse(await demand(['rev-parse', '--verify', seen]));
      const commit = await demand(['cat-file', 'commit', oid]);
      return { oid, text: commit.slice(commit.indexOf('\n\n') + 2) };
    },
    move: async (from, text) => {
      const tree = await demand(['mktree'], '');
      const next = gitOidSchema.parse(await demand(['commit-tree', '--end-of-options', tree], text));
      const lease = `--force-with-lease=${ref}:${from ?? ''}`;
      const pushed = await git(['push', '--quiet', '--no-verify', lease, '--end-of-options', url, `${next}:${ref}`]);
      if (pushed.ok) return next;
      // A refusal, a lost answer and a broken line look alike: where the ref is tells them apart.
      const now = await idOf();
      if (now === next) return next;
      if (now === from) throw unreachable(ref, pushed);
      return null;
    },
  };
}

/**
 * Address of a remote of the clone, read as text: no includes, no rewriting of addresses. Throws LOCK_REMOTE for one that is not
 * there, and for a path or a helper: a clone's configuration is not trusted to name what runs on this machine.
 */
export async function remoteAddress(
  directory: string,
  { home, name }: { home: string; name: string },
): Promise<string> {
  const { gitDir, projectConfigs } = await openPrivateRepository(directory, home);
  const [config = ''] = projectConfigs;
  for (const key of [`remote.${name}.pushurl`, `remote.${name}.url`]) {
    const result = await runBare(gitDir, ['config', '--file', config, '--no-includes', '--null', '--get', key]);
    const url = result.stdout.replace(/\0$/, '');
    if (!result.ok || url === '') continue;
    if (isNetworkAddress(url)) return url;
    const reason = `remote "${name}" of this clone is neither ssh nor https. A path must stand in seatrial.yaml itself`;
    throw new DeployError('LOCK_REMOTE', { ref: name, reason });
  }
  throw new DeployError('LOCK_REMOTE', { ref: name, reason: `this clone has no remote "${name}"` });
}

function isNetworkAddress(url: string): boolean {
  if (/[\s\p{Cc}]/u.test(url)) return false;
  return /^(?:https|ssh):\/\/(?!-)[^/]/i.test(url) || /^[A-Za-z0-9_.-]+@(?!-)[A-Za-z0-9.-]+:(?!\/\/)/.test(url);
}

function runBare(gitDir: string, args: readonly string[], input?: string): Promise<CommandResult> {
  const who = { name: 'seatrial', email: 'seatrial@localhost' };
  return runCommand({
    argv: ['git', ...args],
    cwd: gitDir,
    env: allowedEnvironment({
      pass: [],
      fileText: null,
      set: {
        ...(process.env['SSH_AUTH_SOCK'] === undefined ? {} : { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] }),
        GIT_DIR: gitDir,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_ATTR_NOSYSTEM: '1',
        GIT_TERMINAL_PROMPT: '0',
        GIT_ALLOW_PROTOCOL: 'file:https:ssh',
        GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oConnectTimeout=10',
        GIT_SSH_VARIANT: 'ssh',
        GIT_AUTHOR_NAME: who.name,
        GIT_AUTHOR_EMAIL: who.email,
        GIT_COMMITTER_NAME: who.name,
        GIT_COMMITTER_EMAIL: who.email,
        LC_ALL: 'C',
      },
    }),
    timeoutMs,
    input,
  });
}

function unreachable(ref: string, { how, stderr }: CommandResult): DeployError {
  return new DeployError('LOCK_REMOTE', { ref, reason: `git: ${how}. ${cleanExcerpt(stderr)}`.trim() });
}
