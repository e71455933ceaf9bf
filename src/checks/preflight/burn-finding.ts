import type { CheckFinding } from '../../model/check.ts';
import type { ErrorBudget, ObjectiveBudget } from './context.ts';
import { failed, passed, skipped, unknown } from './finding.ts';

/** Whether any objective burns at rates of this severity; `what` is what to do then. Unknown is never a pass. Pure. */
export function burnFinding(budget: ErrorBudget, severity: 'page' | 'ticket', what: string): CheckFinding {
  if (!budget.asked) return skipped(budget.reason);
  const burning = budget.objectives.find((one) => one[severity].state === 'burning');
  if (burning !== undefined) return failed(burning[severity].sentence, what, { objective: burning.name });
  const open = budget.objectives.find((one) => one[severity].state === 'unknown');
  if (open === undefined)
    return passed(budget.objectives.map((one) => one[severity].sentence).join('; '), budgetEvidence(budget.objectives));
  // A source that could not be asked may hide a fire; a past that was never recorded hides nothing that anybody could know.
  return open.sourceError === null
    ? skipped(open[severity].sentence)
    : unknown(
        `${open[severity].sentence}: ${open.sourceError}`,
        'Check environments.*.metrics and that its source answers.',
      );
}

/** Shares that are left, by objective. */
export function budgetEvidence(objectives: readonly ObjectiveBudget[]): Record<string, number> {
  return Object.fromEntries(
    objectives.flatMap(({ name, budgetLeft }) => (budgetLeft === null ? [] : [[`${name}BudgetLeft`, budgetLeft]])),
  );
}
