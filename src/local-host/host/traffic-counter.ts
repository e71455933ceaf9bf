import type { Stratum } from '../../model/metric-source.ts';
import { cellMs, latencyBucketOf, noRequests, type TrafficCell } from '../../model/traffic.ts';
import { FailureUnits } from './failure-units.ts';

type Counts = Omit<TrafficCell, 'latency'> & {
  latency: Map<number, number>;
  /** Number of the change that touched it last. */
  change: number;
};

/** Why a request ended. `flowing`: it had not when its time was over, but bytes still moved; `left`: the client went away, or it was cut off. */
export type EndedBy = 'answer' | 'server_error' | 'connection' | 'timeout' | 'flowing' | 'left';

/** Whose request it is, null for somebody who is on another revision with the next one; asked only about failures. */
export interface FailureOrigin {
  readonly client: string | null;
}

/** What becomes of one counted request. */
export interface CountedRequest {
  /** It has not ended. */
  readonly open: boolean;
  /** The first call ends it for good; no later one changes anything. */
  end(by: EndedBy, latencyMs: number, origin: FailureOrigin): void;
  /** An instance's answer is complete, whatever its status; may come after the end. Counts once. */
  completed(): void;
  /** The answer named another version. Counts once. */
  mismatched(): void;
  /** An instance that is still warming up has it now. Counts once, before the end only. */
  warming(): void;
}

/** Counts per revision, stratum and arrival cell. Memory is bounded by how often `forget` is called. */
export class TrafficCounter {
  readonly #cells = new Map<string, Counts>();
  readonly #ledger: Ledger = { change: 0, failures: new FailureUnits() };
  /** The cell that was asked for last: most likely the next request belongs to it too. */
  #latest: Counts | null = null;

  /** `revisionId` takes a request that arrived at `nowMs`. */
  arrived(revisionId: string, stratum: Stratum, nowMs: number): CountedRequest {
    const cell = this.#cell(revisionId, stratum, nowMs);
    cell.arrivals += 1;
    touch(this.#ledger, cell);
    return new CellEntry(this.#ledger, cell, nowMs);
  }

  /** A unit was drawn for `revisionId` by a request that arrived at `nowMs`. */
  drew(revisionId: string, stratum: Stratum, nowMs: number): void {
    const cell = this.#cell(revisionId, stratum, nowMs);
    cell.newUnits += 1;
    touch(this.#ledger, cell);
  }

  /** Number of the last change; hand it back to `changedSince` to get what changed later. */
  get lastChange(): number {
    return this.#ledger.change;
  }

  /** Failures that are remembered to tell repetitions. */
  get rememberedFailures(): number {
    return this.#ledger.failures.size;
  }

  /** Cells changed after `change` that are not older than `sinceMs`, as totals so far. */
  changedSince(change: number, sinceMs = 0): TrafficCell[] {
    const result: TrafficCell[] = [];
    for (const cell of this.#cells.values()) {
      if (cell.change > change && cell.atMs + cellMs > sinceMs) result.push(renderCell(cell));
    }
    return result;
  }

  /** Drops cells that began before `beforeMs`, and what tells repeated failures apart of requests before `failuresBeforeMs`. */
  forget(beforeMs: number, failuresBeforeMs = beforeMs): void {
    for (const [key, cell] of this.#cells) if (cell.atMs < beforeMs) this.#cells.delete(key);
    this.#latest = null;
    this.#ledger.failures.forget(failuresBeforeMs);
  }

  #cell(revisionId: string, stratum: Stratum, nowMs: number): Counts {
    const atMs = Math.floor(nowMs / cellMs) * cellMs;
    const latest = this.#latest;
    if (latest?.atMs === atMs && latest.revisionId === revisionId && latest.stratum === stratum) return latest;
    const key = `${atMs} ${stratum} ${revisionId}`;
    const cell = this.#cells.get(key) ?? this.#add(key, { revisionId, stratum, atMs });
    this.#latest = cell;
    return cell;
  }

  #add(key: string, series: Pick<Counts, 'revisionId' | 'stratum' | 'atMs'>): Counts {
    const cell = {
      ...series,
      ...noRequests,
      latency: new Map<number, number>(),
      change: 0,
    };
    this.#cells.set(key, cell);
    return cell;
  }
}

/** What all entries write to. */
type Ledger = { change: number; failures: FailureUnits };

function touch(ledger: Ledger, cell: Counts): void {
  ledger.change += 1;
  cell.change = ledger.change;
}

class CellEntry implements CountedRequest {
  readonly #ledger: Ledger;
  readonly #cell: Counts;
  readonly #arrivedAtMs: number;
  #ended = false;
  #completed = false;
  #mismatched = false;
  #warming = false;

  constructor(ledger: Ledger, cell: Counts, arrivedAtMs: number) {
    this.#ledger = ledger;
    this.#cell = cell;
    this.#arrivedAtMs = arrivedAtMs;
  }

  get open(): boolean {
    return !this.#ended;
  }

  end(by: EndedBy, latencyMs: number, origin: FailureOrigin): void {
    if (this.#ended) return;
    this.#ended = true;
    const cell = this.#cell;
    cell.ended += 1;
    if (by === 'server_error' || by === 'connection' || by === 'timeout') {
      cell.failed += 1;
      if (this.#isUnit(origin)) cell.failedUnits += 1;
    }
    if (!this.#warming) {
      const bucket = latencyBucketOf(latencyMs);
      cell.latency.set(bucket, (cell.latency.get(bucket) ?? 0) + 1);
    }
    touch(this.#ledger, cell);
  }

  #isUnit({ client }: FailureOrigin): boolean {
    const { stratum, revisionId } = this.#cell;
    return client === null || this.#ledger.failures.isFirst(this.#arrivedAtMs, `${stratum} ${revisionId} ${client}`);
  }

  completed(): void {
    if (this.#completed) return;
    this.#completed = true;
    this.#cell.completed += 1;
    touch(this.#ledger, this.#cell);
  }

  mismatched(): void {
    if (this.#mismatched) return;
    this.#mismatched = true;
    this.#cell.mismatched += 1;
    touch(this.#ledger, this.#cell);
  }

  warming(): void {
    if (this.#warming || this.#ended) return;
    this.#warming = true;
    this.#cell.warming += 1;
    touch(this.#ledger, this.#cell);
  }
}

function renderCell(cell: Counts): TrafficCell {
  const { change: _change, latency, ...counts } = cell;
  return { ...counts, latency: [...latency].sort(([left], [right]) => left - right) };
}
