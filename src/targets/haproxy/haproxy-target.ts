import { boundedCalls } from '../../local-host/bounded-calls.ts';
import { revisionHeader } from '../../local-host/host/forwarded-headers.ts';
import { readFrames } from '../../local-host/host/host-client.ts';
import { createHostDeadMan } from '../../local-host/host-dead-man.ts';
import { noteHostPlace } from '../../local-host/host-place.ts';
import { LocalInstances, type LocalInstancesOptions } from '../../local-host/local-instances.ts';
import type { HaproxyTargetSpec } from '../../model/config/target.ts';
import type { Target } from '../../model/target.ts';
import { within } from '../../system/bounded-act.ts';
import { createSystemClock } from '../../system/clock.ts';
import { assessPlace } from './assess-place.ts';
import { requestLogName } from './config-fragment.ts';
import { engineRecordFile } from './engine-record.ts';
import { fragmentSettingsOf, socketAddressOf } from './fragment-settings-of.ts';
import { HaproxyDriver } from './haproxy-driver.ts';
import { createLogFeed } from './log-feed.ts';
import { createRuntimeApi } from './runtime-api.ts';

export type HaproxyTargetOptions = Omit<LocalInstancesOptions, 'spec' | 'listen' | 'cookie'> & {
  spec: HaproxyTargetSpec;
  /** Where users reach HAProxy. */
  url: string;
};

/** Names the place by socket and backends, so that two checkouts of a project share its lock. Pure. */
export function haproxyTargetIdentity({ socket, slots }: HaproxyTargetSpec): string {
  return `haproxy:${socket}:${slots.a}:${slots.b}`;
}

/** Processes of this machine behind a HAProxy that runs already. Nothing is started, written or told before the first changing call. */
export function createHaproxyTarget(options: HaproxyTargetOptions): Target {
  const { spec } = options;
  const instances = new LocalInstances({ ...options, listen: null, cookie: spec.cookie });
  const address = socketAddressOf(spec.socket);
  const api = createRuntimeApi({ address, connectTimeoutMs: 1000, timeoutMs: 5000 });
  const settings = fragmentSettingsOf(spec, options);
  const driver = new HaproxyDriver({ spec, instances, api, settings, record: engineRecordFile(options.hostDirectory) });
  const { requestMs, connectMs } = settings.timeouts;
  const longestOpenMs = requestMs + connectMs + 1000;
  const target: Target = {
    kind: 'haproxy',
    identity: haproxyTargetIdentity(spec),
    url: options.url,
    revisionHeader,
    inspect: (signal) => driver.inspect(signal),
    ...boundedCalls(driver),
    candidateUrl: (revisionId, signal) => instances.directUrl(revisionId, signal),
    assess: (signal) => assessPlace({ api, settings, configFile: spec.configFile }, signal),
    foreign: {
      policy: spec.onForeignChange,
      look: (signal) => driver.lookForForeign(signal),
      restore: (act) => within(act, 'put back', (bounded) => driver.restore(bounded)),
    },
    ...(spec.requestLog
      ? {
          feed: createLogFeed({
            api,
            address,
            name: requestLogName(settings),
            clock: createSystemClock(),
            longestOpenMs,
          }),
        }
      : { totals: { read: (signal) => driver.readTotals(signal) } }),
    instances: { frames: (request) => readFrames(instances.files, request) },
    deadMan: createHostDeadMan(instances),
  };
  noteHostPlace(target, instances.place);
  return target;
}
