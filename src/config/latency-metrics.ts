import type { EnvironmentSpec } from '../model/config/environment.ts';
import { planComparisons } from './comparisons.ts';
import { sourceAbilities } from './source-abilities.ts';

/**
 * Metrics of latency that can be proven with this source: the comparisons with the baseline where something stays on stable
 * through every watch (`compared`), and the objective. Empty when none can. Pure.
 */
export function latencyMetrics(spec: EnvironmentSpec, { compared }: { compared: boolean }): string[] {
  if (sourceAbilities(spec).latency === 'none') return [];
  const comparisons = planComparisons(spec).comparisons.filter(({ kind }) => kind === 'latency');
  return [
    ...(compared ? comparisons.map(({ metric }) => metric) : []),
    ...(spec.slos.latencyP99 === undefined ? [] : ['slo:latencyP99']),
  ];
}
