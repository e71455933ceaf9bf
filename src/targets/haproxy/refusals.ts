import type { HaproxyTargetSpec } from '../../model/config/target.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { type EngineView, shareOf } from './engine-view.ts';
import type { Slot } from './split-value.ts';

/** Throws TARGET_REFUSED when HAProxy still sends users to the slot. */
export function refuseUsers(view: EngineView, slot: Slot, revisionId: string): void {
  const share = shareOf(view, slot);
  if (share > 0) throw hasUsers(revisionId, share);
}

export function hasUsers(revisionId: string, weightPercent: number): DeployError {
  return new DeployError('TARGET_REFUSED', {
    reason: `${revisionId} still has ${weightPercent} % of the users`,
    remedy: 'Move its traffic first.',
  });
}

export function tooFewPlaces({ places }: HaproxyTargetSpec, instances: number): DeployError {
  return new DeployError('TARGET_REFUSED', {
    reason: `${instances} instances do not fit into a slot of ${places} servers`,
    remedy: 'Give both backends more servers (server-template), set target.places, and reload HAProxy.',
  });
}

export function changed(reason: string): DeployError {
  return new DeployError('TARGET_CHANGED', { reason });
}
