import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import { numberSteps, type StepBody } from './step-list.ts';

export type WayBackRequest = {
  candidate: Revision;
  stable: Revision | null;
  /** Instances that the stable revision needs. */
  instances: number;
  drainMs: number;
  /** Whether the plan takes stable instances away before its end (rolling). */
  replacesInstances: boolean;
};

/**
 * Steps that return users to the stable revision, each safe to repeat and safe when there is nothing to undo.
 * Traffic moves first and never waits for the candidate; only a rolling replacement may first need old instances back.
 * Without a stable revision the way back is "down": the candidate is removed. Pure.
 */
export function planWayBack(request: WayBackRequest): Step[] {
  const { candidate, stable, instances, drainMs } = request;
  const remove: StepBody[] = [
    { kind: 'drain', revision: candidate, deadlineMs: drainMs },
    { kind: 'retire', revision: candidate },
  ];
  if (stable === null) return numberSteps([{ kind: 'set_weight', weightPercent: 0 }, ...remove], 'back-');
  const restore: StepBody[] = request.replacesInstances
    ? [{ kind: 'replace_batch', revision: candidate, candidateInstances: 0, stableInstances: instances }]
    : [];
  return numberSteps(
    [
      { kind: 'set_weight', weightPercent: 0 },
      ...restore,
      { kind: 'promote', revision: stable, standbyMs: 0 },
      { kind: 'smoke', on: 'environment' },
      ...remove,
    ],
    'back-',
  );
}
