import { DeployError } from '../../model/deploy-error.ts';
import { askSocket, type SocketAddress } from '../../system/ask-socket.ts';
import { createSystemClock } from '../../system/clock.ts';
import { type ArrivalCount, parseArrivals } from './parse-arrivals.ts';
import { type MapEntry, type MapInfo, parseMapEntries, parseMapList, parsePreparedVersion } from './parse-map.ts';
import { type ProcessInfo, parseProcessInfo } from './parse-process-info.ts';
import { type ProxyStat, parseServerStat } from './parse-server-stat.ts';
import { parseServersConn, type ServerConnections } from './parse-servers-conn.ts';
import { parseServersState, type ServerState } from './parse-servers-state.ts';
import { assertDone, refusal, refusalKind, splitAnswers } from './runtime-answer.ts';
import {
  type AdminState,
  joinCommands,
  type NewServer,
  type RuntimeCommand,
  runtimeCommand,
  type ServerAddress,
  type ServerName,
} from './runtime-command.ts';

export type RuntimeAccess = {
  address: SocketAddress;
  connectTimeoutMs: number;
  /** For one exchange. */
  timeoutMs: number;
};

export type CliLevel = 'user' | 'operator' | 'admin';

/**
 * HAProxy's runtime API, typed. Every call is one connection, every word is checked before, every answer after: what is not
 * the answer of success throws TARGET_REFUSED (refusalKind tells which), no answer throws TARGET_UNREACHABLE, a fired
 * signal CANCELLED. Nothing is repeated here: what was sent before a time-out may have been done, so read back.
 *
 * While HAProxy reloads, the former worker may take one more connection: what it is told is lost. The two calls that move
 * traffic therefore ask in the same line who obeys, and throw TARGET_UNREACHABLE when it is a worker on its way out.
 */
export interface RuntimeApi {
  info(signal: AbortSignal): Promise<ProcessInfo>;
  /** `operator` reads everything and may change maps, but no server; `user` sees no addresses. */
  level(signal: AbortSignal): Promise<CliLevel>;
  backends(signal: AbortSignal): Promise<string[]>;
  /** The rows of the servers, and one of the backend itself (`server` null). */
  stat(backend: string, signal: AbortSignal): Promise<ProxyStat[]>;
  serversState(backend: string, signal: AbortSignal): Promise<ServerState[]>;
  /** All backends, in the form of the file that `server-state-file` names: what a reload restores. */
  serversStateText(signal: AbortSignal): Promise<string>;
  connections(backend: string, signal: AbortSignal): Promise<ServerConnections[]>;
  /** Requests that each revision was given, and the worker that counted them. */
  arrivals(table: string, signal: AbortSignal): Promise<{ worker: ProcessInfo; counts: ArrivalCount[] }>;
  /** Names of the stick tables. */
  tables(signal: AbortSignal): Promise<string[]>;

  addServer(server: NewServer, signal: AbortSignal): Promise<void>;
  /** Of a server in maintenance. Tries again while connections are left, until `withinMs` are over; the last refusal is thrown. */
  delServer(server: ServerName, withinMs: number, signal: AbortSignal): Promise<void>;
  setHealth(server: ServerName, enabled: boolean, signal: AbortSignal): Promise<void>;
  /** Up before its first check has ended when it becomes `ready`; give it traffic only after `check` has passed. */
  setState(server: ServerName, state: AdminState, signal: AbortSignal): Promise<void>;
  setAddress(server: ServerName, to: ServerAddress, signal: AbortSignal): Promise<void>;
  /** In one line, the highest first, so that no moment has all at 0; still one after the other (see joinCommands). Gives the worker. */
  setWeights(weights: ReadonlyArray<ServerName & { weight: number }>, signal: AbortSignal): Promise<ProcessInfo>;
  /** Cuts every request and connection that this server has in work. */
  shutdownSessions(server: ServerName, signal: AbortSignal): Promise<void>;

  maps(signal: AbortSignal): Promise<MapInfo[]>;
  mapEntries(map: string, signal: AbortSignal): Promise<MapEntry[]>;
  /** Of a key that is there; one value is swapped, so every request sees the old or the new one. Gives the worker that obeyed. */
  setMapValue(map: string, entry: MapEntry, signal: AbortSignal): Promise<ProcessInfo>;
  /** Of a key that is not there: HAProxy would keep both and use the first. */
  addMapEntry(map: string, entry: MapEntry, signal: AbortSignal): Promise<void>;
  delMapEntry(map: string, key: string, signal: AbortSignal): Promise<void>;
  clearMap(map: string, signal: AbortSignal): Promise<void>;
  /** All entries at once: prepared beside the old ones and committed, which is atomic. */
  replaceMap(map: string, entries: readonly MapEntry[], signal: AbortSignal): Promise<void>;
}

const maxAnswerBytes = 8_000_000;
const deletePollMs = 100;
/** Lines of commands that carry map entries stay well below the buffer of HAProxy. */
const entriesPerLine = 15;
const clock = createSystemClock();

export function createRuntimeApi(access: RuntimeAccess): RuntimeApi {
  const ask = (commands: readonly RuntimeCommand[], signal: AbortSignal): Promise<string[]> =>
    exchange(access, commands, signal);
  return { ...reading(ask), ...serverChanges(ask), ...mapChanges(ask) };
}

type Ask = (commands: readonly RuntimeCommand[], signal: AbortSignal) => Promise<string[]>;

async function exchange(
  access: RuntimeAccess,
  commands: readonly RuntimeCommand[],
  signal: AbortSignal,
): Promise<string[]> {
  const text = joinCommands(commands);
  return splitAnswers(commands, await askSocket({ ...access, text, maxBytes: maxAnswerBytes, signal }));
}

type Reading = Pick<
  RuntimeApi,
  | 'info'
  | 'level'
  | 'backends'
  | 'stat'
  | 'serversState'
  | 'serversStateText'
  | 'connections'
  | 'maps'
  | 'mapEntries'
  | 'arrivals'
  | 'tables'
>;

function reading(ask: Ask): Reading {
  const read = async (command: RuntimeCommand, signal: AbortSignal, begin: RegExp): Promise<string> => {
    const [answer = ''] = await ask([command], signal);
    if (!begin.test(answer)) throw refusal(command, answer);
    return answer;
  };
  const { showServersState, showMaps, showMap } = runtimeCommand;
  return {
    info: async (signal) => parseProcessInfo(await read(runtimeCommand.showInfo(), signal, /^Name: /)),
    level: async (signal) => {
      const command = runtimeCommand.showCliLevel();
      const answer = await read(command, signal, /^(user|operator|admin)$/);
      return answer === 'admin' || answer === 'operator' ? answer : 'user';
    },
    backends: async (signal) => (await read(runtimeCommand.showBackends(), signal, /^# name/)).split('\n').slice(1),
    stat: async (backend, signal) =>
      parseServerStat(await read(runtimeCommand.showStat(backend), signal, /^# pxname,/)),
    serversState: async (backend, signal) =>
      parseServersState(await read(showServersState(backend), signal, /^1\n# be_id/)),
    serversStateText: async (signal) => `${await read(showServersState(null), signal, /^1\n# be_id/)}\n`,
    connections: async (backend, signal) =>
      parseServersConn(await read(runtimeCommand.showServersConn(backend), signal, /^# bkname/)),
    maps: async (signal) => parseMapList(await read(showMaps(), signal, /^# id/)),
    mapEntries: async (map, signal) => parseMapEntries(await read(showMap(map), signal, /^(0x|$)/)),
    arrivals: async (table, signal) => {
      const show = runtimeCommand.showTable(table);
      const [said = '', answer = ''] = await ask([runtimeCommand.showInfo(), show], signal);
      if (!answer.startsWith('# table: ')) throw refusal(show, answer);
      return { worker: parseProcessInfo(said), counts: parseArrivals(answer) };
    },
    tables: async (signal) => {
      const answer = await read(runtimeCommand.showTables(), signal, /^(# table: |$)/);
      return [...answer.matchAll(/^# table: ([^,\s]+),/gm)].map(([, table = '']) => table);
    },
  };
}

type ServerChanges = Pick<
  RuntimeApi,
  'addServer' | 'delServer' | 'setHealth' | 'setState' | 'setAddress' | 'setWeights' | 'shutdownSessions'
>;

function serverChanges(ask: Ask): ServerChanges {
  const change = changing(ask);
  return {
    addServer: (server, signal) => change([runtimeCommand.addServer(server)], signal, /^New server registered\.$/),
    delServer: (server, withinMs, signal) => deleteWhenUnused(ask, server, withinMs, signal),
    setHealth: (server, enabled, signal) =>
      change([enabled ? runtimeCommand.enableHealth(server) : runtimeCommand.disableHealth(server)], signal),
    setState: (server, state, signal) => change([runtimeCommand.setState(server, state)], signal),
    setAddress: (server, to, signal) =>
      change([runtimeCommand.setAddress(server, to)], signal, /^[^\n]*(changed from|no need to change)[^\n]*$/),
    setWeights: (weights, signal) =>
      moveTraffic(
        ask,
        [...weights]
          .sort((left, right) => right.weight - left.weight)
          .map(({ weight, ...server }) => runtimeCommand.setWeight(server, weight)),
        signal,
      ),
    shutdownSessions: (server, signal) => change([runtimeCommand.shutdownSessions(server)], signal),
  };
}

type MapChanges = Pick<RuntimeApi, 'setMapValue' | 'addMapEntry' | 'delMapEntry' | 'clearMap' | 'replaceMap'>;

function mapChanges(ask: Ask): MapChanges {
  const change = changing(ask);
  return {
    setMapValue: (map, { key, value }, signal) => moveTraffic(ask, [runtimeCommand.setMap(map, key, value)], signal),
    addMapEntry: (map, { key, value }, signal) => change([runtimeCommand.addMap(map, null, key, value)], signal),
    delMapEntry: (map, key, signal) => change([runtimeCommand.delMap(map, key)], signal),
    clearMap: (map, signal) => change([runtimeCommand.clearMap(map, null)], signal),
    replaceMap: async (map, entries, signal) => {
      assertDistinct(entries);
      const prepare = runtimeCommand.prepareMap(map);
      const [answer = ''] = await ask([prepare], signal);
      const version = parsePreparedVersion(answer);
      if (version === null) throw refusal(prepare, answer);
      const additions = entries.map(({ key, value }) => runtimeCommand.addMap(map, version, key, value));
      for (let from = 0; from < additions.length; from += entriesPerLine)
        await change(additions.slice(from, from + entriesPerLine), signal);
      await change([runtimeCommand.commitMap(map, version)], signal);
    },
  };
}

/** Sends commands that must all be obeyed; the first that was not is thrown, although those after it were done. */
function changing(
  ask: Ask,
): (commands: readonly RuntimeCommand[], signal: AbortSignal, wanted?: RegExp) => Promise<void> {
  return async (commands, signal, wanted) => {
    const answers = await ask(commands, signal);
    commands.forEach((command, index) => {
      assertDone(command, answers[index] ?? '', wanted);
    });
  };
}

/** Changes, and who was asked: one connection is always served by one worker. */
async function moveTraffic(ask: Ask, commands: readonly RuntimeCommand[], signal: AbortSignal): Promise<ProcessInfo> {
  const [said = '', ...answers] = await ask([runtimeCommand.showInfo(), ...commands], signal);
  commands.forEach((command, index) => {
    assertDone(command, answers[index] ?? '');
  });
  const info = parseProcessInfo(said);
  if (!info.stopping) return info;
  const reason = `worker ${info.pid} is being replaced by a reload, so that the change is not in the new one`;
  throw new DeployError('TARGET_UNREACHABLE', { target: 'HAProxy', reason });
}

async function deleteWhenUnused(ask: Ask, server: ServerName, withinMs: number, signal: AbortSignal): Promise<void> {
  const endMs = clock.monotonic() + withinMs;
  for (;;) {
    try {
      return await changing(ask)([runtimeCommand.delServer(server)], signal, /^Server deleted\.$/);
    } catch (thrown) {
      const leftMs = endMs - clock.monotonic();
      if (refusalKind(thrown) !== 'server in use' || leftMs <= 0) throw thrown;
      await clock.sleep(Math.min(deletePollMs, leftMs), signal);
    }
  }
}

function assertDistinct(entries: readonly MapEntry[]): void {
  if (new Set(entries.map((entry) => entry.key)).size === entries.length) return;
  throw new DeployError('INPUT_INVALID', {
    name: 'HAProxy',
    list: '- map: a key stands twice',
    remedy: 'Give each key once.',
  });
}
