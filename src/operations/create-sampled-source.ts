import { createCommandReader, createCommandSource } from '../metrics/command-source.ts';
import type { SampledSpec } from '../metrics/configured-source.ts';
import { createJsonEndpointSource, createJsonReader } from '../metrics/json-endpoint-source.ts';
import { probePrometheus } from '../metrics/probe-prometheus.ts';
import { createPrometheusSource } from '../metrics/prometheus-source.ts';
import type { MetricSource } from '../model/metric-source.ts';

/** The driver for a source that is read again and again. Throws an Error for an expression that is no JMESPath. */
export function createSampledDriver(spec: SampledSpec): MetricSource {
  switch (spec.source) {
    case 'prometheus':
      return createPrometheusSource(spec.options);
    case 'json-endpoint':
      return createJsonEndpointSource(spec.options);
    case 'command':
      return createCommandSource(spec.options);
  }
}

/** Asks the source once, as a run would, about the revision that serves now. Throws when it cannot be judged by; says what it found. */
export async function probeSampled(
  spec: SampledSpec,
  signal: AbortSignal,
): Promise<{ reason: string; evidence: Record<string, string | number> }> {
  if (spec.source === 'prometheus') return probePrometheus(spec.options, signal);
  const read = spec.source === 'json-endpoint' ? createJsonReader(spec.options) : createCommandReader(spec.options);
  const { baseline } = await read(signal);
  if (baseline.status !== 'read') throw new Error(baseline.reason);
  const counted = baseline.requests ?? [...baseline.events.values()][0] ?? null;
  return {
    reason: `${spec.source} tells of ${counted?.samples ?? 0} (${counted?.failures ?? 0} of them ${baseline.requests === null ? 'counted' : 'failed'})`,
    evidence: { samples: counted?.samples ?? 0, failures: counted?.failures ?? 0 },
  };
}
