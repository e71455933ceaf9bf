import type { EnvironmentSpec } from '../model/config/environment.ts';
import type { prometheusTemplates } from '../model/config/metrics.ts';
import type { SourceTraits } from '../model/metric-source.ts';

export type SourceAbilities = Pick<SourceTraits, 'countedBy' | 'latency'>;

/** What the configured source will be able to tell, known before it is asked: the driver's own traits say the same. Pure. */
export function sourceAbilities({ metrics, target }: Pick<EnvironmentSpec, 'metrics' | 'target'>): SourceAbilities {
  switch (metrics.source) {
    case 'proxy':
      // Another program that routes users tells totals of what has ended, unless it tells of each request.
      return tellsRequests(target)
        ? { countedBy: 'arrival', latency: 'fine' }
        : { countedBy: 'completion', latency: 'none' };
    case 'prober':
      return { countedBy: 'arrival', latency: 'fine' };
    case 'prometheus': {
      const { latency, template, inFlight } = metrics;
      const known = latency !== undefined || (template !== undefined && templatesWithLatency.includes(template));
      return { countedBy: inFlight === undefined ? 'completion' : 'arrival', latency: known ? 'coarse' : 'none' };
    }
    case 'json-endpoint':
      return { countedBy: 'completion', latency: metrics.latency === undefined ? 'none' : 'coarse' };
    case 'command':
      return { countedBy: 'completion', latency: metrics.latency ? 'coarse' : 'none' };
  }
}

/** Whether who routes users tells of each request from its begin to its end. Pure. */
export function tellsRequests(target: EnvironmentSpec['target']): boolean {
  return target.kind === 'process' || (target.kind === 'haproxy' && target.requestLog);
}

/** Exporters that have a histogram of request durations. */
const templatesWithLatency: ReadonlyArray<(typeof prometheusTemplates)[number]> = [
  'http',
  'nginx-ingress',
  'traefik',
  'envoy',
  'istio',
];
