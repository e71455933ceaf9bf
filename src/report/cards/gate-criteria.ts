import type { CheckResult } from '../../model/check.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { isBreach } from '../report-timeline.ts';
import { smokeAfterRollback } from '../rollback-facts.ts';

export const gatePhases = ['construction', 'transition', 'rollback'] as const;
export type GatePhase = (typeof gatePhases)[number];

export type Criterion = { name: string; status: 'PASS' | 'FAIL' | 'UNVERIFIED'; reason: string };

/** What each phase stands for, in the words of a release. */
export const phaseWords: Record<GatePhase, string> = {
  construction: 'before a change: may this version ship?',
  transition: 'after it: did the last run succeed by every criterion?',
  rollback: 'after a way back: are users safe again?',
};

/** The quality gates by the names that people call them; the approval of the plan itself is asked when it starts. */
export const namedGates = {
  security: ['security'],
  reliability: ['staging', 'performance'],
  test: ['tests', 'integration', 'code-review'],
  approval: ['code-review', 'review-acknowledged'],
} as const satisfies Record<string, readonly string[]>;

/** Gates of the phase before a change; each is made of questions that pre-flight asks, and passes when all of them do. */
export const constructionGates: ReadonlyArray<readonly [name: string, checkIds: readonly string[]]> = [
  ['Security Gate', namedGates.security],
  ['Reliability Gate', namedGates.reliability],
  ['Test Gate', namedGates.test],
  ['Rollback plan validated and tested', ['rollback-plan', 'rollback-rehearsed']],
  ['Production environment health check passing', ['target-healthy', 'traffic-path']],
  ['No active P0/P1 incident, no maintenance window', ['incidents', 'maintenance']],
  ['Artifacts verified (checksums, signatures)', ['version-resolves', 'artifact', 'signatures']],
];

/** The criteria before a change, by the answers of pre-flight; the plan's approval is checked when it starts. Pure. */
export function constructionCriteria(checks: readonly CheckResult[]): Criterion[] {
  return constructionGates.map(([name, ids]) => {
    const answers = ids.map((id) => ({ id, check: checks.find((check) => check.id === id) }));
    const say = (some: typeof answers): string =>
      some.map(({ id, check }) => `${check?.title ?? id}: ${check?.reason ?? 'not asked'}`).join('; ');
    const failed = answers.filter(({ check }) => check?.status === 'failed');
    const open = answers.filter(({ check }) => check?.status !== 'passed');
    if (failed.length > 0) return { name, status: 'FAIL', reason: say(failed) };
    return open.length > 0
      ? { name, status: 'UNVERIFIED', reason: say(open) }
      : { name, status: 'PASS', reason: say(answers) };
  });
}

/** The criteria of success, by the record of a run. Pure. */
export function transitionCriteria(record: RunRecord): Criterion[] {
  const { verdicts, smoke, plan } = record;
  const levels = verdicts.filter(({ metric }) => metric !== 'split');
  const breached = levels.filter(({ outcome }) => outcome === 'fail');
  const open = levels.filter(({ outcome }) => outcome !== 'pass');
  const last = smoke.at(-1)?.checks ?? [];
  const red = last.filter(({ status }) => status !== 'passed');
  const business = levels.filter(({ metric }) =>
    plan.content.judge.comparisons.some((one) => one.kind === 'events' && one.metric === metric),
  );
  return [
    criterion('SLOs met for the whole watch', {
      failed: breached.map(({ sentence }) => sentence),
      open: levels.length === 0 ? ['no verdict was made'] : open.map(({ sentence }) => sentence),
      passed: `${levels.length} verdicts passed`,
    }),
    criterion('Smoke tests passing', {
      failed: red.filter(({ status }) => status === 'failed').map(({ title }) => title),
      open: last.length === 0 ? ['none was run'] : red.map(({ title }) => title),
      passed: `${last.length} of ${last.length}`,
    }),
    { name: 'No alerts triggered', status: 'UNVERIFIED', reason: 'no alert source is asked' },
    criterion('Business metrics stable', {
      failed: business.filter(({ outcome }) => outcome === 'fail').map(({ sentence }) => sentence),
      open:
        business.length === 0
          ? ['not measured: no source is configured']
          : business.filter(({ outcome }) => outcome !== 'pass').map(({ sentence }) => sentence),
      passed: `${business.length} verdicts passed`,
    }),
    criterion('The shipped revision serves all users', {
      failed:
        record.outcome !== null && record.outcome !== 'succeeded' && record.outcome !== 'unverified'
          ? [`the run ended as ${record.outcome}`]
          : [],
      open: record.outcome === 'succeeded' ? [] : [record.verified?.reason ?? 'it was not read back'],
      passed: record.verified?.reason ?? 'read back',
    }),
    { name: 'Operations Lead signoff', status: 'UNVERIFIED', reason: 'not signed' },
  ];
}

/** The criteria of a way back, by the record of a run. Pure. */
export function rollbackCriteria(record: RunRecord): Criterion[] {
  const { rollback, outcome, verified } = record;
  const hasFailed = outcome === 'rollback_failed';
  const smoke = smokeAfterRollback(record);
  return [
    criterion('Rollback executed successfully', {
      failed: hasFailed ? [record.reason ?? 'it failed'] : [],
      open: rollback === null ? ['no way back was begun'] : rollback.completedAtMs === null ? ['it is not over'] : [],
      passed: 'every step of the way back was done',
    }),
    criterion('Old version serving traffic (100 %)', {
      failed: verified !== null && !verified.ok ? [verified.reason] : [],
      open: verified === null ? ['it was not read back'] : [],
      passed: verified?.reason ?? '',
    }),
    {
      name: 'Smoke tests passing on the rolled-back version',
      status: smoke,
      reason: smoke === 'UNVERIFIED' ? 'none was run, or not all gave an answer' : 'the last round after the rollback',
    },
    {
      name: 'Incident declared and root cause analysis initiated',
      status: 'UNVERIFIED',
      reason: `${rollback !== null && isBreach(record, rollback.trigger) ? 'the incident report is written' : 'see the incident report'}; whether people have begun is not on record`,
    },
  ];
}

function criterion(
  name: string,
  { failed, open, passed }: { failed: readonly string[]; open: readonly string[]; passed: string },
): Criterion {
  if (failed.length > 0) return { name, status: 'FAIL', reason: failed.join('; ') };
  return open.length > 0
    ? { name, status: 'UNVERIFIED', reason: open.join('; ') }
    : { name, status: 'PASS', reason: passed };
}
