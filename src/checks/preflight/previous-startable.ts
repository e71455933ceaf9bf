import type { Check } from '../../model/check.ts';
import { isLocal } from '../../model/config/target.ts';
import { readFileFacts } from '../../system/file-facts.ts';
import { resolveInside } from '../../system/files.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, skipped, unknown } from './finding.ts';

/** Blocks: the way back after this run starts the revision that is stable now, perhaps long after its processes are gone. */
export const previousStartableCheck: Check<PreflightContext> = {
  id: 'previous-startable',
  title: 'Previous revision can still be started',
  category: 'rollback',
  blocking: true,
  run: async ({ stable, targetState, environment, projectDirectory, repository }) => {
    if (stable === null)
      return targetState === null ? unknown('the target could not be asked') : skipped('there is no previous revision');
    const { target } = environment;
    if (target.kind === 'command' && stable.commit === null)
      return skipped(`the programs of the target have to bring ${stable.version} back; it names no commit`);
    const directory = isLocal(target) ? target.directory : undefined;
    if (directory !== undefined) {
      const path = directory.replaceAll('{version}', stable.version);
      const facts = await readFileFacts(await resolveInside(projectDirectory, path));
      if (facts?.directory === true) return passed(`${path} is there`, { directory: path });
      return failed(
        `${path} is gone`,
        `Bring ${path} back: without it version ${stable.version} cannot be started again.`,
      );
    }
    if (stable.commit === null) return unknown(`${stable.id} names neither a commit nor a directory`);
    if (repository === null) return unknown('the project is not a git repository');
    const commit = await repository.resolveCommit(stable.commit);
    if (commit !== null) return passed(`commit ${commit.slice(0, 12)} is in the repository`, { commit });
    return failed(
      `commit ${stable.commit.slice(0, 12)} is not in this repository`,
      `git fetch --tags, so that ${stable.version} can be checked out again.`,
      {
        commit: stable.commit,
      },
    );
  },
};
