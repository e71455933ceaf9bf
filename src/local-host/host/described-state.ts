import { createHash } from 'node:crypto';
import type { Instance, PlacedRevision, TargetState } from '../../model/target.ts';
import type { InstanceRecord, Placement, RoutingState } from './host-state.ts';
import { weightOf } from './routing-changes.ts';

/** What is seen of the instances of one revision. */
export type Seen = { instances: Instance[]; inFlight: number };

/** State of a target as every caller sees it. Pure. */
export function describeState(
  routing: RoutingState,
  place: { up: boolean; cut: number; seen: (revisionId: string) => Seen },
): TargetState {
  return {
    up: place.up,
    token: routingToken(routing),
    fence: routing.fence,
    cut: place.cut,
    revisions: routing.placements.map((placement) =>
      describePlacement(routing, placement, place.seen(placement.revision.id)),
    ),
  };
}

/** Changes with the stable revision, the weights and the set of revisions, and with nothing else. Pure. */
export function routingToken(routing: Pick<RoutingState, 'stableId' | 'weighted' | 'placements'>): string {
  const ids = routing.placements.map((placement) => placement.revision.id).sort();
  const weighted = routing.weighted === null ? null : [routing.weighted.revisionId, routing.weighted.weightPercent];
  return createHash('sha256')
    .update(JSON.stringify([routing.stableId, weighted, ids]))
    .digest('hex')
    .slice(0, 32);
}

/** An instance as an earlier host wrote it down. Pure. */
export function describeRecord(record: InstanceRecord, alive: boolean): Instance {
  return {
    id: record.id,
    // Nobody looks after it and nobody routes to it, so it is not called ready.
    state: alive ? 'unhealthy' : 'stopped',
    pid: alive ? (record.identity?.pid ?? null) : null,
    url: alive && record.port !== null ? `http://127.0.0.1:${record.port}` : null,
    restarts: record.restarts,
    startedAtMs: record.startedAtMs,
    lastExit: record.lastExit,
  };
}

function describePlacement(routing: RoutingState, placement: Placement, seen: Seen): PlacedRevision {
  const { revision, standby, wantedInstances, retireAtMs } = placement;
  const stable = routing.stableId === revision.id;
  return {
    revision,
    role: stable ? 'stable' : standby ? 'standby' : 'candidate',
    weightPercent: weightOf(routing, revision.id),
    wantedInstances,
    instances: seen.instances,
    inFlight: seen.inFlight,
    retireAtMs,
  };
}
