import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, skipped, unknown } from './finding.ts';

/** Warns: without its tag the version to go back to lives only as long as the worktree it was started from. */
export const previousTaggedCheck: Check<PreflightContext> = {
  id: 'previous-tagged',
  title: 'Previous version is tagged',
  category: 'rollback',
  blocking: false,
  run: async ({ stable, repository, environment, targetState }) => {
    if (stable === null)
      return targetState === null ? unknown('the target could not be asked') : skipped('there is no previous version');
    if (stable.commit === null) return skipped('the stable revision comes from a directory');
    if (repository === null) return unknown('the project is not a git repository');
    const ref = stable.ref ?? environment.revision.ref.replaceAll('{version}', stable.version);
    const commit = await repository.resolveCommit(ref);
    const evidence = { ref, commit: stable.commit };
    if (commit === stable.commit) return passed(`${ref} is commit ${commit.slice(0, 12)}`, evidence);
    const remedy = `git tag ${commit === null ? '' : '--force '}${ref} ${stable.commit}`;
    return failed(
      commit === null ? `there is no ref ${ref} any more` : `${ref} has moved to ${commit.slice(0, 12)}`,
      remedy,
      evidence,
    );
  },
};
