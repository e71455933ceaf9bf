import type { RunRecord } from '../model/run-record.ts';
import type { Step } from '../model/step.ts';

/**
 * The plan's way back as it has to be carried out from where the run is. Traffic moves first; only where a rolling
 * replacement has left too few stable instances to carry everybody do those come back first. Pure.
 */
export function planRollback(record: Pick<RunRecord, 'plan' | 'steps'>): Step[] {
  const wayBack = record.plan.content.wayBack;
  if (!stableIsTooSmall(record)) return [...wayBack];
  const restores = wayBack.filter((step) => step.kind === 'replace_batch');
  return [...restores, ...wayBack.filter((step) => step.kind !== 'replace_batch')];
}

/** Whether the last replacement that was begun leaves fewer than half of the stable instances: they could not carry everybody. */
function stableIsTooSmall(record: Pick<RunRecord, 'steps'>): boolean {
  const begun = record.steps.filter(
    (progress) =>
      progress.phase === 'forward' && progress.state !== 'pending' && progress.step.kind === 'replace_batch',
  );
  const last = begun.at(-1)?.step;
  if (last?.kind !== 'replace_batch') return false;
  return last.stableInstances < (last.stableInstances + last.candidateInstances) / 2;
}
