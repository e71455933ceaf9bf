import { createProberSource } from '../metrics/prober-source.ts';
import { createProxySource } from '../metrics/proxy-source.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { PlacedRevision } from '../model/target.ts';
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
  const urlOf = (revisionId: string): Promise<string | null> =>
    place.target.candidateUrl(revisionId, AbortSignal.timeout(3000));
  // Probes to a candidate that is still starting would be failures of the start, which provisioning judges by itself.
  let wasReady = false;
  const canaryUrl = async (): Promise<string | null> => {
    const placed = await findPlaced(place, revision.id);
    wasReady ||= placed?.instances.some((instance) => instance.state === 'ready') === true;
    return placed !== null && wasReady ? urlOf(revision.id) : null;
  };
  // A revision that is no longer stable is on its way out, and its last answers say nothing about it.
  const baselineUrl = async (): Promise<string | null> => {
    const placed = stable === null ? null : await findPlaced(place, stable.id);
    return placed?.role === 'stable' ? urlOf(placed.revision.id) : null;
  };
  const header = revisionSpec.versionHeader;
  return createProberSource({
    baselineUrl,
    canaryUrl,
    path: metrics.path,
    ratePerSecond: metrics.rate,
    timeoutMs: metrics.timeout,
    clock,
    versionHeader:
      header === undefined ? null : { name: header, baseline: stable?.version ?? null, canary: revision.version },
  });
}

async function findPlaced(place: Place, revisionId: string): Promise<PlacedRevision | null> {
  const state = await place.target.inspect(AbortSignal.timeout(3000));
  return state.revisions.find((one) => one.revision.id === revisionId) ?? null;
}
