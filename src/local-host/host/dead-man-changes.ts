import type { DeadManFired, DeadManOrder } from '../../model/dead-man.ts';
import type { RoutingState } from './host-state.ts';
import { findPlacement, weightOf } from './routing-changes.ts';

type Order = Pick<DeadManOrder, 'candidateId' | 'stableId' | 'instances' | 'does'>;

/**
 * What a dead-man that fires makes of the routing. Nothing else than users and the number of stable instances changes: the
 * candidate stays up for whoever looks at it later. One that is stable already is not undone. Where too few stable instances
 * are ready to carry everybody they come back first: moving everybody to nobody would help no one. Pure.
 */
export function withUsersBack(
  state: RoutingState,
  { candidateId, stableId, instances, does }: Order,
  readiness: { ready: (revisionId: string) => number; patient: boolean },
): { state: RoutingState; did: DeadManFired['did'] } {
  if (state.stableId === candidateId) return { state, did: 'nothing' };
  const onCandidate = weightOf(state, candidateId) > 0;
  if (does === 'freeze' && onCandidate) return { state, did: 'frozen' };
  if (stableId === null)
    return { state: onCandidate ? withoutWeight(state) : state, did: onCandidate ? 'rolled_back' : 'nothing' };
  if (state.stableId !== stableId) return { state, did: 'nothing' };
  const full = withFullNumber(state, stableId, instances);
  if (!onCandidate) return { state: full, did: 'nothing' };
  const needed = readiness.patient ? Math.ceil(instances / 2) : 1;
  if (readiness.ready(stableId) < needed) return { state: full, did: 'waiting' };
  return { state: withoutWeight(full), did: 'rolled_back' };
}

function withoutWeight(state: RoutingState): RoutingState {
  return { ...state, weighted: null };
}

function withFullNumber(state: RoutingState, revisionId: string, instances: number): RoutingState {
  const placement = findPlacement(state, revisionId);
  if (placement === null || placement.retiring || placement.wantedInstances >= instances) return state;
  const placements = state.placements.map((one) => (one === placement ? { ...one, wantedInstances: instances } : one));
  return { ...state, placements };
}
