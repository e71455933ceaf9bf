import type { Repository } from './git.ts';

/**
 * A file as the tip of a branch has it, whatever the work tree says, and the commit it was read at; null when branch or file is not
 * there. `branch` with a slash is looked for among the remote branches first (`origin/main`), never among tags: a tag of that name must
 * not pass for the branch. A commit id is taken as it is. `path` is relative to `repository.directory`.
 */
export async function readCommittedFile(
  repository: Repository,
  { branch, path }: { branch: string; path: string },
): Promise<{ text: string; commit: string } | null> {
  const commit = await resolveBranch(repository, branch);
  if (commit === null) return null;
  const text = await repository.committedText(commit, path);
  return text === null ? null : { text, commit };
}

/** Commit id of a branch or of itself; null when there is none. */
export async function resolveBranch(repository: Repository, branch: string): Promise<string | null> {
  for (const ref of fullNames(branch)) {
    const commit = await repository.resolveCommit(ref);
    if (commit !== null) return commit;
  }
  return null;
}

function fullNames(branch: string): string[] {
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(branch) || branch.startsWith('refs/')) return [branch];
  return [...(branch.includes('/') ? [`refs/remotes/${branch}`] : []), `refs/heads/${branch}`];
}
