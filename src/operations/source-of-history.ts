import type { Clock } from '../model/clock.ts';
import type { MetricSource } from '../model/metric-source.ts';
import type { Revision } from '../model/revision.ts';
import { configuredSources } from './configured-sources.ts';
import { createSampledDriver } from './create-sampled-source.ts';
import type { Place } from './place.ts';

/** The configured source, as far as it can look back; one that keeps no history has its kind only. Throws METRICS_INVALID. */
export function sourceOfHistory(
  place: Place,
  stable: Revision | null,
  clock: Clock,
): Pick<MetricSource, 'kind' | 'countsOver'> {
  const { primary } = configuredSources(place, { baseline: stable, canary: null }, clock);
  return primary === null ? { kind: place.spec.metrics.source } : createSampledDriver(primary);
}
