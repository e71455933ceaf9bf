import type { Check } from '../../model/check.ts';
import { isCopyPath } from '../../model/config/copies.ts';
import { isLocal } from '../../model/config/target.ts';
import type { PreflightContext } from './context.ts';
import { counted, failed, passed, skipped, unknown } from './finding.ts';

/** Blocks: what is not committed is not shipped, and whoever thinks it is ships something else than was meant. */
export const workingTreeCheck: Check<PreflightContext> = {
  id: 'working-tree',
  title: 'Working tree is clean',
  category: 'code',
  blocking: true,
  run: async ({ repository, environment, copies }) => {
    if (repository === null) {
      return !isLocal(environment.target) || environment.target.directory === undefined
        ? unknown('the project is not a git repository', 'Run `git init` and commit.')
        : skipped('revisions come from directories, and there is no repository');
    }
    const changed = (await repository.changedFiles()).filter(
      (path) => !ownFile.test(path) && !copies.some((one) => isCopyPath(one, path)),
    );
    if (changed.length === 0) return passed('nothing is uncommitted', { changed: 0 });
    const what = `${counted(changed.length, 'uncommitted change')}: ${changed.slice(0, 5).join(', ')}`;
    if (environment.gates.allowDirty) return skipped(`gates.allowDirty accepts ${what}`);
    return failed(what, 'Commit, stash or remove them; only commits are shipped.', { changed: changed.length });
  },
};

/** What seatrial itself writes into a project. */
const ownFile = /(^|\/)\.seatrial\//;
