import { join } from 'node:path';
import { type AllowedSigners, parseAllowedSigners, userConfigFolder } from '../config/allowed-signers.ts';
import type { SignersSpec } from '../model/config/approval.ts';
import { DeployError } from '../model/deploy-error.ts';
import { readTextFile } from '../system/files.ts';
import type { Repository } from '../system/git.ts';
import { readProtectedFile } from './read-protected-file.ts';

/** Enrolled approvers, and where the list was read. */
export type ApproverList = AllowedSigners & { where: string };

/** The user's own list of approvers: outside of every project. */
export function userSignersFile(): string {
  return join(userConfigFolder(process.env), 'allowed_signers');
}

/** Those whose signatures count, by the rule of the environment. Throws APPROVERS_UNREADABLE. */
export async function loadApprovers(signers: SignersSpec, repository: Repository | null): Promise<ApproverList> {
  if (signers.from === 'user') {
    const file = userSignersFile();
    return { ...parseAllowedSigners(await readSigners(file)), where: file };
  }
  const { branch, path } = signers;
  const found = repository === null ? null : await readProtectedFile(repository, { branch, path });
  if (found === null)
    throw new DeployError('APPROVERS_UNREADABLE', {
      where: `${path} of branch ${branch}`,
      reason: repository === null ? 'this project is in no git repository' : 'there is no such branch or file',
      remedy: `Commit the list of approvers to ${branch} and fetch it; the working tree never counts.`,
    });
  return {
    ...parseAllowedSigners(found.text),
    where: `${path} of branch ${branch} (commit ${found.commit.slice(0, 12)})`,
  };
}

/** True when somebody can sign for this user's environments; a list that cannot be read never makes the rules weaker. */
export async function hasEnrolledApprover(): Promise<boolean> {
  try {
    return parseAllowedSigners((await readTextFile(userSignersFile())) ?? '').signers.length > 0;
  } catch {
    return true;
  }
}

async function readSigners(file: string): Promise<string> {
  try {
    return (await readTextFile(file)) ?? '';
  } catch (thrown) {
    throw new DeployError(
      'APPROVERS_UNREADABLE',
      {
        where: file,
        reason: thrown instanceof Error ? thrown.message : String(thrown),
        remedy: 'It must be a plain file that this user may read.',
      },
      thrown,
    );
  }
}
