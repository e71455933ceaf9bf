import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Blocks: a freeze window is a decision of people, and so is the end of an emergency stop. */
export const freezeCheck: Check<PreflightContext> = {
  id: 'freeze',
  title: 'No freeze window, no emergency stop',
  category: 'approvals',
  blocking: true,
  run: async ({ freeze, stop, environment }) => {
    const evidence = { windows: environment.freeze.windows.length, timezone: environment.freeze.timezone };
    if (stop != null)
      return failed(stop.said, 'When the cause is gone, a person ends it in a terminal: seatrial thaw', evidence);
    if (!freeze.frozen) return passed(`none of ${environment.freeze.windows.length} windows is open`, evidence);
    const until = freeze.untilMs === null ? 'it ends' : new Date(freeze.untilMs).toISOString();
    return failed(
      `frozen: ${freeze.reason ?? 'no reason given'}`,
      `Wait until ${until}, or have a person change freeze.windows.`,
      evidence,
    );
  },
};
