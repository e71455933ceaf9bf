import type { IncomingMessage } from 'node:http';
import type { Stratum } from '../../model/metric-source.ts';
import {
  claimEndpoint,
  type Endpoint,
  type OpenRequest,
  type RoutedRevision,
  type RoutingTable,
} from './routing-table.ts';
import type { CountedRequest, EndedBy, FailureOrigin, TrafficCounter } from './traffic-counter.ts';

export type ClaimRequest = {
  table: () => RoutingTable;
  counter: TrafficCounter;
  /** Revision that the unit was assigned to; null when nothing serves. */
  assignedId: string | null;
  /** Only this revision may answer, also when it has none of the traffic. */
  fixed: boolean;
  /** Null: not counted. */
  stratum: Stratum | null;
  arrivedAtMs: number;
  /** Assignment unit that the request carried, or null. */
  unit: string | null;
  /** The table's split decided for a unit that was drawn just now. */
  drawn: boolean;
  incoming: IncomingMessage;
  request: OpenRequest;
};

/** A request's hold on an endpoint, and its entry in the counts. Exactly one endpoint is held at a time. */
export class Claim implements FailureOrigin {
  /** When it was made, ms of a clock that never jumps. */
  readonly startedMs = performance.now();
  readonly #options: ClaimRequest;
  readonly #tried = new Set<Endpoint>();
  #endpoint: Endpoint | null = null;
  #revision: RoutedRevision | null = null;
  #countedId: string | null = null;
  #counted: CountedRequest | null = null;

  constructor(options: ClaimRequest) {
    this.#options = options;
    const { drawn, assignedId, stratum, counter, arrivedAtMs } = options;
    if (drawn && assignedId !== null && stratum !== null) counter.drew(assignedId, stratum, arrivedAtMs);
  }

  /** Revision that holds or last held the request, or the one that it was assigned to. */
  get revisionId(): string | null {
    return this.#revision?.revisionId ?? this.#options.assignedId;
  }

  get version(): string | null {
    return this.#revision?.version ?? null;
  }

  /** Who carries a unit stays on one revision; who carries none is drawn anew for every request. */
  get client(): string | null {
    return this.#options.unit;
  }

  /**
   * Takes the next endpoint: another one of the assigned revision, then one of the stable revision, each at most once.
   * Null when there is none left. One synchronous step from the choice to the registration.
   */
  next(): Endpoint | null {
    this.#release();
    const table = this.#options.table();
    for (const revision of this.#eligible(table)) {
      const endpoint = claimEndpoint(revision, this.#tried, this.#options.request);
      if (endpoint === null) continue;
      this.#tried.add(endpoint);
      this.#endpoint = endpoint;
      this.#revision = revision;
      this.#count(revision.revisionId);
      if (endpoint.warmUp.isWarming(this.startedMs)) this.#counted?.warming();
      return endpoint;
    }
    if (this.#counted === null && this.#options.assignedId !== null) this.#count(this.#options.assignedId);
    return null;
  }

  /** The instance has begun to answer. */
  answered(): void {
    this.#endpoint?.warmUp.answered();
  }

  /** Ends the request in the counts, unless it has ended there already. */
  end(by: EndedBy): void {
    if (this.#counted?.open === true) this.#counted.end(by, performance.now() - this.startedMs, this);
  }

  completed(): void {
    this.#counted?.completed();
  }

  mismatched(): void {
    this.#counted?.mismatched();
  }

  /** The one way out for every request: what nothing else has ended was abandoned or cut off. */
  close(): void {
    this.#release();
    this.end('left');
  }

  #release(): void {
    this.#endpoint?.open.delete(this.#options.request);
    this.#endpoint = null;
  }

  #eligible(table: RoutingTable): RoutedRevision[] {
    // Better another revision that has users than no answer; one without users gets none this way either.
    const candidateWithUsers = table.candidateSlots > 0 ? table.candidateId : null;
    const ids = this.#options.fixed
      ? [this.#options.assignedId]
      : [this.#options.assignedId, table.stableId, candidateWithUsers];
    const found = [...new Set(ids)].map((id) => (id === null ? undefined : table.revisions.get(id)));
    return found.filter((revision) => revision !== undefined);
  }

  #count(revisionId: string): void {
    const { stratum, counter, arrivedAtMs } = this.#options;
    if (stratum === null || this.#countedId === revisionId) return;
    // The revision that could not be connected to has failed this request, though another one now answers it.
    this.end('connection');
    this.#countedId = revisionId;
    this.#counted = counter.arrived(revisionId, stratum, arrivedAtMs);
  }
}
