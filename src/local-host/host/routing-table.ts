import type { ConnectionPool } from './connection.ts';
import { unitSlot } from './unit-hash.ts';
import type { WarmUp } from './warm-up.ts';

/** One request that an instance has not finished. */
export interface OpenRequest {
  /** A websocket or event stream, which gets longer to finish. */
  readonly stream: boolean;
  /** Ends it in the middle, as politely as its kind allows. */
  cut(): void;
}

/** One running process of a revision; a restarted instance is another endpoint. */
export type Endpoint = {
  readonly revisionId: string;
  readonly instanceId: string;
  readonly port: number;
  readonly pool: ConnectionPool;
  readonly warmUp: WarmUp;
  /** Its size is the number of requests in flight. */
  readonly open: Set<OpenRequest>;
};

export type RoutedRevision = {
  readonly revisionId: string;
  readonly version: string;
  readonly endpoints: readonly Endpoint[];
  /** Whose turn it is among equally loaded endpoints. */
  turn: number;
};

/** Never changed, only replaced as a whole in one statement, so that no request ever sees half of a change. */
export type RoutingTable = {
  readonly salt: string;
  readonly stableId: string | null;
  readonly candidateId: string | null;
  /** Slots of the candidate, 0–10000. */
  readonly candidateSlots: number;
  readonly revisions: ReadonlyMap<string, RoutedRevision>;
};

export const emptyTable: RoutingTable = {
  salt: '',
  stableId: null,
  candidateId: null,
  candidateSlots: 0,
  revisions: new Map(),
};

/** Id of the revision that serves this unit, or null when nothing serves. Pure. */
export function assignRevision(table: RoutingTable, unit: string): string | null {
  if (table.candidateId === null || table.candidateSlots === 0) return table.stableId;
  return unitSlot(table.salt, unit) < table.candidateSlots ? table.candidateId : table.stableId;
}

/**
 * The least loaded endpoint that was not tried yet, with `request` registered on it; null when there is none.
 * Choosing and registering are one step without a pause, so that nobody can see the endpoint idle in between and stop it.
 */
export function claimEndpoint(
  revision: RoutedRevision,
  tried: ReadonlySet<Endpoint>,
  request: OpenRequest,
): Endpoint | null {
  const { endpoints } = revision;
  let chosen: Endpoint | null = null;
  for (let offset = 0; offset < endpoints.length; offset += 1) {
    const endpoint = endpoints[(revision.turn + offset) % endpoints.length];
    if (endpoint === undefined || tried.has(endpoint)) continue;
    if (chosen === null || endpoint.open.size < chosen.open.size) chosen = endpoint;
  }
  revision.turn = endpoints.length === 0 ? 0 : (revision.turn + 1) % endpoints.length;
  chosen?.open.add(request);
  return chosen;
}
