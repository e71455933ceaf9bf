import type { Check } from '../../model/check.ts';
import { describeMissing, remedyOf } from '../../model/explanation.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, unknown } from './finding.ts';
import { findRolledBack } from './rolled-back-before.ts';

/** Blocks: the same thing again does the same harm again, unless somebody says what is different now. */
export const revisionAcceptedCheck: Check<PreflightContext> = {
  id: 'revision-accepted',
  title: 'This revision was not rolled back before',
  category: 'quality',
  blocking: true,
  run: async ({ history, setAside, revision, environmentName, explanations }) => {
    if (revision === null) return unknown('the version did not resolve');
    const { runs, open } = findRolledBack({ history, revision, environmentName, explanations });
    const { commit } = revision;
    const unread = setAside.find(
      ({ path, text }) => path.startsWith('history/') && commit !== null && text.includes(commit),
    );
    if (open === null && unread !== undefined)
      return unknown(
        `.seatrial/${unread.path} names this commit, and ${unread.reason}`,
        'Bring the file back as it was committed (git log --stat -- .seatrial/history), or update seatrial.',
      );
    if (runs === 0) return passed(`${revision.id} was never rolled back here`, { runs: history.length });
    if (open === null)
      return passed('it was rolled back before, and cause and fix, or a person’s reason, are recorded', {
        rolledBack: runs,
      });
    const { run, missing } = open;
    return failed(
      `${revision.version} was rolled back in run ${run.runId}, and ${describeMissing(missing)}`,
      `Ship another commit, or ${remedyOf(missing, run.runId)}`,
      {
        runId: run.runId,
        endedAt: run.endedAt,
        missing: missing.join(', '),
        ...(run.trigger === null ? {} : { trigger: run.trigger }),
      },
    );
  },
};
