import { createHash } from 'node:crypto';
import type { PlacedRevision, TargetState } from '../../model/target.ts';
import { type EngineView, shareOf, slotOf } from './engine-view.ts';
import type { ProxyStat } from './parse-server-stat.ts';

/**
 * What the target is: instances and roles as the local host has them, users and open requests as HAProxy has them. Pure.
 */
export function describeEngineState(
  host: TargetState,
  engine: { view: EngineView; stats: readonly ProxyStat[]; cut: number },
): TargetState {
  const { view, stats } = engine;
  const revisions = host.revisions.map((placed) => describePlaced(placed, view, stats));
  const stable = revisions.find(({ role }) => role === 'stable');
  const slot = stable === undefined ? null : slotOf(view, stable.revision.id);
  const serves =
    slot !== null && view.servers[slot].some((one) => one.admin === 'ready' && one.operational === 'running');
  return {
    up: host.up && serves,
    token: tokenOf(revisions),
    fence: Math.max(host.fence, view.keys.fence),
    cut: engine.cut,
    revisions,
  };
}

/** Users of a revision in percent, as HAProxy routes them. Pure. */
export function weightIn(view: EngineView, placed: Pick<PlacedRevision, 'revision' | 'weightPercent'>): number {
  const slot = slotOf(view, placed.revision.id);
  const seen = slot === null ? 0 : shareOf(view, slot);
  // The split has points of a hundredth of a percent; a weight between two of them is what was asked for.
  return Math.abs(seen - placed.weightPercent) < 0.006 ? placed.weightPercent : seen;
}

function describePlaced(placed: PlacedRevision, view: EngineView, stats: readonly ProxyStat[]): PlacedRevision {
  const slot = slotOf(view, placed.revision.id);
  const names = slot === null ? [] : view.servers[slot].filter((one) => one.admin !== 'maint');
  const inFlight = stats
    .filter((row) => names.some(({ backend, server }) => row.backend === backend && row.server === server))
    .reduce((sum, row) => sum + row.sessions.now, 0);
  return { ...placed, weightPercent: weightIn(view, placed), inFlight };
}

/** Changes with the stable revision, the weights and the set of revisions, and with nothing else. */
function tokenOf(revisions: readonly PlacedRevision[]): string {
  const told = revisions
    .map(({ revision, role, weightPercent }) => [revision.id, role === 'stable', weightPercent] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 32);
}
