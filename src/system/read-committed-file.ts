import type { Repository } from './git.ts';

/**
 * A file as a branch has it, with the commit that it was read from: never from the working tree. What the remote is known
 * to have comes before the local branch, onto which anybody at this machine can commit. Null when there is no such branch,
 * or no such file in it. `path` is relative to the top of the repository.
 */
export async function readCommittedFile(
  repository: Repository,
  { branch, path }: { branch: string; path: string },
): Promise<{ text: string; commit: string } | null> {
  const commit =
    (await repository.resolveCommit(`refs/remotes/origin/${branch}`)) ??
    (await repository.resolveCommit(`refs/heads/${branch}`));
  if (commit === null) return null;
  const text = await repository.fileAt(commit, path);
  return text === null ? null : { text, commit };
}
