import { DeployError } from '../../model/deploy-error.ts';
import type { ControlRequest } from './control-protocol.ts';
import type { Placement, RoutingState } from './host-state.ts';

/** What the rules below must know of the running instances. */
export type Readiness = {
  /** Instances of a revision that may get requests now. */
  ready: (revisionId: string) => number;
  nowMs: number;
  newSalt: string;
};

/** Throws TARGET_FENCED when a newer owner has been obeyed already; else the state with this fence. Pure. */
export function withFence(state: RoutingState, fence: number): RoutingState {
  if (fence < state.fence) throw new DeployError('TARGET_FENCED', { seen: state.fence, fence });
  return { ...state, fence };
}

/**
 * True for a change that may hold though it cannot be written down: it starts no new revision, and either takes users off
 * the candidate or gives nobody more users than before. Pure.
 */
export function holdsUnwritten(before: RoutingState, next: RoutingState): boolean {
  if ((next.weighted?.weightPercent ?? 0) < (before.weighted?.weightPercent ?? 0)) return true;
  return (
    next.stableId === before.stableId &&
    next.placements.every(({ revision }) => findPlacement(before, revision.id) !== null) &&
    next.placements.every(({ revision }) => weightOf(next, revision.id) <= weightOf(before, revision.id))
  );
}

/**
 * The revision has at least `instances` places, and is no longer about to be retired. One that is known keeps the launch
 * that it has: today's configuration may be that of another revision. Pure.
 */
export function withPlacement(state: RoutingState, request: ControlRequest<'place'>): RoutingState {
  const known = findPlacement(state, request.revision.id);
  const wantedInstances = Math.max(request.instances, known?.wantedInstances ?? 0);
  if (known?.retiring === true)
    throw refused(`${request.revision.version} is just being stopped; try again when it is gone`);
  const { revision, launch } = request;
  if (known !== null) return replace(state, { ...known, wantedInstances, standby: false, retireAtMs: null });
  if (launch === null) throw refused(`${revision.version} is not here any more`);
  const placement = { revision, launch, wantedInstances, standby: false, retireAtMs: null, retiring: false };
  return { ...state, placements: [...state.placements, placement] };
}

/** Exactly `instances` places. Refuses to take the last one of a revision that has users. Pure. */
export function withScale(state: RoutingState, request: ControlRequest<'scale'>): RoutingState {
  const placement = existing(state, request.revisionId);
  if (request.instances === 0 && weightOf(state, request.revisionId) > 0) {
    throw refused(`${placement.revision.version} has users and would be left without an instance`);
  }
  return replace(state, { ...placement, wantedInstances: request.instances });
}

/**
 * `revisionId` gets this share and the stable revision the rest. Asked of the stable revision itself, the one before it
 * takes its place again: this is how users leave a revision that was promoted already. Pure.
 */
export function withWeight(state: RoutingState, request: ControlRequest<'weight'>, readiness: Readiness): RoutingState {
  const { revisionId, weightPercent } = request;
  if (weightOf(state, revisionId) === weightPercent) return state;
  const placement = existing(state, revisionId);
  if (revisionId === state.stableId) {
    if (weightPercent === 100) return { ...state, weighted: null };
    return withWeight(demote(state, readiness), request, readiness);
  }
  const other = state.weighted;
  if (other !== null && other.revisionId !== revisionId && other.weightPercent > 0) {
    if (weightPercent === 0) return state;
    throw refused(`${other.revisionId} has ${other.weightPercent} % already; one revision at a time`);
  }
  if (weightPercent === 0) return { ...state, weighted: null };
  if (placement.retiring) throw refused(`${placement.revision.version} is being stopped`);
  const raises = weightPercent > weightOf(state, revisionId);
  if (raises && readiness.ready(revisionId) === 0)
    throw refused(`no instance of ${placement.revision.version} is ready`);
  const salt = state.saltFor === revisionId ? state.salt : readiness.newSalt;
  const weighted = { revisionId, weightPercent };
  return replace({ ...state, salt, saltFor: revisionId, weighted }, { ...placement, standby: false, retireAtMs: null });
}

/** The revision is stable with all users; the former one is standby. Pure. */
export function withPromotion(
  state: RoutingState,
  request: ControlRequest<'promote'>,
  readiness: Readiness,
): RoutingState {
  const { revisionId, standbyMs } = request;
  const placement = existing(state, revisionId);
  if (state.stableId === revisionId) return state;
  if (placement.retiring || readiness.ready(revisionId) === 0)
    throw refused(`no instance of ${placement.revision.version} is ready`);
  const former = state.stableId === null ? null : findPlacement(state, state.stableId);
  const promoted = replace(state, { ...placement, standby: false, retireAtMs: null });
  const next = { ...promoted, stableId: revisionId, formerStableId: state.stableId, weighted: null };
  if (former === null) return next;
  const retireAtMs = standbyMs > 0 ? readiness.nowMs + standbyMs : null;
  return replace(next, { ...former, standby: true, retireAtMs });
}

/** The revision is being stopped for good. Refuses one that has users. Pure. */
export function withRetirement(state: RoutingState, request: ControlRequest<'retire'>): RoutingState {
  const placement = findPlacement(state, request.revisionId);
  if (placement === null) return state;
  const weight = weightOf(state, request.revisionId);
  if (weight > 0) throw refused(`${placement.revision.version} still has ${weight} % of the users`);
  const stableId = state.stableId === request.revisionId ? null : state.stableId;
  return replace({ ...state, stableId }, { ...placement, retiring: true, wantedInstances: 0, retireAtMs: null });
}

/** Share of users in percent that a revision gets. Pure. */
export function weightOf(state: RoutingState, revisionId: string): number {
  const weighted = state.weighted;
  if (weighted?.revisionId === revisionId) return weighted.weightPercent;
  if (state.stableId !== revisionId) return 0;
  return 100 - (weighted?.weightPercent ?? 0);
}

export function findPlacement(state: RoutingState, revisionId: string): Placement | null {
  return state.placements.find((placement) => placement.revision.id === revisionId) ?? null;
}

/** The stable revision becomes candidate with all users, so that its weight can fall. */
function demote(state: RoutingState, readiness: Readiness): RoutingState {
  const stableId = state.stableId;
  if (stableId === null) return state;
  if (state.weighted !== null && state.weighted.weightPercent > 0) {
    throw refused(`${stableId} is stable; give ${state.weighted.revisionId} the share instead`);
  }
  const former = state.formerStableId === null ? null : findPlacement(state, state.formerStableId);
  const weighted = { revisionId: stableId, weightPercent: 100 };
  // Nothing ever served before it: without it there is nothing, which is what a first deploy goes back to.
  if (state.formerStableId === null) return { ...state, stableId: null, weighted, saltFor: stableId };
  if (former === null || former.retiring || readiness.ready(former.revision.id) === 0) {
    throw refused(`${stableId} is the only revision that can serve; start another one and promote it`);
  }
  const swapped = { ...state, stableId: former.revision.id, formerStableId: stableId, weighted, saltFor: stableId };
  return replace(swapped, { ...former, standby: false, retireAtMs: null });
}

function existing(state: RoutingState, revisionId: string): Placement {
  const placement = findPlacement(state, revisionId);
  if (placement === null) throw refused(`there is no revision ${revisionId}`);
  return placement;
}

function replace(state: RoutingState, placement: Placement): RoutingState {
  const placements = state.placements.map((other) => (other.revision.id === placement.revision.id ? placement : other));
  return { ...state, placements };
}

function refused(reason: string): DeployError {
  return new DeployError('TARGET_REFUSED', { reason, remedy: 'Look at `seatrial host status`, then make a new plan.' });
}
