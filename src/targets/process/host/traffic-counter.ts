import { cellMs, fastAgeMs, latencyBucketOf, type TrafficCell } from '../../../model/traffic.ts';

export type Stratum = TrafficCell['stratum'];

type Counts = {
  revisionId: string;
  stratum: Stratum;
  atMs: number;
  arrivals: number;
  failedFast: number;
  failed: number;
  completed: number;
  mismatched: number;
  latency: Map<number, number>;
  /** Number of the change that touched it last. */
  change: number;
};

/** What becomes of one counted request. Every method counts at most once. */
export interface CountedRequest {
  /** 5xx, connection error or time-out. */
  failed(nowMs: number): void;
  /** An instance's answer is complete, whatever its status. */
  completed(latencyMs: number): void;
  /** The answer named another version. */
  mismatched(): void;
}

/** Counts per revision, stratum and arrival cell. Memory is bounded by `keepMs`. */
export class TrafficCounter {
  readonly #cells = new Map<string, Counts>();
  #change = 0;

  /** `revisionId` takes a request that arrived at `nowMs`. */
  arrived(revisionId: string, stratum: Stratum, nowMs: number): CountedRequest {
    const cell = this.#cell(revisionId, stratum, Math.floor(nowMs / cellMs) * cellMs);
    cell.arrivals += 1;
    this.#touch(cell);
    const seen = { failed: false, completed: false, mismatched: false };
    return {
      failed: (failedAtMs) => {
        if (seen.failed) return;
        seen.failed = true;
        cell.failed += 1;
        if (failedAtMs - nowMs <= fastAgeMs) cell.failedFast += 1;
        this.#touch(cell);
      },
      completed: (latencyMs) => {
        if (seen.completed) return;
        seen.completed = true;
        cell.completed += 1;
        const bucket = latencyBucketOf(latencyMs);
        cell.latency.set(bucket, (cell.latency.get(bucket) ?? 0) + 1);
        this.#touch(cell);
      },
      mismatched: () => {
        if (seen.mismatched) return;
        seen.mismatched = true;
        cell.mismatched += 1;
        this.#touch(cell);
      },
    };
  }

  /** Number of the last change; hand it back to `changedSince` to get what changed later. */
  get lastChange(): number {
    return this.#change;
  }

  /** Cells changed after `change` that are not older than `sinceMs`, as totals so far. */
  changedSince(change: number, sinceMs = 0): TrafficCell[] {
    const result: TrafficCell[] = [];
    for (const cell of this.#cells.values()) {
      if (cell.change > change && cell.atMs + cellMs > sinceMs) result.push(renderCell(cell));
    }
    return result;
  }

  /** Drops cells that began before `beforeMs`. */
  forget(beforeMs: number): void {
    for (const [key, cell] of this.#cells) if (cell.atMs < beforeMs) this.#cells.delete(key);
  }

  #cell(revisionId: string, stratum: Stratum, atMs: number): Counts {
    const key = `${atMs} ${stratum} ${revisionId}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell = {
      revisionId,
      stratum,
      atMs,
      arrivals: 0,
      failedFast: 0,
      failed: 0,
      completed: 0,
      mismatched: 0,
      latency: new Map<number, number>(),
      change: 0,
    };
    this.#cells.set(key, cell);
    return cell;
  }

  #touch(cell: Counts): void {
    this.#change += 1;
    cell.change = this.#change;
  }
}

function renderCell(cell: Counts): TrafficCell {
  const { change: _change, latency, ...counts } = cell;
  return { ...counts, latency: [...latency].sort(([left], [right]) => left - right) };
}
