import type { InstanceEvent } from '../../model/traffic.ts';

const mostKept = 1000;

/** The latest events of all instances, for those who listen now and those who come a little later. */
export class EventLog {
  readonly #kept: InstanceEvent[] = [];
  readonly #listeners = new Set<(event: InstanceEvent) => void>();

  add(event: InstanceEvent): void {
    this.#kept.push(event);
    if (this.#kept.length > mostKept) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  since(sinceMs: number): InstanceEvent[] {
    return this.#kept.filter((event) => event.atMs >= sinceMs);
  }

  /** Last excerpt of each revision whose instances ended or gave up. */
  lastExcerpts(): Record<string, string> {
    const result: Record<string, string> = {};
    for (const { revisionId, excerpt } of this.#kept) if (excerpt !== null) result[revisionId] = excerpt;
    return result;
  }

  /** Returns what ends the listening. */
  listen(listener: (event: InstanceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
