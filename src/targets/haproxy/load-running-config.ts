import type { RunningConfig } from './assess-config.ts';
import type { FragmentSettings } from './config-fragment.ts';
import type { RuntimeApi } from './runtime-api.ts';

/** Asks a running HAProxy for what assessConfig needs. Throws what the runtime API throws. */
export async function loadRunningConfig(
  api: RuntimeApi,
  settings: FragmentSettings,
  from: { configText: string | null; signal: AbortSignal },
): Promise<RunningConfig> {
  const { signal, configText } = from;
  const info = await api.info(signal);
  const level = await api.level(signal);
  const backends = await api.backends(signal);
  const maps = await api.maps(signal);
  const hasSplit = maps.some((map) => map.file === settings.splitMap);
  const splitEntries = hasSplit ? await api.mapEntries(settings.splitMap, signal) : null;
  const known = [settings.backends.a, settings.backends.b].filter((backend) => backends.includes(backend));
  const stats = await Promise.all(known.map((backend) => api.stat(backend, signal)));
  const servers = await Promise.all(known.map((backend) => api.serversState(backend, signal)));
  const tables = settings.requestLog ? await api.tables(signal) : [];
  return {
    info,
    level,
    backends,
    maps,
    splitEntries,
    tables,
    stats: stats.flat(),
    servers: servers.flat(),
    configText,
  };
}
