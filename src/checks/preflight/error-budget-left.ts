import type { Check } from '../../model/check.ts';
import { budgetEvidence, burnFinding } from './burn-finding.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed, skipped } from './finding.ts';

/** Warns: slow burning, or a budget that is used up, is a reason to ship more carefully. */
export const errorBudgetLeftCheck: Check<PreflightContext> = {
  id: 'error-budget-left',
  title: 'Error budget is left and not burning slowly',
  category: 'quality',
  blocking: false,
  timeoutMs: 30_000,
  run: async ({ readErrorBudget, firstDeploy }) => {
    if (firstDeploy) return skipped('nothing serves yet, so there is no past to look at');
    const budget = await readErrorBudget();
    if (!budget.asked) return skipped(budget.reason);
    const spent = budget.objectives.find(({ budgetLeft }) => budgetLeft !== null && budgetLeft <= 0);
    if (spent !== undefined) return failed(spent.budgetSentence, remedy, { objective: spent.name });
    const burn = burnFinding(budget, 'ticket', remedy);
    if (burn.status !== 'passed') return burn;
    const open = budget.objectives.find(({ budgetLeft }) => budgetLeft === null);
    return open === undefined
      ? passed(
          budget.objectives.map(({ budgetSentence }) => budgetSentence).join('; '),
          budgetEvidence(budget.objectives),
        )
      : skipped(open.budgetSentence);
  },
};

const remedy = 'Ship the risky parts later, or in smaller steps; see what uses the budget up.';
