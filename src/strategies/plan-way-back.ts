import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import type { Capabilities } from '../model/target.ts';
import { movesByPromoting } from './moves-by-promoting.ts';
import { numberSteps, removalSteps, type StepBody } from './step-list.ts';

export type WayBackRequest = {
  candidate: Revision;
  stable: Revision | null;
  /** Instances that the stable revision needs. */
  instances: number;
  drainMs: number;
  capabilities: Pick<Capabilities, 'traffic' | 'drain' | 'retire'>;
  /** Whether the plan takes stable instances away before its end (rolling). */
  replacesInstances: boolean;
};

/**
 * Steps that return users to the stable revision, each safe to repeat and safe when there is nothing to undo.
 * Traffic moves first and never waits for the candidate; only a rolling replacement may first need old instances back.
 * Without a stable revision the way back is "down": the candidate is removed; a target that cannot take its only revision out
 * of traffic has no way back then, and the list is empty. Pure.
 */
export function planWayBack(request: WayBackRequest): Step[] {
  const { candidate, stable, instances, drainMs, capabilities } = request;
  const remove = removalSteps(candidate, drainMs, capabilities);
  const byPromoting = movesByPromoting(request);
  if (stable === null)
    return byPromoting ? [] : numberSteps([{ kind: 'set_weight', weightPercent: 0 }, ...remove], 'back-');
  const unroute: StepBody[] = byPromoting ? [] : [{ kind: 'set_weight', weightPercent: 0 }];
  const restore: StepBody[] = request.replacesInstances
    ? [{ kind: 'replace_batch', revision: candidate, candidateInstances: 0, stableInstances: instances }]
    : [];
  return numberSteps(
    [
      ...unroute,
      ...restore,
      { kind: 'promote', revision: stable, standbyMs: 0 },
      { kind: 'smoke', on: 'environment' },
      ...remove,
    ],
    'back-',
  );
}
