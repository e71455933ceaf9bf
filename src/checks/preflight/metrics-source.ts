import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, skipped } from './finding.ts';

/** Blocks: without measurements there is no verdict, and the run would only hold. */
export const metricsSourceCheck: Check<PreflightContext> = {
  id: 'metrics-source',
  title: 'Metrics source answers',
  category: 'infrastructure',
  blocking: true,
  run: async ({ metricsProbe, environment, firstDeploy }) => {
    const { source } = environment.metrics;
    if (firstDeploy) return skipped(`nothing serves yet, so ${source} has nothing to measure`);
    const { ok, reason, evidence } = await metricsProbe();
    return ok
      ? passed(reason, evidence)
      : failed(reason, `Check environments.*.metrics (source: ${source}) and that the service runs.`, evidence);
  },
};
