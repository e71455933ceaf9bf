import type { CheckResult } from '../model/check.ts';
import type { RunRecord } from '../model/run-record.ts';

/** Pre-flight questions that report and learnings look for, by their ids. */
export const knownChecks = [
  'rollback-plan',
  'rollback-rehearsed',
  'friday',
  'artifact',
  'signatures',
  'target-healthy',
  'tests',
  'integration',
  'security',
  'performance',
  'staging',
  'error-budget-left',
] as const;
export type KnownCheck = (typeof knownChecks)[number];

/** The pre-flight answer to a known question; null when the record has none. Pure. */
export function findCheck(record: Pick<RunRecord, 'preflight'>, id: KnownCheck): CheckResult | null {
  return record.preflight?.checks.find((check) => check.id === id) ?? null;
}
