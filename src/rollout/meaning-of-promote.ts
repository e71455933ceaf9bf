import type { Step } from '../model/step.ts';

/** Whether nothing is watched any more after this step: the candidate is stable and proven, and the rest only tidies up. Pure. */
export function closesRun(steps: readonly Step[], step: Step): boolean {
  if (step.kind !== 'promote') return false;
  const place = steps.findIndex(({ id }) => id === step.id);
  return !steps.slice(place + 1).some(({ kind }) => kind === 'bake');
}

/** Whether users come with this promotion, because no step before has moved them. Pure. */
export function bringsUsers(steps: readonly Step[], step: Step): boolean {
  if (step.kind !== 'promote') return false;
  const place = steps.findIndex(({ id }) => id === step.id);
  return !steps.slice(0, place).some(({ kind }) => kind === 'set_weight' || kind === 'replace_batch');
}
