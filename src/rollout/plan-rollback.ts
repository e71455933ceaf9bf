import type { PlanContent } from '../model/plan.ts';
import type { StepProgress } from '../model/run-record.ts';
import type { Step } from '../model/step.ts';

/** What must be known of a run to lead it back. */
export type BegunRun = {
  plan: { content: Pick<PlanContent, 'wayBack' | 'stable' | 'instances'> };
  steps: readonly Pick<StepProgress, 'phase' | 'state' | 'step'>[];
};

/**
 * The plan's way back as it has to be carried out from where the run is. Traffic moves first; only where a rolling
 * replacement has left too few stable instances to carry everybody, or where none of them is ready (`stableIsDown`), do those come
 * back first: moving everybody to nobody would help no one. Pure.
 */
export function planRollback(record: BegunRun, stableIsDown = false): Step[] {
  const { wayBack, stable, instances } = record.plan.content;
  if (stableIsDown && stable !== null)
    return [{ kind: 'provision', id: 'back-00-provision', revision: stable, instances }, ...wayBack];
  if (!stableIsTooSmall(record)) return [...wayBack];
  const restores = wayBack.filter((step) => step.kind === 'replace_batch');
  return [...restores, ...wayBack.filter((step) => step.kind !== 'replace_batch')];
}

/** Whether the last replacement that was begun leaves fewer than half of the stable instances: they could not carry everybody. */
function stableIsTooSmall(record: Pick<BegunRun, 'steps'>): boolean {
  const begun = record.steps.filter(
    (progress) =>
      progress.phase === 'forward' && progress.state !== 'pending' && progress.step.kind === 'replace_batch',
  );
  const last = begun.at(-1)?.step;
  if (last?.kind !== 'replace_batch') return false;
  return last.stableInstances < (last.stableInstances + last.candidateInstances) / 2;
}
