import type { Check } from '../../model/check.ts';
import type { PlacedRevision } from '../../model/target.ts';
import type { PreflightContext } from './context.ts';
import { failed, failedBy, passed, unknown } from './finding.ts';
import { missingPrograms } from './missing-programs.ts';

/** Blocks: a baseline that is not healthy is no comparison and no way back. */
export const targetHealthyCheck: Check<PreflightContext> = {
  id: 'target-healthy',
  title: 'Target is reachable and the baseline healthy',
  category: 'target',
  blocking: true,
  run: async ({ targetState, targetError, environment, stable, projectDirectory }) => {
    const missing = await missingPrograms(environment.target, {
      directory: projectDirectory,
      revision: environment.revision,
    });
    if (missing.length > 0)
      return failed(
        `programs are missing or not executable: ${missing.join(', ')}`,
        'Install them, or give their paths.',
      );
    if (targetError !== null) return failedBy(targetError);
    if (targetState === null) return unknown('the target was not asked');
    const placed = targetState.revisions.find((one) => one.revision.id === stable?.id);
    if (placed === undefined) {
      return passed('the target answers; nothing serves there yet', {
        up: targetState.up,
        revisions: targetState.revisions.length,
      });
    }
    if (!targetState.up)
      return failed(
        `the ${environment.target.kind} target is down`,
        environment.target.kind === 'process' ? 'Start it: seatrial host up' : 'Start it with its own tools.',
      );
    const { ready, evidence } = describePlaced(placed);
    if (ready < placed.wantedInstances || ready === 0) {
      const remedy = 'Bring the stable revision back first: see `seatrial host status`.';
      return failed(
        `only ${ready} of ${placed.wantedInstances} instances of ${placed.revision.version} are ready`,
        remedy,
        evidence,
      );
    }
    const other = targetState.revisions.find((one) => one !== placed && one.weightPercent > 0);
    if (other !== undefined) {
      const remedy = 'An earlier run left it so: see `seatrial runs`, then `seatrial rollback`.';
      return failed(`${other.revision.version} still gets ${other.weightPercent} % of the traffic`, remedy, evidence);
    }
    return passed(`${ready} of ${placed.wantedInstances} instances of ${placed.revision.version} are ready`, evidence);
  },
};

function describePlaced(placed: PlacedRevision): { ready: number; evidence: Record<string, string | number> } {
  const ready = placed.instances.filter((instance) => instance.state === 'ready').length;
  const restarts = placed.instances.reduce((sum, instance) => sum + instance.restarts, 0);
  return {
    ready,
    evidence: {
      stable: placed.revision.id,
      ready,
      wanted: placed.wantedInstances,
      weightPercent: placed.weightPercent,
      restarts,
      inFlight: placed.inFlight,
    },
  };
}
