import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { notConfigured, passed } from './finding.ts';

/** Asked only where guidance wants performance proven: a promise about latency needs something that measures it. */
export const latencyJudgedCheck: Check<PreflightContext> = {
  id: 'latency-judged',
  title: 'Latency can be proven',
  category: 'quality',
  blocking: true,
  run: async (context) => {
    const { latencyMetrics = [] } = context;
    if (latencyMetrics.length > 0) return passed(latencyMetrics.join(', '), { metrics: latencyMetrics.length });
    return notConfigured(
      context,
      'slos: { latencyP99: { target: 500ms } }, with a metrics source that tells latencies (proxy of a process target, prober)',
    );
  },
};
