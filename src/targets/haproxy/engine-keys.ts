import type { MapEntry } from './parse-map.ts';
import type { Slot } from './split-value.ts';

/** Which revision each slot holds; null for an empty one. */
export type SlotRevisions = Readonly<Record<Slot, string | null>>;

/** What the revisions map says beside which revision a server is. HAProxy asks for the slots' when it counts requests. */
export type EngineKeys = { slots: SlotRevisions; fence: number };

/** `<backend>/<server>` → revision id, and the keys. Sorted, so that two of them can be compared. Pure. */
export function renderEntries(keys: EngineKeys, servers: ReadonlyMap<string, string>): MapEntry[] {
  const entries = [...servers].map(([key, value]) => ({ key, value }));
  for (const slot of ['a', 'b'] as const) {
    const value = keys.slots[slot];
    if (value !== null) entries.push({ key: slotKeys[slot], value });
  }
  if (keys.fence > 0) entries.push({ key: fenceKey, value: String(keys.fence) });
  return entries.sort((left, right) => (left.key < right.key ? -1 : 1));
}

/** The keys out of a map; what is not understood counts as absent. Pure. */
export function parseKeys(entries: readonly MapEntry[]): EngineKeys {
  const values = new Map(entries.map(({ key, value }) => [key, value]));
  const fence = values.get(fenceKey) ?? '';
  return {
    slots: { a: values.get(slotKeys.a) ?? null, b: values.get(slotKeys.b) ?? null },
    fence: /^\d{1,15}$/.test(fence) ? Number(fence) : 0,
  };
}

/** Keys of the revisions map that name the revision in a slot. */
export const slotKeys: Readonly<Record<Slot, string>> = { a: 'seatrial/slot/a', b: 'seatrial/slot/b' };
const fenceKey = 'seatrial/fence';
