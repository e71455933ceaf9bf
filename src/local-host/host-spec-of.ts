import type { InstanceSpec, RevisionSpec } from '../model/config/target.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { HostSpec } from './host/host-spec.ts';

export type HostSpecRequest = {
  spec: InstanceSpec;
  revisionSpec: RevisionSpec;
  /** Where users' requests are taken; null when another program takes them. */
  listen: HostSpec['listen'];
  cookie: string;
  service: string;
  environment: string;
};

/** The host's own settings out of the project's config. Pure. */
export function hostSpecOf({ spec, revisionSpec, listen, cookie, service, environment }: HostSpecRequest): HostSpec {
  return {
    v: 1,
    service,
    environment,
    listen,
    health: {
      path: spec.health.path,
      intervalMs: spec.health.interval,
      timeoutMs: spec.health.timeout,
      successes: spec.health.successes,
      failures: spec.health.failures,
      startupMs: spec.health.startup,
      warmupMs: spec.health.warmup,
    },
    stopMs: spec.stop,
    drainMs: spec.drain,
    streamDrainMs: spec.streamDrain,
    requestTimeoutMs: spec.requestTimeout,
    restart: { initialMs: spec.restart.initial, maxMs: spec.restart.max },
    cookie,
    versionHeader: revisionSpec.versionHeader?.toLowerCase() ?? null,
  };
}

/** Host and port of a URL. Throws TARGET_REFUSED when it is not plain http. Pure. */
export function listenAddress(url: string): { host: string; port: number } {
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:') {
    throw new DeployError('TARGET_REFUSED', {
      reason: `a local host serves plain http, and ${parsed.origin} is not`,
      remedy: 'Put TLS in front of it and give the http address as the url of the environment.',
    });
  }
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: parsed.port === '' ? 80 : Number(parsed.port) };
}
