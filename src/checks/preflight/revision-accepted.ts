import type { Check } from '../../model/check.ts';
import type { History } from '../../model/history.ts';
import type { Revision } from '../../model/revision.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, unknown } from './finding.ts';

/** Blocks: the same thing again does the same harm again, unless somebody says what is different now. */
export const revisionAcceptedCheck: Check<PreflightContext> = {
  id: 'revision-accepted',
  title: 'This revision was not rolled back before',
  category: 'quality',
  blocking: true,
  run: async ({ history, revision, environmentName, explainedRuns }) => {
    if (revision === null) return unknown('the version did not resolve');
    const here = history.filter((entry) => entry.environment === environmentName && !entry.rehearsal);
    const rolledBack = here.filter((entry) => isSame(entry, revision) && entry.outcome === 'rolled_back');
    const open = rolledBack.filter((entry) => !explainedRuns.includes(entry.runId)).at(-1);
    if (rolledBack.length === 0) return passed(`${revision.id} was never rolled back here`, { runs: here.length });
    if (open === undefined)
      return passed('it was rolled back before, and cause and fix are recorded', { rolledBack: rolledBack.length });
    const remedy = `Ship another commit, or record the reason: seatrial learnings add --run ${open.runId} --cause "…"`;
    return failed(
      `${revision.version} was rolled back in run ${open.runId}, and no cause and fix are recorded`,
      remedy,
      {
        runId: open.runId,
        endedAt: open.endedAt,
        ...(open.trigger === null ? {} : { trigger: open.trigger }),
      },
    );
  },
};

function isSame(entry: History, revision: Revision): boolean {
  return revision.commit === null ? entry.version === revision.version : entry.commit === revision.commit;
}
