import type { CheckResult } from '../model/check.ts';
import type { RunRecord } from '../model/run-record.ts';
import { formatTime } from './format.ts';
import type { ReportData } from './report-schema.ts';

const categories: ReadonlyArray<readonly [string, string]> = [
  ['critical-path', 'Critical Path Tests'],
  ['api', 'API Endpoint Tests'],
  ['database', 'Database Tests'],
  ['external', 'External Integration Tests'],
  ['monitoring', 'Monitoring Tests'],
];

const places = {
  candidate: 'the candidate before it had users',
  environment: 'the environment',
  rollback: 'the environment after the rollback',
} as const;

/** Every round of smoke tests, counted by category; what needed a second attempt is flaky, not clean. Pure. */
export function buildSmoke(record: RunRecord): ReportData['smoke'] {
  const answers = record.smoke.flatMap((round) => round.checks.map((check) => ({ round, check })));
  return {
    categories: categories.map(([id, name]) =>
      countCategory(
        name,
        answers.filter(({ check }) => check.category === id),
      ),
    ),
    failures: answers
      .filter(({ check }) => check.status === 'failed' || check.status === 'unknown')
      .map(({ round, check }) => ({
        text: `${check.title} on ${places[round.on]}: ${check.reason}`,
        events: [round.seq],
      })),
    flaky: answers
      .filter(({ check }) => check.status === 'passed' && check.attempts > 1)
      .map(({ round, check }) => ({
        text: `${check.title} on ${places[round.on]} needed ${check.attempts} attempts`,
        events: [round.seq],
      })),
    rounds: record.smoke.map((round) => ({
      text: `${places[round.on]} at ${formatTime(round.atMs)}: ${countPassed(round.checks)} of ${round.checks.length} passed`,
      events: [round.seq],
    })),
    events: record.smoke.map((round) => round.seq),
  };
}

type Answer = { round: RunRecord['smoke'][number]; check: CheckResult };

function countCategory(name: string, answers: readonly Answer[]): ReportData['smoke']['categories'][number] {
  const checks = answers.map(({ check }) => check);
  return {
    name,
    passed: countPassed(checks),
    total: checks.length,
    flaky: checks.filter((check) => check.status === 'passed' && check.attempts > 1).length,
    events: [...new Set(answers.map(({ round }) => round.seq))],
  };
}

function countPassed(checks: readonly CheckResult[]): number {
  return checks.filter((check) => check.status === 'passed').length;
}
