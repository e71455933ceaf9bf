import type { CheckResult } from '../model/check.ts';
import type { LearnedGate } from '../model/gate-decision.ts';
import { cleanExcerpt } from '../system/excerpt.ts';

/** Runs that are named as the reason for a gate. */
const runsNamed = 3;

/** Ids of the checks that must pass: those of `gates.require`, and those that people made of recurring pitfalls. Pure. */
export function requiredChecks(configured: readonly string[], learned: readonly LearnedGate[]): string[] {
  return [...new Set([...configured, ...learned.map(({ check }) => check)])];
}

/** The results with what was learned in them: such a check stops, and says in which runs it would have been wanted. Pure. */
export function requireLearned(results: readonly CheckResult[], learned: readonly LearnedGate[]): CheckResult[] {
  return results.map((result) => {
    const gates = learned.filter(({ check }) => check === result.id);
    if (gates.length === 0) return result;
    if (result.status === 'passed') return { ...result, blocking: true };
    const why = gates.map(
      ({ title, runs, by, at }) =>
        `required since “${title}” was met in runs ${runs.slice(0, runsNamed).join(', ')}; accepted by ${by} on ${at.slice(0, 10)}`,
    );
    const remedy = result.remedy ?? 'Make the check pass.';
    return {
      ...result,
      blocking: true,
      reason: cleanExcerpt(`${result.reason}; ${why.join('; ')}`, 500),
      remedy: cleanExcerpt(
        `${remedy} (Or a person lifts the gate: seatrial learnings dismiss ${gates[0]?.pitfall ?? ''})`,
        1000,
      ),
    };
  });
}
