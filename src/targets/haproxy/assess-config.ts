import { type FragmentLine, type FragmentSettings, planConfigFragment, requestLogName } from './config-fragment.ts';
import type { MapEntry, MapInfo } from './parse-map.ts';
import { isAtLeast, type ProcessInfo } from './parse-process-info.ts';
import type { ProxyStat } from './parse-server-stat.ts';
import type { ServerState } from './parse-servers-state.ts';
import { parseConfigText } from './read-config-text.ts';
import type { CliLevel } from './runtime-api.ts';
import { parseSplit, splitKey } from './split-value.ts';

/** What a running HAProxy said of itself. */
export type RunningConfig = {
  info: ProcessInfo;
  level: CliLevel;
  backends: readonly string[];
  stats: readonly ProxyStat[];
  servers: readonly ServerState[];
  maps: readonly MapInfo[];
  /** Null when the map is not loaded. */
  splitEntries: readonly MapEntry[] | null;
  /** Names of its stick tables. */
  tables: readonly string[];
  /** The configuration on disk; null when it cannot be read from here. It may differ from what was loaded. */
  configText: string | null;
};

export type ConfigFinding = {
  part: string;
  /** `unknown`: the runtime API does not show it and the file could not be read. Never counts as present. */
  state: 'present' | 'missing' | 'unknown';
  detail: string;
  /** Where to put which line; null when there is nothing to add. */
  add: { section: string; line: string } | null;
};

/** Which parts of the fragment a running HAProxy has and lacks. Pure. Throws INPUT_INVALID for settings that are not plain. */
export function assessConfig(settings: FragmentSettings, running: RunningConfig): ConfigFinding[] {
  return [...assessRunning(settings, running), ...assessFile(settings, running.configText)];
}

/** Those that its answers show. */
export function assessRunning(settings: FragmentSettings, running: Omit<RunningConfig, 'configText'>): ConfigFinding[] {
  const slots = [settings.backends.a, settings.backends.b];
  return [
    assessVersion(running.info),
    assessLevel(settings, running.level),
    ...slots.flatMap((backend) => assessSlot(settings, backend, running)),
    assessSplitMap(settings, running),
    assessRevisionsMap(settings, running.maps),
    ...(settings.requestLog ? [assessRequestLog(settings, running.tables)] : []),
  ];
}

function assessVersion(info: ProcessInfo): ConfigFinding {
  const part = 'HAProxy 2.6 or later';
  if (isAtLeast(info.version, 2, 6)) return { part, state: 'present', detail: info.version, add: null };
  return { part, state: 'missing', detail: `it is ${info.version}: update HAProxy`, add: null };
}

function assessLevel(settings: FragmentSettings, level: CliLevel): ConfigFinding {
  const part = 'stats socket of level admin';
  if (level === 'admin') return { part, state: 'present', detail: level, add: null };
  return { part, state: 'missing', detail: `its level is ${level}`, add: lineFor(settings, 'global', 'stats socket') };
}

function assessSlot(
  settings: FragmentSettings,
  backend: string,
  running: Omit<RunningConfig, 'configText'>,
): ConfigFinding[] {
  const section = `backend ${backend}`;
  if (!running.backends.includes(backend)) {
    const add = { section, line: `${section}   (whole section)` };
    return [{ part: section, state: 'missing', detail: 'there is no such backend', add }];
  }
  const servers = running.servers.filter((server) => server.backend === backend);
  const balance = running.stats.find((row) => row.backend === backend && row.server === null)?.balance ?? '';
  const unchecked = servers.filter((server) => !server.checkEnabled);
  return [
    {
      part: `${section}: dynamic balance`,
      state: balance === '' ? 'unknown' : dynamicBalances.has(balance) ? 'present' : 'missing',
      detail: balance === '' ? 'the socket does not show it' : balance,
      add: dynamicBalances.has(balance) ? null : lineFor(settings, section, 'balance'),
    },
    {
      part: `${section}: places for ${settings.serversPerSlot} instances`,
      state: servers.length >= settings.serversPerSlot ? 'present' : 'missing',
      detail: `it has ${servers.length}`,
      add: servers.length >= settings.serversPerSlot ? null : lineFor(settings, section, 'server-template'),
    },
    {
      part: `${section}: health checks`,
      state: servers.length === 0 ? 'unknown' : unchecked.length === 0 ? 'present' : 'missing',
      detail: unchecked.length === 0 ? 'on' : `off for ${unchecked.map((server) => server.server).join(', ')}`,
      add: servers.length > 0 && unchecked.length === 0 ? null : lineFor(settings, section, 'default-server'),
    },
  ];
}

function assessSplitMap(settings: FragmentSettings, running: Omit<RunningConfig, 'configText'>): ConfigFinding {
  const part = `split map ${settings.splitMap}`;
  const entries = running.splitEntries;
  if (entries === null || !hasMap(running.maps, settings.splitMap)) {
    const add = lineFor(settings, `frontend ${settings.service}`, 'http-request set-var(txn.seatrial_split)');
    return { part, state: 'missing', detail: 'HAProxy has not loaded it', add };
  }
  const [only, another] = entries.filter((entry) => entry.key === splitKey);
  const add = { section: settings.splitMap, line: `${splitKey} 0:none` };
  if (only === undefined) return { part, state: 'missing', detail: `it has no key ${splitKey}`, add };
  if (another !== undefined) return { part, state: 'missing', detail: `it has the key ${splitKey} twice`, add };
  if (parseSplit(only.value) === null) return { part, state: 'missing', detail: `"${only.value}" is no split`, add };
  return { part, state: 'present', detail: only.value, add: null };
}

function assessRevisionsMap(settings: FragmentSettings, maps: readonly MapInfo[]): ConfigFinding {
  const part = `revisions map ${settings.revisionsMap}`;
  if (hasMap(maps, settings.revisionsMap)) return { part, state: 'present', detail: 'loaded', add: null };
  const add = lineFor(settings, `frontend ${settings.service}`, 'http-after-response set-header');
  return { part, state: 'missing', detail: 'HAProxy has not loaded it', add };
}

function assessRequestLog(settings: FragmentSettings, tables: readonly string[]): ConfigFinding {
  const name = requestLogName(settings);
  const part = `request log ${name}`;
  if (tables.includes(name)) return { part, state: 'present', detail: 'it numbers requests', add: null };
  const add = lineFor(settings, `backend ${name}`, 'stick-table');
  return {
    part,
    state: 'missing',
    detail: 'HAProxy does not number requests: its ring and log lines are needed too',
    add,
  };
}

/** The lines whose effect no answer of the runtime API shows: retries, time-outs, rules. */
export function assessFile(settings: FragmentSettings, configText: string | null): ConfigFinding[] {
  const sections = configText === null ? null : parseConfigText(configText);
  return planConfigFragment(settings).flatMap(({ head, lines }) =>
    lines.map((line) => {
      const part = `${head}: ${line.text}`;
      const add = { section: head, line: line.text };
      if (sections === null) {
        return {
          part,
          state: 'unknown' as const,
          detail: 'no runtime answer shows it; the file was not readable',
          add,
        };
      }
      const found = sections.get(head)?.find((text) => isFulfilled(line, text));
      if (found === undefined) return { part, state: 'missing' as const, detail: 'not in the file', add };
      return { part, state: 'present' as const, detail: `in the file: ${found}`, add: null };
    }),
  );
}

const dynamicBalances: ReadonlySet<string> = new Set(['roundrobin', 'leastconn', 'random']);

function isFulfilled(line: FragmentLine, text: string): boolean {
  return line.fulfils === undefined ? text === line.text : line.fulfils.test(text);
}

function hasMap(maps: readonly MapInfo[], file: string): boolean {
  return maps.some((map) => map.file === file);
}

function lineFor(settings: FragmentSettings, section: string, begin: string): ConfigFinding['add'] {
  const lines = planConfigFragment(settings).find(({ head }) => head === section)?.lines ?? [];
  const line = lines.find(({ text }) => text.startsWith(begin));
  return line === undefined ? null : { section, line: line.text };
}
