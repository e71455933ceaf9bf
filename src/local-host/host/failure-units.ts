/** Beyond so many different failures in one second every further one counts as a unit of its own. */
const mostPerSecond = 50_000;

/**
 * Tells repetitions of one failure apart from new ones: failures with the same key whose requests arrived in the same
 * second are one unit. Keeps a hash of 53 bits per unit, and only as long as requests of that second can still fail.
 */
export class FailureUnits {
  readonly #seconds = new Map<number, Set<number>>();

  /** True for the first failure with this key among requests that arrived in that second. */
  isFirst(arrivedAtMs: number, key: string): boolean {
    const second = Math.floor(arrivedAtMs / 1000);
    let seen = this.#seconds.get(second);
    if (seen === undefined) {
      seen = new Set();
      this.#seconds.set(second, seen);
    }
    const hash = hashOf(key);
    if (seen.has(hash)) return false;
    if (seen.size < mostPerSecond) seen.add(hash);
    return true;
  }

  /** Drops the seconds that began before this instant, Unix ms. */
  forget(beforeMs: number): void {
    for (const second of this.#seconds.keys()) if (second * 1000 < beforeMs) this.#seconds.delete(second);
  }

  get size(): number {
    let size = 0;
    for (const seen of this.#seconds.values()) size += seen.size;
    return size;
  }
}

/** cyrb53, a fast hash without cryptographic claims (github.com/bryc/code, public domain); 53 bits make chance collisions in a second negligible. */
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
