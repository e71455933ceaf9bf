import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { counted, notConfigured, passed } from './finding.ts';

/** Asked only where guidance wants it: a watch that is shorter, or about speed, needs the journeys of users to be tried first. */
export const smokeCriticalPathCheck: Check<PreflightContext> = {
  id: 'smoke-critical-path',
  title: 'Smoke checks of the critical path are configured',
  category: 'quality',
  blocking: true,
  run: async (context) => {
    const found = context.environment.smoke.filter(({ category }) => category === 'critical-path');
    if (found.length === 0)
      return notConfigured(
        context,
        'smoke: [{ name: checkout, category: critical-path, request: { path: /checkout } }]',
      );
    return passed(counted(found.length, 'check'), { checks: found.length });
  },
};
