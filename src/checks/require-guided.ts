import type { CheckResult } from '../model/check.ts';
import type { Guided } from '../model/guidance.ts';
import { cleanExcerpt } from '../system/excerpt.ts';

/**
 * The results with what guidance demands: such a check stops unless it passed, says what asked for it, and is unknown where
 * nobody configured an answer. Pure.
 */
export function requireGuided(results: readonly CheckResult[], demanded: Guided['checks']): CheckResult[] {
  return results.map((result) => {
    const demand = demanded.find(({ id }) => id === result.id);
    if (demand === undefined) return result;
    if (result.status === 'passed') return { ...result, blocking: true };
    return {
      ...result,
      status: result.status === 'skipped' ? 'unknown' : result.status,
      blocking: true,
      reason: cleanExcerpt(`${result.reason}; required because of the guidance: ${demand.because.join(', ')}`, 500),
      remedy: result.remedy ?? 'Make the check pass, or plan without that guidance.',
    };
  });
}
