/**
 * MurmurHash3 (x86, 32 bit, by Austin Appleby) of a text's UTF-8 bytes, as an unsigned 32-bit number. Pure.
 * Spreads near-equal units evenly, which a cheaper multiplicative hash does not.
 */
export function unitHash(text: string, seed = 0): number {
  const bytes = Buffer.from(text, 'utf8');
  const blocks = bytes.length & ~3;
  let hash = seed;
  for (let index = 0; index < blocks; index += 4) {
    hash ^= scramble(bytes.readInt32LE(index));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let index = bytes.length - 1; index >= blocks; index -= 1) tail = (tail << 8) | bytes.readUInt8(index);
  if (bytes.length > blocks) hash ^= scramble(tail);
  return finish(hash ^ bytes.length);
}

/** Number of slots that units are hashed into: weights are exact to a hundredth of a percent. */
export const unitSlots = 10_000;

/** Slot 0–9999 of an assignment unit. A candidate of weight w % has the slots below 100·w, so growing weights only add units. Pure. */
export function unitSlot(salt: string, unit: string): number {
  return unitHash(`${salt}:${unit}`) % unitSlots;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
