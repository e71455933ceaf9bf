import { gitOidSchema } from '../model/vetted.ts';
import { allowedEnvironment } from './environment.ts';
import { runCommand } from './exec.ts';
import { runGit } from './git-program.ts';
import type { PrivateRepository } from './private-repository.ts';

/** One commit as its author wrote it: text of strangers. */
export type HistoryCommit = {
  oid: string;
  /** Committer time, ISO 8601. */
  at: string;
  author: string;
  message: string;
};

export type History = { commits: HistoryCommit[]; truncated: boolean };

const mostCommits = 2000;
const timeoutMs = 60_000;

/** Commits that lead to `to` and not to `from` (both full ids; null: from the beginning), newest first, at most 2,000. */
export async function readHistory(
  place: PrivateRepository,
  { from, to }: { from: string | null; to: string },
): Promise<History> {
  const range = from === null ? [to] : [to, `^${from}`];
  for (const oid of [to, ...(from === null ? [] : [from])]) gitOidSchema.parse(oid);
  const args = ['log', '-z', '--no-show-signature', '--no-ext-diff', '--no-textconv', '--no-patch'];
  const format = '--format=%H%n%cI%n%an%n%B';
  const result = await runGit(place, {
    args: [...args, format, `--max-count=${mostCommits + 1}`, ...range, '--'],
    timeoutMs,
  });
  if (!result.ok) throw new Error(`git log ended with ${result.how}: ${result.stderr.slice(0, 200)}`);
  const commits = result.stdout.split('\0').flatMap((entry) => parseEntry(entry));
  return { commits: commits.slice(0, mostCommits), truncated: commits.length > mostCommits };
}

function parseEntry(entry: string): HistoryCommit[] {
  const [oid = '', at = '', author = '', ...message] = entry.replace(/^\n/, '').split('\n');
  return gitOidSchema.safeParse(oid).success ? [{ oid, at, author, message: message.join('\n').trim() }] : [];
}

/** The nearest tag of this form (`v*`) that leads to a parent of this commit; null when there is none. */
export async function readTagBefore(place: PrivateRepository, oid: string, form: string): Promise<string | null> {
  if (!gitOidSchema.safeParse(oid).success) return null;
  const result = await runGit(place, {
    args: ['describe', '--tags', '--abbrev=0', `--match=${form}`, `${oid}^`],
    timeoutMs,
  });
  const name = result.stdout.trim();
  return result.ok && name !== '' ? name : null;
}

/** Address of the remote `origin` as the project's configuration has it, which is read as text; null without one. */
export async function readOriginUrl(place: PrivateRepository): Promise<string | null> {
  for (const file of place.projectConfigs) {
    const result = await runCommand({
      argv: ['git', 'config', '--file', file, '--no-includes', '--get', 'remote.origin.url'],
      cwd: place.gitDir,
      env: allowedEnvironment({ pass: [], fileText: null, set: { GIT_DIR: place.gitDir, GIT_CONFIG_NOSYSTEM: '1' } }),
      timeoutMs: 10_000,
    });
    const url = result.stdout.trim();
    if (result.ok && url !== '' && url.length <= 2000) return url;
  }
  return null;
}
