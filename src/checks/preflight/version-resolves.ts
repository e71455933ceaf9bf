import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failedBy, passed, unknown, unknownBy } from './finding.ts';

/** Blocks: there must be one thing that is shipped, and it must not be able to move. */
export const versionResolvesCheck: Check<PreflightContext> = {
  id: 'version-resolves',
  title: 'Version resolves to what is shipped',
  category: 'code',
  blocking: true,
  run: async ({ revision, revisionError, version }) => {
    if (revisionError !== null)
      return revisionError.code === 'INTERNAL' ? unknownBy(revisionError) : failedBy(revisionError);
    if (revision === null) return unknown(`version ${version} was not resolved`);
    const evidence = { revision: revision.id, ...(revision.commit === null ? {} : { commit: revision.commit }) };
    return revision.commit === null
      ? passed(`${version} is a directory without a commit`, evidence)
      : passed(`${revision.ref ?? version} is commit ${revision.commit.slice(0, 12)}`, evidence);
  },
};
