import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { notConfigured, passed } from './finding.ts';

/** Warns: without objectives only the comparison with the baseline decides, and a baseline can be bad too. */
export const slosConfiguredCheck: Check<PreflightContext> = {
  id: 'slos-configured',
  title: 'Service level objectives are configured',
  category: 'quality',
  blocking: false,
  run: async (context) => {
    const names = Object.keys(context.environment.slos);
    if (names.length === 0)
      return notConfigured(context, 'slos: { errorRate: { target: 0.1% }, latencyP99: { target: 500ms } }');
    return passed(names.join(', '), { slos: names.length });
  },
};
