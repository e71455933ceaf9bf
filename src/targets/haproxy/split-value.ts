/** The two slots of a service: backends that take turns at being stable. */
export type Slot = 'a' | 'b';

/** Units are hashed into this many points, as in the embedded proxy: weights are exact to a hundredth of a percent. */
export const splitPoints = 10_000;

/** The key in the map of the split. */
export const splitKey = 'split';

/** Value of the split map: points of slot b, and the salt of the hash. One value, so that both change in one write. */
export type Split = { pointsOfB: number; salt: string };

/**
 * The split that gives the candidate its share. The candidate in b has the points below its share, the candidate in a those
 * from the rest of b up: while the salt stays, a growing share only ever moves units to the candidate. Pure.
 */
export function planSplit(candidate: Slot, weightPercent: number, salt: string): Split {
  const points = Math.min(splitPoints, Math.max(0, Math.round((weightPercent / 100) * splitPoints)));
  return { pointsOfB: candidate === 'b' ? points : splitPoints - points, salt };
}

/** Share of assignment units that go to a slot, 0–100. Pure. */
export function percentOf(slot: Slot, split: Split): number {
  const points = slot === 'b' ? split.pointsOfB : splitPoints - split.pointsOfB;
  return (100 * points) / splitPoints;
}

/** Pure. */
export function renderSplit(split: Split): string {
  return `${split.pointsOfB}:${split.salt}`;
}

/** Null for a value that is no split. Pure. */
export function parseSplit(value: string): Split | null {
  const [, points, salt] = /^(\d{1,5}):([A-Za-z0-9_.-]{1,64})$/.exec(value) ?? [];
  if (points === undefined || salt === undefined || Number(points) > splitPoints) return null;
  return { pointsOfB: Number(points), salt };
}
