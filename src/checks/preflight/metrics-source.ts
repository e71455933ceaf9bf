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
    const { business, metrics } = environment;
    const { source } = metrics;
    if (firstDeploy) return skipped(`nothing serves yet, so ${source} has nothing to measure`);
    const { ok, reason, evidence } = await metricsProbe();
    return ok
      ? passed(reason, evidence)
      : failed(
          reason,
          `Check environments.*.${business.length === 0 ? 'metrics' : 'metrics and business'} (source: ${source}), and that what is asked there runs.`,
          evidence,
        );
  },
};
