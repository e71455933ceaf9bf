import type { Check } from '../../model/check.ts';
import type { History } from '../../model/history.ts';
import type { PreflightContext } from './context.ts';
import { counted, dayMs, failed, passed, skipped, unknown } from './finding.ts';

const good: ReadonlySet<History['outcome']> = new Set(['succeeded', 'rolled_back']);

/** Warns: only a recorded rehearsal is evidence; a date that somebody typed is not. */
export const rollbackRehearsedCheck: Check<PreflightContext> = {
  id: 'rollback-rehearsed',
  title: 'Rollback was rehearsed lately',
  category: 'rollback',
  blocking: false,
  run: async ({ history, environment, environmentName, firstDeploy, nowMs, service }) => {
    if (firstDeploy) return skipped('a first deploy has nothing to go back to');
    const withinMs = environment.gates.rehearsedWithin;
    const limitDays = Math.round(withinMs / dayMs);
    const remedy = `Rehearse it, here or in another environment: seatrial rollback --rehearse --environment ${environmentName}`;
    const rehearsals = history.filter(
      (entry) => entry.rehearsal && entry.service === service && good.has(entry.outcome),
    );
    const newest = rehearsals.sort((left, right) => Date.parse(right.endedAt) - Date.parse(left.endedAt))[0];
    if (newest === undefined) {
      const typed = environment.rollback.rehearsed;
      return typed === undefined
        ? failed('no rehearsal is recorded', remedy)
        : unknown(`a date is typed in (${typed}), but no rehearsal is recorded`, remedy, { typed });
    }
    const ageMs = nowMs - Date.parse(newest.endedAt);
    const age = counted(Math.max(0, Math.floor(ageMs / dayMs)), 'day');
    const evidence = { runId: newest.runId, environment: newest.environment, endedAt: newest.endedAt, limitDays };
    return ageMs <= withinMs
      ? passed(`rehearsed ${age} ago in ${newest.environment} (run ${newest.runId})`, evidence)
      : failed(`the last rehearsal is ${age} old, the limit is ${limitDays}`, remedy, evidence);
  },
};
