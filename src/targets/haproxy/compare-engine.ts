import type { EngineView } from './engine-view.ts';
import type { MapEntry } from './parse-map.ts';
import type { ServerState } from './parse-servers-state.ts';
import type { WantedEngine, WantedServer } from './plan-wanted.ts';
import { renderSplit } from './split-value.ts';

/** In words, where HAProxy routes otherwise than it should; empty when it does as it should. Pure. */
export function differences(view: EngineView, wanted: WantedEngine): string[] {
  const seen = view.split === null ? 'nothing' : renderSplit(view.split);
  const split = renderSplit(wanted.split);
  return [
    ...(seen === split ? [] : [`the split is ${seen} instead of ${split}`]),
    ...(sameEntries(view.entries, wanted.entries) ? [] : ['the revisions map has other entries']),
    ...wanted.servers.flatMap((server) => {
      const said = serverOf(view, server);
      return isAsWanted(said, server) ? [] : [`${server.backend}/${server.server} is ${describe(said)}`];
    }),
  ];
}

/** Pure. */
export function sameEntries(left: readonly MapEntry[], right: readonly MapEntry[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ key, value }, index) => right[index]?.key === key && right[index]?.value === value)
  );
}

/** Pure. */
export function serverOf(view: EngineView, { backend, server }: { backend: string; server: string }) {
  return [...view.servers.a, ...view.servers.b].find((one) => one.backend === backend && one.server === server) ?? null;
}

/** Pure. */
export function isAsWanted(server: ServerState | null, wanted: WantedServer): boolean {
  if (server === null) return false;
  if (wanted.port === null) return server.admin === 'maint';
  return holdsInstance(server, wanted) && server.admin === (wanted.open ? 'ready' : 'drain');
}

/** It is in service for this very instance, with or without users. Pure. */
export function holdsInstance(server: ServerState | null, wanted: WantedServer): boolean {
  return server !== null && server.admin !== 'maint' && server.port === wanted.port && server.address === loopback;
}

export const loopback = '127.0.0.1';

function describe(server: ServerState | null): string {
  return server === null ? 'not there' : `in state ${server.admin} at ${server.address}:${server.port}`;
}
