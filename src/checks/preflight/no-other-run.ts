import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Blocks: two runs at one target undo each other. */
export const noOtherRunCheck: Check<PreflightContext> = {
  id: 'no-other-run',
  title: 'No other run at this target',
  category: 'target',
  blocking: true,
  run: async ({ activeRun }) => {
    if (activeRun === null) return passed('no run is going on');
    const remedy = 'Follow it with rollout_status, or stop it with rollout_control abort.';
    return failed(`run ${activeRun.runId} is going on (pid ${activeRun.pid})`, remedy, { ...activeRun });
  },
};
