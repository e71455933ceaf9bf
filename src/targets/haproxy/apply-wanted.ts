import { type BoundedAct, waitUntil, waitWithin } from '../../system/bounded-act.ts';
import { writeFileAtomic } from '../../system/files.ts';
import { holdsInstance, isAsWanted, loopback, sameEntries, serverOf } from './compare-engine.ts';
import type { FragmentSettings } from './config-fragment.ts';
import type { EngineView } from './engine-view.ts';
import type { MapEntry } from './parse-map.ts';
import type { WantedEngine, WantedServer } from './plan-wanted.ts';
import { refusalKind } from './runtime-answer.ts';
import type { RuntimeApi } from './runtime-api.ts';
import type { ServerName } from './runtime-command.ts';
import { renderSplit, splitKey } from './split-value.ts';

export type Engine = { api: RuntimeApi; settings: FragmentSettings };

/**
 * Makes HAProxy route as wanted, in the order in which no request is lost: name and fill what is new, let it be checked and
 * opened, move the users, close, empty what is left over. Returns the requests that were cut at `drainMs`. What a
 * reload restores is written beside each change. Throws what the runtime API throws.
 */
export async function applyWanted(
  { api, settings }: Engine,
  change: { view: EngineView; wanted: WantedEngine; drainMs: number },
  act: BoundedAct,
): Promise<number> {
  const { view, wanted, drainMs } = change;
  const engine = { api, settings };
  const needed = wanted.servers.filter((server) => server.port !== null);
  const early = canServe(view, wanted);
  if (early) await moveSplit(engine, change, act);
  const known = mergeEntries(view.entries, wanted.entries);
  if (!sameEntries(view.entries, known)) await writeEntries(engine, known, act);
  for (const server of needed) if (!holdsInstance(serverOf(view, server), server)) await fill(api, server, act);
  const opening = needed.filter((server) => server.open && !isAsWanted(serverOf(view, server), server));
  await awaitChecks(api, opening, act);
  for (const server of opening) await api.setState(server, 'ready', act.signal);
  if (!early) await moveSplit(engine, change, act);
  for (const server of needed.filter(({ open }) => !open))
    if (serverOf(view, server)?.admin === 'ready') await api.setState(server, 'drain', act.signal);
  const left = wanted.servers.filter((server) => server.port === null && !isAsWanted(serverOf(view, server), server));
  const cut = left.length === 0 ? 0 : await empty(api, left, { drainMs, act });
  if (!sameEntries(known, wanted.entries)) await writeEntries(engine, wanted.entries, act);
  // A weight or a state that is not in this file would be gone after a reload.
  const text = await api.serversStateText(act.signal);
  await writeFileAtomic(settings.stateFile, text, { mode: 0o644 });
  return cut;
}

/** In each backend named, one of these servers has passed HAProxy's own check and none waits for its first. */
export async function awaitChecks(api: RuntimeApi, servers: readonly ServerName[], act: BoundedAct): Promise<void> {
  for (const backend of new Set(servers.map((server) => server.backend))) {
    const names = servers.filter((server) => server.backend === backend).map(({ server }) => server);
    await waitUntil(act, async () => {
      const states = await api.serversState(backend, act.signal);
      const ours = states.filter(({ server }) => names.includes(server));
      const passing = ours.some((one) => one.check === 'passed' && one.operational === 'running');
      return passing && ours.every((one) => one.check !== 'none') ? true : null;
    });
  }
}

/** Ends what these servers have in work and still have after `drainMs`; returns how much that was. */
export async function drainServers(
  api: RuntimeApi,
  servers: readonly ServerName[],
  { drainMs, act }: { drainMs: number; act: BoundedAct },
): Promise<number> {
  const done = await waitWithin(act, drainMs, async () => ((await openAt(api, servers, act)) === 0 ? true : null));
  if (done === true) return 0;
  const cut = await openAt(api, servers, act);
  for (const server of servers) await api.shutdownSessions(server, act.signal);
  return cut;
}

/** Requests and upgraded connections that these servers have in work. */
async function openAt(api: RuntimeApi, servers: readonly ServerName[], act: BoundedAct): Promise<number> {
  let open = 0;
  for (const backend of new Set(servers.map((server) => server.backend))) {
    const rows = await api.stat(backend, act.signal);
    const named = servers.filter((server) => server.backend === backend).map(({ server }) => server);
    for (const row of rows) if (row.server !== null && named.includes(row.server)) open += row.sessions.now;
  }
  return open;
}

/** Users may be moved at once where whoever gets them serves already: a way back waits for nobody. */
function canServe(view: EngineView, wanted: WantedEngine): boolean {
  const open = wanted.servers.filter((server) => server.open);
  const shares = [wanted.split.pointsOfB > 0 ? 'b' : null, wanted.split.pointsOfB < 10_000 ? 'a' : null] as const;
  return shares.every((slot) => {
    if (slot === null) return true;
    const serving = view.servers[slot].filter((one) => one.admin === 'ready' && one.operational === 'running');
    return serving.some((one) => open.some((server) => holdsInstance(one, server) && server.server === one.server));
  });
}

async function moveSplit(
  { api, settings }: Engine,
  { view, wanted }: { view: EngineView; wanted: WantedEngine },
  act: BoundedAct,
): Promise<void> {
  const value = renderSplit(wanted.split);
  if (view.split !== null && renderSplit(view.split) === value) return act.moved();
  const entry = { key: splitKey, value };
  const file = writeFileAtomic(settings.splitMap, `${splitKey} ${value}\n`, { mode: 0o644 });
  // A way back does not wait for the disk. Whoever reads back sees a reload in between, and does it again.
  await Promise.all([file, setSplit({ api, settings }, entry, act).then(() => act.moved())]);
}

async function setSplit({ api, settings }: Engine, entry: MapEntry, act: BoundedAct): Promise<void> {
  try {
    await api.setMapValue(settings.splitMap, entry, act.signal);
  } catch (thrown) {
    // Somebody took the key away; nothing but this entry belongs there.
    if (refusalKind(thrown) !== 'no such entry') throw thrown;
    await api.replaceMap(settings.splitMap, [entry], act.signal);
  }
}

async function writeEntries({ api, settings }: Engine, entries: readonly MapEntry[], act: BoundedAct): Promise<void> {
  const text = entries.map(({ key, value }) => `${key} ${value}\n`).join('');
  await writeFileAtomic(settings.revisionsMap, text, { mode: 0o644 });
  await api.replaceMap(settings.revisionsMap, entries, act.signal);
}

/** What is wanted, and beside it what is still in service. */
function mergeEntries(now: readonly MapEntry[], wanted: readonly MapEntry[]): MapEntry[] {
  const merged = new Map([...now, ...wanted].map(({ key, value }) => [key, value]));
  return [...merged].map(([key, value]) => ({ key, value })).sort((left, right) => (left.key < right.key ? -1 : 1));
}

/** Checked from now on, and without users. */
async function fill(api: RuntimeApi, server: WantedServer, act: BoundedAct): Promise<void> {
  if (server.port === null) return;
  await api.setState(server, 'maint', act.signal);
  await api.setAddress(server, { address: loopback, port: server.port }, act.signal);
  await api.setState(server, 'drain', act.signal);
}

async function empty(
  api: RuntimeApi,
  servers: readonly WantedServer[],
  limits: { drainMs: number; act: BoundedAct },
): Promise<number> {
  const { signal } = limits.act;
  for (const server of servers) await api.setState(server, 'drain', signal);
  const cut = await drainServers(api, servers, limits);
  for (const server of servers) await api.setState(server, 'maint', signal);
  return cut;
}
