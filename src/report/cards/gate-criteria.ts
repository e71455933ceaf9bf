import type { CheckResult } from '../../model/check.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { assessGate, type GateAnswer, namedGates } from '../gate-answer.ts';
import { type EventOf, eventsOf, lastSeq } from '../record-events.ts';
import { isBreach } from '../report-timeline.ts';
import { smokeAfterRollback } from '../rollback-facts.ts';

export const gatePhases = ['construction', 'transition', 'rollback'] as const;
export type GatePhase = (typeof gatePhases)[number];

export type Criterion = GateAnswer & {
  /** By which it can be asked alone. */
  id: string;
  name: string;
  /** Events of the run that say so. */
  events: number[];
};

/** What each phase stands for, in the words of a release. */
export const phaseWords: Record<GatePhase, string> = {
  construction: 'before a change: may this version ship?',
  transition: 'after it: did the last run succeed by every criterion?',
  rollback: 'after a way back: are users safe again?',
};

/** Gates of the phase before a change; each is made of questions that pre-flight asks, and passes when all of them do. */
export const constructionGates: ReadonlyArray<readonly [name: string, checkIds: readonly string[]]> = [
  ['Security Gate', namedGates.security],
  ['Reliability Gate', namedGates.reliability],
  ['Test Gate', namedGates.test],
  ['Change reviewed and approved', ['code-review']],
  ['Rollback plan validated and tested', ['rollback-plan', 'rollback-rehearsed']],
  ['Production environment health check passing', ['target-healthy', 'traffic-path']],
  ['No active P0/P1 incident, no maintenance window', ['incidents', 'maintenance']],
  ['Artifacts verified (checksums, signatures)', ['version-resolves', 'artifact', 'signatures']],
];

/** The criteria before a change, by the answers of pre-flight; the plan's approval is checked when it starts. Pure. */
export function constructionCriteria(checks: readonly CheckResult[]): Array<GateAnswer & { name: string }> {
  return constructionGates.map(([name, ids]) => ({ name, ...assessGate(ids, checks) }));
}

/** The criteria of success, by the record of a run. Pure. */
export function transitionCriteria(record: RunRecord): Criterion[] {
  const { outcome, verified } = record;
  const levels = lastVerdicts(record).filter(({ data }) => data.verdict.metric !== 'split');
  const business = levels.filter(({ data }) => isBusiness(record, data.verdict.metric));
  const smoke = record.smoke.at(-1);
  const red = (smoke?.checks ?? []).filter(({ status }) => status !== 'passed');
  const count = smoke?.checks.length ?? 0;
  const isBad = outcome !== null && outcome !== 'succeeded' && outcome !== 'unverified';
  return [
    { id: 'slos-met', name: 'SLOs met for the whole watch', ...byVerdicts(levels, 'no verdict was made') },
    criterion('smoke-passing', 'Smoke tests passing', {
      failed: red.filter(({ status }) => status === 'failed').map(({ title }) => title),
      open: count === 0 ? ['none was run'] : red.map(({ title }) => title),
      passed: `${count} of ${count}`,
      events: smoke === undefined ? [] : [smoke.seq],
    }),
    criterion('no-alerts', 'No alerts triggered', { open: ['no alert source is asked'] }),
    {
      id: 'business-stable',
      name: 'Business metrics stable',
      ...byVerdicts(business, 'not measured: no source is configured'),
    },
    criterion('revision-serves', 'The shipped revision serves all users', {
      failed: isBad ? [`the run ended as ${outcome}`] : [],
      open: outcome === 'succeeded' ? [] : [verified?.reason ?? 'it was not read back'],
      passed: verified?.reason ?? 'read back',
      events: isBad ? lastSeq(record, 'run_ended') : verified === null ? [] : [verified.seq],
    }),
    criterion('signoff', 'Operations Lead signoff', { open: ['not signed'] }),
  ];
}

/** The last verdict on each metric, in the order in which they were made. */
function lastVerdicts(record: RunRecord): Array<EventOf<'verdict'>> {
  const last = new Map(eventsOf(record, 'verdict').map((event) => [event.data.verdict.metric, event]));
  return [...last.values()].sort((one, other) => one.seq - other.seq);
}

function isBusiness({ plan }: RunRecord, metric: string): boolean {
  return plan.content.judge.comparisons.some((one) => one.kind === 'events' && one.metric === metric);
}

/** What the last verdict on each metric said; those that decide are named with their events. */
function byVerdicts(verdicts: ReadonlyArray<EventOf<'verdict'>>, none: string): GateAnswer & { events: number[] } {
  const say = (some: typeof verdicts): Pick<Criterion, 'reason' | 'events'> => ({
    reason: some.map(({ data }) => data.verdict.sentence).join('; '),
    events: some.map(({ seq }) => seq),
  });
  const failed = verdicts.filter(({ data }) => data.verdict.outcome === 'fail');
  const open = verdicts.filter(({ data }) => data.verdict.outcome !== 'pass');
  if (failed.length > 0) return { status: 'FAIL', ...say(failed) };
  if (verdicts.length === 0) return { status: 'UNVERIFIED', reason: none, events: [] };
  if (open.length > 0) return { status: 'UNVERIFIED', ...say(open) };
  return { status: 'PASS', ...say(verdicts), reason: `${verdicts.length} verdicts passed` };
}

/** The criteria of a way back, by the record of a run. Pure. */
export function rollbackCriteria(record: RunRecord): Criterion[] {
  const { rollback, outcome, verified } = record;
  const ended = outcome === null ? [] : lastSeq(record, 'run_ended');
  const smoke = smokeAfterRollback(record);
  const round = record.smoke.findLast(({ on }) => on === 'rollback');
  const isWritten = rollback !== null && isBreach(record, rollback.trigger);
  return [
    criterion('rollback-done', 'Rollback executed successfully', {
      failed: outcome === 'rollback_failed' ? [record.reason ?? 'it failed'] : [],
      open: rollback === null ? ['no way back was begun'] : rollback.completedAtMs === null ? ['it is not over'] : [],
      passed: 'every step of the way back was done',
      events: [...lastSeq(record, 'rollback_started'), ...ended],
    }),
    criterion('old-version-serves', 'Old version serving traffic (100 %)', {
      failed: verified !== null && !verified.ok ? [verified.reason] : [],
      open: verified === null ? ['it was not read back'] : [],
      passed: verified?.reason ?? '',
      events: verified === null ? [] : [verified.seq],
    }),
    {
      id: 'rollback-smoke',
      name: 'Smoke tests passing on the rolled-back version',
      status: smoke,
      reason: smoke === 'UNVERIFIED' ? 'none was run, or not all gave an answer' : 'the last round after the rollback',
      events: round === undefined ? [] : [round.seq],
    },
    criterion('incident-declared', 'Incident declared and root cause analysis initiated', {
      open: [
        `${isWritten ? 'the incident report is written' : 'see the incident report'}; whether people have begun is not on record`,
      ],
      events: rollback === null ? [] : lastSeq(record, 'rollback_started'),
    }),
  ];
}

type Findings = { failed?: readonly string[]; open?: readonly string[]; passed?: string; events?: number[] };

function criterion(id: string, name: string, findings: Findings): Criterion {
  const { failed = [], open = [], passed = '', events = [] } = findings;
  if (failed.length > 0) return { id, name, status: 'FAIL', reason: failed.join('; '), events };
  return open.length > 0
    ? { id, name, status: 'UNVERIFIED', reason: open.join('; '), events }
    : { id, name, status: 'PASS', reason: passed, events };
}
