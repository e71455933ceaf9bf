import type { Plan } from '../model/plan.ts';
import type { Revision } from '../model/revision.ts';
import { planWayBack } from '../strategies/plan-way-back.ts';
import { numberSteps } from '../strategies/step-list.ts';
import { completePlan, type PlanRequest } from './make-plan.ts';

/** Makes an earlier revision stable again after its successor's run is over. Pure but for the clock handed in. */
export function planRollbackRun(request: Omit<PlanRequest, 'strategy'> & { stable: Revision }): Plan {
  const { place, revision, stable } = request;
  const { instances, drain } = place.spec.target;
  return completePlan(
    { ...request, strategy: undefined },
    {
      kind: 'rollback',
      strategy: 'rollback',
      stable,
      steps: numberSteps([
        { kind: 'provision', revision, instances },
        { kind: 'smoke', on: 'candidate' },
        { kind: 'set_weight', weightPercent: 100 },
        { kind: 'smoke', on: 'environment' },
        { kind: 'promote', revision, standbyMs: 0 },
        { kind: 'drain', revision: stable, deadlineMs: drain },
        { kind: 'retire', revision: stable },
      ]),
      wayBack: planWayBack({ candidate: revision, stable, instances, drainMs: drain, replacesInstances: false }),
      judge: { ...place.judge, mustPass: [] },
      notes: [],
    },
  );
}

/** Starts the earlier revision beside the stable one, tests it and takes it away again: proof that the way back can be walked. No user is moved. */
export function planRehearsal(request: Omit<PlanRequest, 'strategy'> & { stable: Revision }): Plan {
  const { place, revision, stable } = request;
  const { instances, drain } = place.spec.target;
  const standsBy = request.state.revisions.some((placed) => placed.revision.id === revision.id);
  return completePlan(
    { ...request, strategy: undefined },
    {
      kind: 'rehearsal',
      strategy: 'rehearsal',
      stable,
      steps: numberSteps(
        // A standby runs already and stays.
        standsBy
          ? [{ kind: 'smoke', on: 'candidate' }]
          : [
              { kind: 'provision', revision, instances: 1 },
              { kind: 'smoke', on: 'candidate' },
              { kind: 'drain', revision, deadlineMs: drain },
              { kind: 'retire', revision },
            ],
      ),
      wayBack: standsBy
        ? []
        : planWayBack({ candidate: revision, stable, instances, drainMs: drain, replacesInstances: false }),
      judge: { ...place.judge, mustPass: [] },
      notes: ['a rehearsal: no user is moved'],
    },
  );
}
