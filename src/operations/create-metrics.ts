import { createProberSource } from '../metrics/prober-source.ts';
import { createProxySource } from '../metrics/proxy-source.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { Place } from './place.ts';

/** The configured source of measurements for a run. Throws STRATEGY_UNSUPPORTED when the target cannot feed it. */
export function createMetrics(place: Place, plan: Plan, clock: Clock): MetricSource {
  const { metrics, target: targetSpec, revision: revisionSpec } = place.spec;
  const { stable, revision } = plan.content;
  if (metrics.source === 'proxy') {
    const { feed } = place.target;
    if (feed === undefined) {
      throw new DeployError('STRATEGY_UNSUPPORTED', {
        strategy: 'metrics.source proxy',
        reasons: `the target ${place.target.kind} has no proxy`,
        remedy: 'Use metrics.source: prober.',
      });
    }
    return createProxySource({ feed, clock, requestTimeoutMs: targetSpec.requestTimeout });
  }
  const urlOf = (revisionId: string | null) => async (): Promise<string | null> =>
    revisionId === null ? null : place.target.candidateUrl(revisionId, AbortSignal.timeout(3000));
  const header = revisionSpec.versionHeader;
  return createProberSource({
    baselineUrl: urlOf(stable?.id ?? null),
    canaryUrl: urlOf(revision.id),
    path: metrics.path,
    ratePerSecond: metrics.rate,
    timeoutMs: metrics.timeout,
    clock,
    versionHeader:
      header === undefined ? null : { name: header, baseline: stable?.version ?? null, canary: revision.version },
  });
}
