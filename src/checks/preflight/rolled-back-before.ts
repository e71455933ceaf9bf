import type { History } from '../../model/history.ts';
import type { Revision } from '../../model/revision.ts';

export type RollbackQuestion = {
  history: readonly History[];
  revision: Revision;
  environmentName: string;
  /** Runs whose cause and fix are recorded. */
  explainedRuns: readonly string[];
};

/**
 * Runs that took users away from this revision, by evidence or by a person; the newest one whose cause and fix nobody has
 * recorded is `open`. Pure.
 */
export function findRolledBack({ history, revision, environmentName, explainedRuns }: RollbackQuestion): {
  runs: number;
  open: History | null;
} {
  const here = history.filter(
    (entry) => entry.environment === environmentName && !entry.rehearsal && tookAway(entry, revision),
  );
  return { runs: here.length, open: here.filter((entry) => !explainedRuns.includes(entry.runId)).at(-1) ?? null };
}

function tookAway(entry: History, revision: Revision): boolean {
  const same = (commit: string | null, version: string | null): boolean =>
    revision.commit === null ? version === revision.version : commit === revision.commit;
  if (entry.kind === 'rollback') return entry.outcome === 'succeeded' && same(entry.fromCommit, entry.fromVersion);
  // Harm was found in both; only in one of them did users get back.
  const harmful = ['rolled_back', 'rollback_failed'].includes(entry.outcome);
  return entry.kind === 'rollout' && harmful && same(entry.commit, entry.version);
}
