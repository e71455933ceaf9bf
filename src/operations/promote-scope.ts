import type { RunRecord } from '../model/run-record.ts';

/** What an approval must name to let a run go past where it is: the step at which it stands now. Pure. */
export function promoteScope({ currentStepId }: Pick<RunRecord, 'currentStepId'>): string {
  return `promote:${currentStepId ?? 'run'}`;
}
