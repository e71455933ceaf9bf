import { businessSpec, type SampledSpec, type SourcePlace, sampledSpec } from '../metrics/configured-source.ts';
import { withEvents } from '../metrics/with-events.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Arm } from '../model/metric-source.ts';
import type { Revision } from '../model/revision.ts';
import { createSampledDriver } from './create-sampled-source.ts';
import type { Place } from './place.ts';

export type ConfiguredSources = {
  /** Null where the source belongs to the target. */
  primary: SampledSpec | null;
  business: SampledSpec[];
};

/** The sources of an environment that are asked again and again, for these revisions. Throws METRICS_INVALID. */
export function configuredSources(
  place: Place,
  revisions: Readonly<Record<Arm, Revision | null>>,
  clock: Clock,
): ConfiguredSources {
  const named = (revision: Revision | null): SourcePlace['revisions'][Arm] =>
    revision === null ? null : { version: revision.version, revisionId: revision.id };
  const around: SourcePlace = {
    revisions: { baseline: named(revisions.baseline), canary: named(revisions.canary) },
    clock,
    environment: process.env,
    directory: place.project.directory,
    requestTimeoutMs: place.spec.target.requestTimeout,
  };
  try {
    return {
      primary: sampledSpec(place.spec.metrics, around),
      business: place.spec.business.map((one) => businessSpec(one, around)),
    };
  } catch (thrown) {
    throw metricsInvalid(thrown);
  }
}

/** Makes every configured source without starting it: what can never work is refused when it is planned. Throws METRICS_INVALID. */
export function assertMetricsCompile(
  place: Place,
  revisions: Readonly<Record<Arm, Revision | null>>,
  clock: Clock,
): void {
  const { primary, business } = configuredSources(place, revisions, clock);
  try {
    const [first, ...others] = (primary === null ? business : [primary, ...business]).map(createSampledDriver);
    // Refuses a name that two of them count.
    if (first !== undefined) withEvents(first, others);
  } catch (thrown) {
    throw metricsInvalid(thrown);
  }
}

function metricsInvalid(thrown: unknown): DeployError {
  if (thrown instanceof DeployError) return thrown;
  return new DeployError('METRICS_INVALID', { reason: thrown instanceof Error ? thrown.message : String(thrown) });
}
