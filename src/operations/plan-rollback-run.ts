import { DeployError } from '../model/deploy-error.ts';
import type { Plan } from '../model/plan.ts';
import type { Revision } from '../model/revision.ts';
import type { Step } from '../model/step.ts';
import type { Capabilities } from '../model/target.ts';
import { missing } from '../strategies/missing.ts';
import { movesByPromoting } from '../strategies/moves-by-promoting.ts';
import { planWayBack } from '../strategies/plan-way-back.ts';
import { closingSteps, numberSteps, openingSteps, removalSteps, type StepBody } from '../strategies/step-list.ts';
import { capabilitiesOf, lackNotes } from './capabilities.ts';
import { completePlan, type PlanRequest } from './make-plan.ts';

/** Makes an earlier revision stable again after its successor's run is over. Pure but for the clock handed in. */
export function planRollbackRun(request: Omit<PlanRequest, 'strategy'> & { stable: Revision }): Plan {
  const { place, revision, stable } = request;
  const { instances, drain } = place.spec.target;
  const capabilities = capabilitiesOf(place, request.state);
  return completePlan(
    { ...request, strategy: undefined },
    {
      kind: 'rollback',
      strategy: 'rollback',
      stable,
      steps: numberSteps(returnSteps({ revision, stable, instances, drainMs: drain, capabilities })),
      wayBack: wayBackOf(request, capabilities),
      judge: { ...place.judge, mustPass: [] },
      notes: lackNotes(capabilities, stable),
    },
  );
}

function wayBackOf(
  { place, revision, stable }: Omit<PlanRequest, 'strategy'> & { stable: Revision },
  capabilities: Capabilities,
): Step[] {
  const { instances, drain: drainMs } = place.spec.target;
  return planWayBack({ candidate: revision, stable, instances, drainMs, capabilities, replacesInstances: false });
}

function returnSteps(request: {
  revision: Revision;
  stable: Revision;
  instances: number;
  drainMs: number;
  capabilities: Capabilities;
}): StepBody[] {
  const { revision, stable, instances, drainMs, capabilities } = request;
  const opening = capabilities.provision ? openingSteps(revision, instances) : [];
  if (!movesByPromoting(request))
    return [
      ...opening,
      { kind: 'set_weight', weightPercent: 100 },
      ...closingSteps({ revision, stable, standbyMs: 0, drainMs, capabilities }),
    ];
  return [
    ...opening,
    { kind: 'promote', revision, standbyMs: 0 },
    { kind: 'smoke', on: 'environment' },
    ...removalSteps(stable, drainMs, capabilities),
  ];
}

/**
 * Starts the earlier revision beside the stable one, tests it and takes it away again: proof that the way back can be walked. No
 * user is moved. Throws STRATEGY_UNSUPPORTED where nothing can be started beside what serves.
 */
export function planRehearsal(request: Omit<PlanRequest, 'strategy'> & { stable: Revision }): Plan {
  const { place, revision, stable } = request;
  const { drain } = place.spec.target;
  const standsBy = request.state.revisions.some((placed) => placed.revision.id === revision.id);
  const capabilities = capabilitiesOf(place, request.state);
  const { reasons, remedy } = missing(capabilities, ['provision']);
  if (!standsBy && reasons.length > 0)
    throw new DeployError('STRATEGY_UNSUPPORTED', { strategy: 'A rehearsal', reasons: reasons.join('; '), remedy });
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
              ...removalSteps(revision, drain, capabilities),
            ],
      ),
      wayBack: standsBy ? [] : wayBackOf(request, capabilities),
      judge: { ...place.judge, mustPass: [] },
      notes: ['a rehearsal: no user is moved'],
    },
  );
}
