/** Failures of one client within this time are one unit. Long, because whoever fails once tends to fail again, and stays on one revision. */
export const unitMs = 60_000;
/** Beyond so many failing clients in that time every further failure counts as a unit of its own. */
const mostClients = 50_000;

/**
 * Tells repeated failures of a client from those of others: requests with the same key that arrived in the same minute and
 * failed are one unit. Keeps a hash of 53 bits per unit, and only as long as requests of that minute can still fail.
 */
export class FailureUnits {
  readonly #spans = new Map<number, Set<number>>();

  /** True for the first failure with this key among requests that arrived in that minute. */
  isFirst(arrivedAtMs: number, key: string): boolean {
    const span = Math.floor(arrivedAtMs / unitMs);
    let seen = this.#spans.get(span);
    if (seen === undefined) {
      seen = new Set();
      this.#spans.set(span, seen);
    }
    const hash = hashOf(key);
    if (seen.has(hash)) return false;
    if (seen.size < mostClients) seen.add(hash);
    return true;
  }

  /** Drops the minutes that ended before this instant, Unix ms. */
  forget(beforeMs: number): void {
    for (const span of this.#spans.keys()) if ((span + 1) * unitMs < beforeMs) this.#spans.delete(span);
  }

  get size(): number {
    let size = 0;
    for (const seen of this.#spans.values()) size += seen.size;
    return size;
  }
}

/** cyrb53, a fast hash without cryptographic claims (github.com/bryc/code, public domain); 53 bits make chance collisions negligible. */
function hashOf(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
