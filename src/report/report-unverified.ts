import type { RunRecord } from '../model/run-record.ts';
import type { Verdict } from '../model/verdict.ts';
import { trim } from './format.ts';
import { findCheck } from './known-checks.ts';
import { firstSeq, lastSeq, maxWeightEvents, stepEvents, verdictSeq } from './record-events.ts';
import type { Measure, ReportData } from './report-schema.ts';
import { openCounts } from './report-unmeasured.ts';

type Open = ReportData['couldNotVerify'][number];

/** Everything that a reader might take for granted and that this run did not prove. Pure. */
export function listUnverified(record: RunRecord, measures: readonly Measure[]): Open[] {
  return [
    ...openRevision(record),
    ...openCounts(record),
    ...openMeasures(measures),
    ...openVerdicts(record),
    ...openChecks(record),
    ...openSmoke(record),
    ...openSteps(record),
    ...openSignals(record),
  ];
}

function openRevision(record: RunRecord): Open[] {
  const { verified, damage, newer } = record;
  return [
    ...(newer === null
      ? []
      : [
          {
            what: 'Parts of the record',
            why: `a newer seatrial wrote them (format ${newer}), and this version may not understand all of them`,
            events: [],
          },
        ]),
    ...(damage === null
      ? []
      : [
          {
            what: 'Record of the run',
            why: `the journal is damaged at line ${damage.line}: ${damage.reason}`,
            events: [],
          },
        ]),
    ...(verified === null
      ? [{ what: 'Revision that serves users now', why: 'it was not read back through the traffic path', events: [] }]
      : []),
    ...(verified !== null && !verified.ok
      ? [{ what: 'Revision that serves users now', why: verified.reason, events: [verified.seq] }]
      : []),
    ...(record.rollback !== null && record.maxWeightPercent > 0 && record.rollback.trafficRestoredAtMs === null
      ? [
          {
            what: 'No request goes to the candidate any more',
            why: 'the traffic path was not seen free of it',
            events: firstSeq(record, 'rollback_started'),
          },
        ]
      : []),
  ];
}

function openMeasures(measures: readonly Measure[]): Open[] {
  return measures.flatMap((measure) => {
    const open: Open[] = [];
    if (measure.current === null)
      open.push({ what: `${measure.name} of the candidate`, why: 'not measured', events: [] });
    else if (measure.status === 'UNVERIFIED' && measure.name !== 'Throughput')
      open.push({ what: measure.name, why: measure.note, events: measure.events });
    if (measure.target === null)
      open.push({
        what: `${measure.name} target`,
        why:
          measure.name === 'Throughput' && measure.status === 'UNVERIFIED'
            ? 'not configured; a drop was not tested'
            : 'not configured',
        events: [],
      });
    if (measure.baseline === null && measure.current !== null)
      open.push({ what: `${measure.name} of the baseline`, why: 'not measured', events: [] });
    return open;
  });
}

/** Steps that were passed without proof, and comparisons whose limit was neither kept nor broken for certain. */
function openVerdicts(record: RunRecord): Open[] {
  const names = record.plan.content.judge.comparisons.map(({ metric }) => metric);
  return [
    ...record.decisions
      .filter(({ decision }) => decision.action === 'advance' && decision.trigger === 'unproven')
      .map(({ seq, stepId, decision }) => ({ what: `Step ${stepId ?? ''}`, why: decision.reason, events: [seq] })),
    ...record.verdicts
      .filter(({ metric, outcome }) => names.includes(metric) && outcome === 'inconclusive')
      .map(({ metric, sentence }) => ({
        what: `Limit of ${metric}`,
        why: sentence,
        events: verdictSeq(record, metric),
      })),
    ...record.verdicts
      .filter((verdict) => isUnseenSplit(verdict) && hadBothArms(record))
      .map(() => ({
        what: 'Users are split as it was asked',
        why: 'not measured: the metrics source does not see who is assigned where',
        events: [],
      })),
  ];
}

/** The source told of nobody who was assigned to either revision. */
export function isUnseenSplit({ metric, canary }: Verdict): boolean {
  return metric === 'split' && canary.requests === 0;
}

function hadBothArms({ steps }: RunRecord): boolean {
  return steps.some(
    ({ step, startedAtMs }) => step.kind === 'bake' && step.weightPercent < 100 && startedAtMs !== null,
  );
}

function openChecks(record: RunRecord): Open[] {
  const checks = record.preflight?.checks;
  if (checks === undefined) return [{ what: 'Pre-deployment validation', why: 'no answer is on record', events: [] }];
  const events = firstSeq(record, 'preflight_completed');
  const open = checks.filter((check) => check.status === 'skipped' || check.status === 'unknown');
  const artifact =
    record.plan.content.revision.artifact === null && findCheck(record, 'artifact') === null
      ? [{ what: 'Artifact checksum', why: 'no artifact is configured', events: [] }]
      : [];
  return [
    ...open.map((check) => ({ what: check.title, why: `${check.status}: ${check.reason}`, events })),
    ...artifact,
  ];
}

function openSmoke(record: RunRecord): Open[] {
  const open = record.smoke.flatMap((round) =>
    round.checks
      .filter((check) => check.status === 'skipped' || check.status === 'unknown')
      .map((check) => ({
        what: `Smoke test ${check.title}`,
        why: `${check.status}: ${check.reason}`,
        events: [round.seq],
      })),
  );
  const empty = record.smoke.every((round) => round.checks.length === 0);
  const back = record.rollback !== null && !record.smoke.some((round) => round.on === 'rollback');
  return [
    ...open,
    ...(empty ? [{ what: 'Smoke tests', why: 'none was run', events: record.smoke.map((round) => round.seq) }] : []),
    ...(back
      ? [{ what: 'Smoke tests after the rollback', why: 'none was run', events: firstSeq(record, 'rollback_started') }]
      : []),
  ];
}

/** Steps that were begun and not finished, but for a bake that a decision broke off; steps never reached are in the section of the strategy. */
function openSteps(record: RunRecord): Open[] {
  const broken = record.rollback !== null || record.outcome === null;
  return record.steps
    .filter((progress) => progress.state === 'running' && !(broken && progress.step.kind === 'bake'))
    .map((progress) => ({
      what: `Step ${progress.step.id}`,
      why: 'begun, and no end is on record',
      events: stepEvents(record, progress),
    }));
}

function openSignals(record: RunRecord): Open[] {
  const { exposure, maxWeightPercent } = record;
  return [
    ...(exposure === null
      ? [
          {
            what: 'Exposure of users',
            why: `not measured; the candidate had at most ${trim(maxWeightPercent, 2)} % of users`,
            events: maxWeightEvents(record),
          },
        ]
      : []),
    ...(record.plan.content.judge.stratum === 'probe'
      ? [{ what: 'Effect on users', why: 'only synthetic requests were judged', events: [] }]
      : []),
    ...(record.plan.content.judge.comparisons.some(({ kind }) => kind === 'events')
      ? []
      : [
          {
            what: 'Business metrics (conversion rate, user activity)',
            why: 'not measured: no source is configured',
            events: [],
          },
        ]),
    { what: 'CPU, memory, network and infrastructure alarms', why: 'not measured', events: [] },
    ...(record.notified.some((notice) => notice.ok)
      ? []
      : [
          {
            what: 'Somebody was told',
            why: record.notified.length === 0 ? 'nobody is configured in notify' : 'no notification got through',
            events: lastSeq(record, 'notified'),
          },
        ]),
  ];
}
