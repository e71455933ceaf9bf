import { revisionHeader } from '../../local-host/host/forwarded-headers.ts';
import type { HaproxyTargetSpec } from '../../model/config/target.ts';
import type { SocketAddress } from '../../system/ask-socket.ts';
import type { FragmentSettings } from './config-fragment.ts';

/** What haproxy.cfg has to say for this target. Pure. */
export function fragmentSettingsOf(
  spec: HaproxyTargetSpec,
  { service, url }: { service: string; url: string },
): FragmentSettings {
  const { hostname, port, protocol } = new URL(url);
  const shownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return {
    service,
    bind: `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${shownPort}`,
    statsSocket: spec.socket,
    stateFile: spec.stateFile,
    splitMap: spec.splitMap,
    revisionsMap: spec.revisionsMap,
    cookie: spec.cookie,
    revisionHeader,
    backends: spec.slots,
    serversPerSlot: spec.places,
    health: {
      path: spec.health.path,
      intervalMs: spec.health.interval,
      rise: spec.health.successes,
      fall: spec.health.failures,
    },
    timeouts: {
      connectMs: 5000,
      requestMs: spec.requestTimeout,
      keepAliveMs: 5000,
      queueMs: 5000,
      tunnelMs: Math.max(1000, spec.streamDrain),
    },
    requestLog: spec.requestLog,
  };
}

/** Where the runtime API answers. Pure. */
export function socketAddressOf(socket: string): SocketAddress {
  if (socket.startsWith('/')) return { path: socket };
  const colon = socket.lastIndexOf(':');
  return { host: socket.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(socket.slice(colon + 1)) };
}
