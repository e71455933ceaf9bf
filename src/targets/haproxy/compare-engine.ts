import { parseKeys } from './engine-keys.ts';
import type { EngineView } from './engine-view.ts';
import type { MapEntry } from './parse-map.ts';
import type { ProcessInfo } from './parse-process-info.ts';
import type { ServerState } from './parse-servers-state.ts';
import type { WantedEngine, WantedServer } from './plan-wanted.ts';
import { percentOf, renderSplit, type Split } from './split-value.ts';

/** In words, where HAProxy routes otherwise than it should; empty when it does as it should. Pure. */
export function differences(view: EngineView, wanted: WantedEngine): string[] {
  return [
    ...(view.split !== null && renderSplit(view.split) === renderSplit(wanted.split)
      ? []
      : [`${describeSplit(view.split)} instead of ${describeSplit(wanted.split)}`]),
    ...(sameEntries(view.entries, wanted.entries) ? [] : ['the revisions map has other entries']),
    ...wanted.servers.flatMap((server) => {
      const said = serverOf(view, server);
      return isAsWanted(said, server) ? [] : [`${server.backend}/${server.server} is ${describe(said)}`];
    }),
  ];
}

/** By whom HAProxy was changed, as far as it tells. Pure. */
export function describeAuthor(change: {
  view: EngineView;
  left: WantedEngine;
  reloaded: string | null;
  spec: { socket: string };
}): string {
  const { view, left, reloaded, spec } = change;
  const { fence } = view.keys;
  if (fence > parseKeys(left.entries).fence) return `by another owner of seatrial, with fencing token ${fence}`;
  if (reloaded !== null) return 'lost by the reload';
  return `HAProxy does not tell by whom: somebody who may use ${spec.socket}`;
}

/** Pure. */
export function renderReload(former: ProcessInfo, now: ProcessInfo): string {
  return `HAProxy was reloaded or restarted: worker ${former.pid} gave way to worker ${now.pid}`;
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

function describeSplit(split: Split | null): string {
  return split === null ? 'no split' : `a split of ${percentOf('b', split)} % to slot b (${renderSplit(split)})`;
}

function describe(server: ServerState | null): string {
  return server === null ? 'not there' : `in state ${server.admin} at ${server.address}:${server.port}`;
}
