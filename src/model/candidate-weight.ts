import type { Plan } from './plan.ts';
import type { StepProgress } from './run-record.ts';
import type { Step } from './step.ts';

/**
 * Share of users, percent, that a step may have brought to the candidate from its beginning on, also when the run died before it could
 * say so. Of a batch nobody knows how many, so it counts as 1. Null where a step brings none. Pure.
 */
export function intendedWeight(step: Step): number | null {
  if (step.kind === 'set_weight') return step.weightPercent;
  return step.kind === 'replace_batch' ? 1 : null;
}

/** What the candidate gets once a step is done, percent: read back, or else by the step. Null when neither says. Pure. */
export function weightAfter(
  { content }: Plan,
  { step, evidence }: { step: Step | undefined; evidence: StepProgress['evidence'] },
): number | null {
  const read = evidence['weightPercent'];
  if (typeof read === 'number') return read;
  if (step?.kind !== 'promote') return null;
  return step.revision.id === content.revision.id ? 100 : 0;
}
