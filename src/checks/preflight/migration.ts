import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** Warns: such a release may be wanted, but whoever approves it must know that the net is gone. */
export const migrationCheck: Check<PreflightContext> = {
  id: 'migration',
  title: 'Migration has a way back',
  category: 'data',
  blocking: false,
  run: async ({ environment: { migration } }) => {
    if (migration === 'none') return passed('no stored data is changed (migration: none)', { migration });
    if (migration === 'expand')
      return passed('the previous version works with the new data (migration: expand)', { migration });
    const why =
      migration === 'contract' ? 'the previous version no longer fits the data' : 'the data cannot be brought back';
    return failed(
      `this release cannot be rolled back automatically (migration: ${migration}): ${why}. When it does harm, the run freezes and calls for a person instead of rolling back`,
      migration === 'contract'
        ? 'Ship the contracting step by itself, after the version that needs the old data is out of use.'
        : 'Split it into expand, migrate and contract; or take a backup and write down how it is restored.',
      { migration },
    );
  },
};
