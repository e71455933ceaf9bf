import { z } from 'zod';
import { DeployError } from '../../model/deploy-error.ts';

/** One command of HAProxy's runtime API. Made only here, from checked words, so that no value can smuggle in a second command. */
export type RuntimeCommand = {
  readonly line: string;
  /**
   * Whether its answer ends with an empty line in every case. `add server` and `del server` answer some things without it,
   * so that they cannot share a line with others.
   */
  readonly framed: boolean;
};

export type ServerName = { readonly backend: string; readonly server: string };

export type ServerAddress = { readonly address: string; readonly port: number };

export type NewServer = ServerName &
  ServerAddress & {
    readonly weight: number;
    /** null: no health check; the server then counts as up as soon as it is enabled. Nothing of `default-server` is used. */
    readonly check: { readonly intervalMs: number; readonly rise: number; readonly fall: number } | null;
    readonly maxConnections: number | null;
  };

export type AdminState = 'ready' | 'drain' | 'maint';

/** Commands of the runtime API, of HAProxy 2.6 and later. All throw INPUT_INVALID for words that are not plain. */
export const runtimeCommand = {
  showInfo: (): RuntimeCommand => framed('show info'),
  showCliLevel: (): RuntimeCommand => framed('show cli level'),
  showMaps: (): RuntimeCommand => framed('show map'),
  showBackends: (): RuntimeCommand => framed('show backend'),
  /** Rows of the backend itself (2) and of its servers (4). */
  showStat: (backend: string): RuntimeCommand => framed(`show stat ${name(backend)} 6 -1`),
  showServersState: (backend: string | null): RuntimeCommand =>
    framed(backend === null ? 'show servers state' : `show servers state ${name(backend)}`),
  showServersConn: (backend: string): RuntimeCommand => framed(`show servers conn ${name(backend)}`),

  addServer: (server: NewServer): RuntimeCommand => ({ line: addServerLine(server), framed: false }),
  delServer: (server: ServerName): RuntimeCommand => ({ line: `del server ${serverName(server)}`, framed: false }),
  enableHealth: (server: ServerName): RuntimeCommand => framed(`enable health ${serverName(server)}`),
  disableHealth: (server: ServerName): RuntimeCommand => framed(`disable health ${serverName(server)}`),
  enableServer: (server: ServerName): RuntimeCommand => framed(`enable server ${serverName(server)}`),
  disableServer: (server: ServerName): RuntimeCommand => framed(`disable server ${serverName(server)}`),
  setState: (server: ServerName, state: AdminState): RuntimeCommand =>
    framed(`set server ${serverName(server)} state ${adminState(state)}`),
  setWeight: (server: ServerName, weight: number): RuntimeCommand =>
    framed(`set weight ${serverName(server)} ${whole('weight', weight, 0, 256)}`),
  setAddress: (server: ServerName, to: ServerAddress): RuntimeCommand =>
    framed(`set server ${serverName(server)} addr ${ipAddress(to.address)} port ${portNumber(to.port)}`),
  shutdownSessions: (server: ServerName): RuntimeCommand => framed(`shutdown sessions server ${serverName(server)}`),

  showTable: (table: string): RuntimeCommand => framed(`show table ${name(table)}`),
  showTables: (): RuntimeCommand => framed('show table'),
  /** Answers with every line that is in the ring (from now on: `-n`) and never ends. */
  followRing: (ring: string, from: 'begin' | 'now'): RuntimeCommand =>
    framed(`show events ${name(ring)} -w${from === 'now' ? ' -n' : ''}`),

  showMap: (map: string): RuntimeCommand => framed(`show map ${mapFile(map)}`),
  setMap: (map: string, key: string, value: string): RuntimeCommand =>
    framed(`set map ${mapFile(map)} ${mapWord('key', key)} ${mapWord('value', value)}`),
  prepareMap: (map: string): RuntimeCommand => framed(`prepare map ${mapFile(map)}`),
  addMap: (map: string, version: number | null, key: string, value: string): RuntimeCommand =>
    framed(`add map ${at(version)}${mapFile(map)} ${mapWord('key', key)} ${mapWord('value', value)}`),
  commitMap: (map: string, version: number): RuntimeCommand => framed(`commit map ${at(version)}${mapFile(map)}`),
  clearMap: (map: string, version: number | null): RuntimeCommand => framed(`clear map ${at(version)}${mapFile(map)}`),
  delMap: (map: string, key: string): RuntimeCommand => framed(`del map ${mapFile(map)} ${mapWord('key', key)}`),
};

/** Longest line that is sent; the buffer of HAProxy (`tune.bufsize`) holds 16,384 bytes by default. */
export const longestLine = 8_000;

/**
 * The line for several commands. HAProxy does them one after the other, all of them even when one fails, while its other
 * threads go on serving: it saves round trips and is no transaction. Pure; throws INPUT_INVALID.
 */
export function joinCommands(commands: readonly RuntimeCommand[]): string {
  if (commands.length === 0) throw invalid('commands', 'there is none');
  if (commands.length > 1 && commands.some((command) => !command.framed))
    throw invalid('commands', 'add server and del server go alone');
  const line = commands.map((command) => command.line).join(';');
  if (line.length > longestLine) throw invalid('commands', `the line would have ${line.length} characters`);
  return `${line}\n`;
}

/** A word that HAProxy itself allows in names of backends and servers. */
export const plainName = /^[A-Za-z0-9_.:-]{1,100}$/;
const plainFile = /^[A-Za-z0-9_.:/-]{1,200}$/;
const plainMapWord = /^[A-Za-z0-9_.:/@+=~-]{1,200}$/;
const ip = z.union([z.ipv4(), z.ipv6()]);

function framed(line: string): RuntimeCommand {
  return { line, framed: true };
}

function name(word: string): string {
  return matching('name', word, plainName);
}

function serverName({ backend, server }: ServerName): string {
  return `${name(backend)}/${name(server)}`;
}

function mapFile(path: string): string {
  return matching('map file', path, plainFile);
}

/** Blanks would need a backslash, and what comes after an unquoted one is dropped without a word. */
function mapWord(what: string, word: string): string {
  return matching(`map ${what}`, word, plainMapWord);
}

function at(version: number | null): string {
  return version === null ? '' : `@${whole('map version', version, 0, 0xffff_ffff)} `;
}

function adminState(state: AdminState): string {
  return matching('state', state, /^(ready|drain|maint)$/);
}

/** HAProxy 2.6 takes port 99999 for 34463 and accepts 0: nothing but this check stands before that. */
function portNumber(port: number): string {
  return whole('port', port, 1, 65_535);
}

function ipAddress(address: string): string {
  // A host name is accepted by `add server` and never resolved: such a server stays down for ever.
  if (!ip.safeParse(address).success) throw invalid('address', `"${address}" is no IP address`);
  return address;
}

function addServerLine(server: NewServer): string {
  const host = server.address.includes(':') ? `[${ipAddress(server.address)}]` : ipAddress(server.address);
  const check = server.check;
  return [
    `add server ${serverName(server)} ${host}:${portNumber(server.port)}`,
    `weight ${whole('weight', server.weight, 0, 256)}`,
    // Without these a server added at runtime keeps no idle connection and looks slower than its neighbours.
    'pool-max-conn -1 pool-purge-delay 5s',
    ...(check === null
      ? []
      : [
          `check inter ${whole('interval', check.intervalMs, 1, 3_600_000)}ms`,
          `rise ${whole('rise', check.rise, 1, 1000)} fall ${whole('fall', check.fall, 1, 1000)}`,
        ]),
    ...(server.maxConnections === null ? [] : [`maxconn ${whole('maxconn', server.maxConnections, 1, 1_000_000)}`]),
  ].join(' ');
}

function whole(what: string, value: number, min: number, max: number): string {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    throw invalid(what, `${value} is no whole number from ${min} to ${max}`);
  return String(value);
}

function matching(what: string, word: string, pattern: RegExp): string {
  if (!pattern.test(word)) throw invalid(what, `${JSON.stringify(word)} has characters that are not allowed here`);
  return word;
}

function invalid(what: string, reason: string): DeployError {
  return new DeployError('INPUT_INVALID', {
    name: 'HAProxy',
    list: `- ${what}: ${reason}`,
    remedy: 'Use letters, digits, dot, colon, underscore and hyphen in names; numbers within their limits.',
  });
}
