import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Blocks: a freeze window is a decision of people. */
export const freezeCheck: Check<PreflightContext> = {
  id: 'freeze',
  title: 'No freeze window',
  category: 'approvals',
  blocking: true,
  run: async ({ freeze, environment }) => {
    const evidence = { windows: environment.freeze.windows.length, timezone: environment.freeze.timezone };
    if (!freeze.frozen) return passed(`none of ${environment.freeze.windows.length} windows is open`, evidence);
    const until = freeze.untilMs === null ? 'it ends' : new Date(freeze.untilMs).toISOString();
    return failed(
      `frozen: ${freeze.reason ?? 'no reason given'}`,
      `Wait until ${until}, or have a person change freeze.windows.`,
      evidence,
    );
  },
};
