import type { RoutingState } from './host-state.ts';
import { weightOf } from './routing-changes.ts';

/** When revisions lost their last users. */
export class UnroutedSince {
  readonly #atMs = new Map<string, number>();

  note(before: RoutingState, next: RoutingState, nowMs: number): void {
    for (const { revision } of next.placements) {
      if (weightOf(next, revision.id) > 0) this.#atMs.delete(revision.id);
      else if (weightOf(before, revision.id) > 0) this.#atMs.set(revision.id, nowMs);
    }
  }

  forget(revisionId: string): void {
    this.#atMs.delete(revisionId);
  }

  /** Whether it has had no users for so long; false for one that never had any. */
  isLongerThan(revisionId: string, { nowMs, ms }: { nowMs: number; ms: number }): boolean {
    const sinceMs = this.#atMs.get(revisionId);
    return sinceMs !== undefined && nowMs - sinceMs >= ms;
  }
}
