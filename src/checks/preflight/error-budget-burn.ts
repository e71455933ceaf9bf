import type { Check } from '../../model/check.ts';
import { burnFinding } from './burn-finding.ts';
import type { PreflightContext } from './context.ts';
import { skipped } from './finding.ts';

/** Blocks: a service that is burning its error budget at a rate that pages somebody has other worries than a release. */
export const errorBudgetBurnCheck: Check<PreflightContext> = {
  id: 'error-budget-burn',
  title: 'Error budget is not burning at a rate that pages',
  category: 'quality',
  blocking: true,
  timeoutMs: 30_000,
  run: async ({ readErrorBudget, firstDeploy }) =>
    firstDeploy
      ? skipped('nothing serves yet, so there is no past to look at')
      : burnFinding(await readErrorBudget(), 'page', 'Find out what is wrong with what serves now, and mend it first.'),
};
