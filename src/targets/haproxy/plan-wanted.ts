import type { PlacedRevision } from '../../model/target.ts';
import { renderEntries, type SlotRevisions } from './engine-keys.ts';
import type { EngineView } from './engine-view.ts';
import type { MapEntry } from './parse-map.ts';
import { planSplit, type Slot, type Split } from './split-value.ts';

export type WantedServer = {
  backend: string;
  server: string;
  /** Null: in maintenance. */
  port: number | null;
  /** Whether users may come; else it is checked and gets none. */
  open: boolean;
};

/** How HAProxy is to route. Plain data: it is also written down, to tell later what somebody else has changed. */
export type WantedEngine = { split: Split; entries: MapEntry[]; servers: WantedServer[] };

export type WantedRequest = {
  revisions: readonly PlacedRevision[];
  slots: SlotRevisions;
  fence: number;
  view: EngineView;
  /** Ports of instances that are about to be stopped. */
  leaving?: readonly number[] | undefined;
  /** Of a revision, the same as long as it is the candidate. */
  saltOf: (revisionId: string) => string;
};

/** Null for a place that cannot hold all instances of a revision: the slot and what it would need are told. */
export type WantedPlan = { ok: true; wanted: WantedEngine } | { ok: false; slot: Slot; instances: number };

/** What HAProxy has to route by, so that every revision has the users that it should have. Pure. */
export function planWanted(request: WantedRequest): WantedPlan {
  const servers: WantedServer[] = [];
  const mapped = new Map<string, string>();
  for (const slot of ['a', 'b'] as const) {
    const placed = request.revisions.find(({ revision }) => revision.id === request.slots[slot]);
    const ports = placed === undefined ? [] : portsOf(placed).filter((port) => !request.leaving?.includes(port));
    const seats = seat(request.view.servers[slot], ports);
    if (seats === null) return { ok: false, slot, instances: ports.length };
    const open = placed !== undefined && (placed.role === 'stable' || placed.weightPercent > 0);
    for (const { backend, server, port } of seats) {
      servers.push({ backend, server, port, open: open && port !== null });
      if (placed !== undefined && port !== null) mapped.set(`${backend}/${server}`, placed.revision.id);
    }
  }
  const entries = renderEntries({ slots: request.slots, fence: request.fence }, mapped);
  return { ok: true, wanted: { split: splitOf(request), entries, servers } };
}

/** Ports of instances with a process, also of unhealthy ones: HAProxy checks them itself. Pure. */
export function portsOf(placed: PlacedRevision): number[] {
  const living = placed.instances.filter(({ state }) => state === 'ready' || state === 'unhealthy');
  return living.flatMap(({ url }) => (url === null ? [] : [Number(new URL(url).port)]));
}

/** Every instance keeps the server that it has; new ones take free servers. Null when there are too few. */
function seat(servers: EngineView['servers'][Slot], ports: readonly number[]): Omit<WantedServer, 'open'>[] | null {
  const held = new Set<number>();
  const kept = servers.map(({ backend, server, port, admin }) => {
    const holds = admin !== 'maint' && ports.includes(port) && !held.has(port);
    if (holds) held.add(port);
    return { backend, server, port: holds ? port : null };
  });
  const waiting = ports.filter((port) => !held.has(port));
  // Free servers first: one with a former address is left alone as long as it can be.
  const free = [...kept.keys()].filter((index) => kept[index]?.port === null);
  free.sort((left, right) => Number(servers[left]?.admin !== 'maint') - Number(servers[right]?.admin !== 'maint'));
  if (waiting.length > free.length) return null;
  for (const [index, port] of waiting.entries()) {
    const at = free[index];
    const place = at === undefined ? undefined : kept[at];
    if (place !== undefined) place.port = port;
  }
  return kept;
}

function splitOf({ revisions, slots, view, saltOf }: WantedRequest): Split {
  const slotOf = (placed: PlacedRevision | undefined): Slot | null => {
    if (placed === undefined) return null;
    return slots.a === placed.revision.id ? 'a' : slots.b === placed.revision.id ? 'b' : null;
  };
  const stable = revisions.find((placed) => placed.role === 'stable');
  const candidate = revisions.find((placed) => placed.role !== 'stable' && placed.weightPercent > 0);
  const candidateSlot = slotOf(candidate);
  if (candidate !== undefined && candidateSlot !== null)
    return planSplit(candidateSlot, candidate.weightPercent, saltOf(candidate.revision.id));
  const stableSlot = slotOf(stable);
  const salt = view.split?.salt ?? 'none';
  if (stableSlot !== null) return planSplit(stableSlot, 100, salt);
  return view.split ?? planSplit('b', 0, salt);
}
