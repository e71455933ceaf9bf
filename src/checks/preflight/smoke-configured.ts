import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { counted, notConfigured, passed } from './finding.ts';

/** Warns: health says that a process lives, not that the service works. */
export const smokeConfiguredCheck: Check<PreflightContext> = {
  id: 'smoke-configured',
  title: 'Smoke checks are configured',
  category: 'quality',
  blocking: false,
  run: async (context) => {
    const { smoke } = context.environment;
    if (smoke.length === 0)
      return notConfigured(context, 'smoke: [{ name: home page, category: critical-path, request: { path: / } }]');
    const candidate = smoke.filter((one) => one.on.includes('candidate')).length;
    const environment = smoke.filter((one) => one.on.includes('environment')).length;
    const categories = [...new Set(smoke.map((one) => one.category))].join(', ');
    return passed(`${counted(smoke.length, 'check')} (${categories})`, {
      checks: smoke.length,
      candidate,
      environment,
      categories,
    });
  },
};
