import { createInspectedInstances, inspectEveryMs } from '../metrics/inspected-instances.ts';
import { createProberSource } from '../metrics/prober-source.ts';
import { createProxySource } from '../metrics/proxy-source.ts';
import { createTotalsSource } from '../metrics/totals-source.ts';
import { withEvents } from '../metrics/with-events.ts';
import { withInstances } from '../metrics/with-instances.ts';
import type { Clock } from '../model/clock.ts';
import type { MetricsSpec } from '../model/config/metrics.ts';
import { isLocal } from '../model/config/target.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Plan } from '../model/plan.ts';
import type { PlacedRevision } from '../model/target.ts';
import type { TrafficFeed } from '../model/traffic.ts';
import { configuredSources } from './configured-sources.ts';
import { createSampledDriver } from './create-sampled-source.ts';
import type { Place } from './place.ts';

/**
 * The configured source of measurements for a run, with the business metrics beside it. Throws STRATEGY_UNSUPPORTED when the
 * target cannot feed it, METRICS_INVALID when its settings do not fit together.
 */
export function createMetrics(place: Place, plan: Plan, clock: Clock): MetricSource {
  const { stable, revision } = plan.content;
  const others = configuredSources(place, { baseline: stable, canary: revision }, clock);
  const primary =
    others.primary === null ? createTargetSource(place, plan, clock) : createSampledDriver(others.primary);
  return withEvents(withTargetsFeed(primary, place, clock), others.business.map(createSampledDriver));
}

/** Exits and kills of instances are told by the target alone, whoever counts the requests. */
function withTargetsFeed(primary: MetricSource, { target, spec }: Place, clock: Clock): MetricSource {
  const { feed, instances } = target;
  const counted = primary.kind === 'proxy' && feed !== undefined;
  if (counted && instances === undefined) return primary;
  const follow = (followed: TrafficFeed): MetricSource =>
    createProxySource({ feed: followed, clock, requestTimeoutMs: spec.target.requestTimeout });
  if (instances !== undefined) {
    const told = follow(instances);
    // It counts no requests: what users were answered is the primary's to tell.
    return withInstances(primary, {
      start: (arms, signal) => told.start(arms, signal),
      takeInstanceEvents: () => told.takeInstanceEvents(),
    });
  }
  if (feed !== undefined) return withInstances(primary, follow(feed));
  const looks = { everyMs: inspectEveryMs, withinMs: lookWithinMs(spec) };
  return withInstances(
    primary,
    createInspectedInstances({ inspect: (signal) => target.inspect(signal), clock, ...looks }),
  );
}

function createTargetSource(place: Place, plan: Plan, clock: Clock): MetricSource {
  const { metrics } = place.spec;
  if (metrics.source === 'proxy') return createProxy(place, plan, clock);
  if (metrics.source === 'prober') return createProber({ place, plan, clock, metrics });
  throw new DeployError('INTERNAL', { reason: `${metrics.source} is no source of the target` });
}

function createProxy(place: Place, plan: Plan, clock: Clock): MetricSource {
  const { feed, totals } = place.target;
  const { requestTimeout: requestTimeoutMs } = place.spec.target;
  if (totals !== undefined) {
    const revisions = { baseline: plan.content.stable?.id ?? null, canary: plan.content.revision.id };
    return createTotalsSource({ totals, revisions, clock, requestTimeoutMs });
  }
  if (feed === undefined) {
    throw new DeployError('STRATEGY_UNSUPPORTED', {
      strategy: 'metrics.source proxy',
      reasons: `the target ${place.target.kind} has no proxy`,
      remedy: 'Use metrics.source: prober.',
    });
  }
  return createProxySource({ feed, clock, requestTimeoutMs: feed.longestOpenMs ?? requestTimeoutMs });
}

/** Synthetic requests beside the configured source; null where the plan wants none. */
export function createSynthetic(place: Place, plan: Plan, clock: Clock): MetricSource | null {
  const { synthetic } = plan.content.judge;
  if (synthetic === null) return null;
  const { path, perSecond: rate, timeoutMs: timeout } = synthetic;
  return createProber({ place, plan, clock, metrics: { path, rate, timeout } });
}

type ProberRequest = {
  place: Place;
  plan: Plan;
  clock: Clock;
  metrics: Omit<Extract<MetricsSpec, { source: 'prober' }>, 'source'>;
};

function createProber({ place, plan, clock, metrics }: ProberRequest): MetricSource {
  const { stable, revision } = plan.content;
  const see = createSight(place);
  // Probes to a candidate that is still starting would be failures of the start, which provisioning judges by itself.
  let wasReady = false;
  const canaryUrl = async (): Promise<string | null> => {
    const { placed, url } = await see(revision.id);
    wasReady ||= placed?.instances.some((instance) => instance.state === 'ready') === true;
    return placed !== null && wasReady ? url : null;
  };
  // A revision that is no longer stable is on its way out, and its last answers say nothing about it.
  const baselineUrl = async (): Promise<string | null> => {
    if (stable === null) return null;
    const { placed, url } = await see(stable.id);
    return placed?.role === 'stable' ? url : null;
  };
  const header = place.spec.revision.versionHeader;
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

type Sight = { placed: PlacedRevision | null; url: string | null };

/** Longest time for one look at the target. */
function lookWithinMs({ target }: Place['spec']): number {
  return isLocal(target) ? 3000 : (target.commands.inspect?.timeout ?? 0);
}

/** Where a revision stands and answers. A target that starts a program for every look is looked at more rarely. */
function createSight(place: Place): (revisionId: string) => Promise<Sight> {
  const [withinMs, keptMs] = [lookWithinMs(place.spec), isLocal(place.spec.target) ? 0 : 3000];
  const seen = new Map<string, { atMs: number; sight: Promise<Sight> }>();
  return (revisionId) => {
    const nowMs = performance.now();
    const before = seen.get(revisionId);
    if (before !== undefined && nowMs - before.atMs < keptMs) return before.sight;
    const sight = look(place, revisionId, withinMs);
    seen.set(revisionId, { atMs: nowMs, sight });
    return sight;
  };
}

async function look(place: Place, revisionId: string, withinMs: number): Promise<Sight> {
  const signal = (): AbortSignal => AbortSignal.timeout(withinMs);
  const state = await place.target.inspect(signal());
  const placed = state.revisions.find((one) => one.revision.id === revisionId) ?? null;
  return { placed, url: placed === null ? null : await place.target.candidateUrl(revisionId, signal()) };
}
