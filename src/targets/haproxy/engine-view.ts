import type { FragmentSettings } from './config-fragment.ts';
import { type EngineKeys, parseKeys } from './engine-keys.ts';
import type { MapEntry } from './parse-map.ts';
import type { ProcessInfo } from './parse-process-info.ts';
import type { ServerState } from './parse-servers-state.ts';
import type { RuntimeApi } from './runtime-api.ts';
import { parseSplit, percentOf, type Slot, type Split, splitKey } from './split-value.ts';

/** What a running HAProxy routes by at one moment. */
export type EngineView = {
  worker: ProcessInfo;
  /** Null when the map has no such key, or one that is no split. */
  split: Split | null;
  entries: readonly MapEntry[];
  keys: EngineKeys;
  servers: Readonly<Record<Slot, readonly ServerState[]>>;
};

/** Asks for all of it. Throws what the runtime API throws. */
export async function readEngine(
  api: RuntimeApi,
  settings: Pick<FragmentSettings, 'splitMap' | 'revisionsMap' | 'backends'>,
  signal: AbortSignal,
): Promise<EngineView> {
  const [worker, splits, entries, a, b] = await Promise.all([
    api.info(signal),
    api.mapEntries(settings.splitMap, signal),
    api.mapEntries(settings.revisionsMap, signal),
    api.serversState(settings.backends.a, signal),
    api.serversState(settings.backends.b, signal),
  ]);
  return {
    worker,
    split: parseSplit(splits.find(({ key }) => key === splitKey)?.value ?? ''),
    entries: [...entries].sort((left, right) => (left.key < right.key ? -1 : 1)),
    keys: parseKeys(entries),
    servers: { a, b },
  };
}

/** The slot of a revision, or null. Pure. */
export function slotOf(view: Pick<EngineView, 'keys'>, revisionId: string): Slot | null {
  const { a, b } = view.keys.slots;
  return a === revisionId ? 'a' : b === revisionId ? 'b' : null;
}

/** Share of users that HAProxy gives a slot: none where no server of it may be chosen. Pure. */
export function shareOf(view: EngineView, slot: Slot): number {
  const open = view.servers[slot].some((server) => server.admin === 'ready');
  return !open || view.split === null ? 0 : percentOf(slot, view.split);
}
