import type { Repository } from '../system/git.ts';
import { readCommittedFile, resolveBranch } from '../system/read-committed-file.ts';

/**
 * A file of a protected branch with its commit, or null. Where the remote's branch is known it alone decides: anybody at
 * this machine can commit to the local one.
 */
export async function readProtectedFile(
  repository: Repository,
  { branch, path }: { branch: string; path: string },
): Promise<{ text: string; commit: string } | null> {
  const remote = `origin/${branch}`;
  const known = (await resolveBranch(repository, `refs/remotes/${remote}`)) !== null;
  return readCommittedFile(repository, { branch: known ? `refs/remotes/${remote}` : branch, path });
}
