import { type Explanation, type Missing, missingOf } from '../../model/explanation.ts';
import type { History } from '../../model/history.ts';
import type { Revision } from '../../model/revision.ts';

export type RollbackQuestion = {
  history: readonly History[];
  revision: Revision;
  environmentName: string;
  explanations: readonly Explanation[];
};

/**
 * Runs that took users away from this revision, by evidence or by a person; of the newest one whose cause and fix (or a
 * person's reason) nobody has recorded, `open` says what is missing. Pure.
 */
export function findRolledBack({ history, revision, environmentName, explanations }: RollbackQuestion): {
  runs: number;
  open: { run: History; missing: Missing[] } | null;
} {
  const here = history.filter(
    (entry) => entry.environment === environmentName && !entry.rehearsal && tookAway(entry, revision),
  );
  const open = here
    .map((run) => ({ run, missing: missingOf(explanations, run.runId) }))
    .filter(({ missing }) => missing.length > 0);
  return { runs: here.length, open: open.at(-1) ?? null };
}

function tookAway(entry: History, revision: Revision): boolean {
  const same = (commit: string | null, version: string | null): boolean =>
    revision.commit === null ? version === revision.version : commit === revision.commit;
  if (entry.kind === 'rollback') return entry.outcome === 'succeeded' && same(entry.fromCommit, entry.fromVersion);
  // Harm was found in both; only in one of them did users get back.
  const harmful = ['rolled_back', 'rollback_failed'].includes(entry.outcome);
  return entry.kind === 'rollout' && harmful && same(entry.commit, entry.version);
}
