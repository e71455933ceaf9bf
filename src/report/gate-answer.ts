import type { CheckResult } from '../model/check.ts';

/** What is known of a gate: all of its questions passed, one failed, or something is open. */
export type GateAnswer = { status: 'PASS' | 'FAIL' | 'UNVERIFIED'; reason: string };

/** The quality gates by the names that people call them, and the questions of pre-flight that each is made of. */
export const namedGates = {
  security: ['security'],
  reliability: ['staging', 'performance'],
  test: ['tests', 'integration'],
  approval: ['code-review', 'review-acknowledged'],
} as const satisfies Record<string, readonly string[]>;

/** A gate by the answers to its questions. Pure. */
export function assessGate(ids: readonly string[], checks: readonly CheckResult[]): GateAnswer {
  const answers = ids.map((id) => ({ id, check: checks.find((check) => check.id === id) }));
  const say = (some: typeof answers): string =>
    some.map(({ id, check }) => `${check?.title ?? id}: ${check?.reason ?? 'not asked'}`).join('; ');
  const failed = answers.filter(({ check }) => check?.status === 'failed');
  const open = answers.filter(({ check }) => check?.status !== 'passed');
  if (failed.length > 0) return { status: 'FAIL', reason: say(failed) };
  return open.length > 0 ? { status: 'UNVERIFIED', reason: say(open) } : { status: 'PASS', reason: say(answers) };
}
