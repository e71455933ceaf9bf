import type { RunRecord } from '../../model/run-record.ts';
import { plainLine, plural } from '../format.ts';
import { eventsOf, lastSeq, verdictSeq } from '../record-events.ts';

export type Criterion = {
  name: string;
  status: 'met' | 'not met' | 'not verified';
  evidence: string;
  /** Events of the run that say so. */
  events: number[];
};

/** What became of the workflow state file. */
export type StateResult = { path: string | null; complete: boolean; reason: string };

/** The six criteria by which a story is complete, each with its evidence. What was not measured is never met. Pure. */
export function completionCriteria(record: RunRecord, state: StateResult): Criterion[] {
  return [
    deployed(record),
    verified(record),
    withoutErrors(record),
    performing(record),
    told(record),
    {
      name: 'Workflow state marked complete',
      status: state.complete ? 'met' : 'not met',
      evidence: state.complete ? (state.path ?? state.reason) : state.reason,
      events: [],
    },
  ];
}

function deployed(record: RunRecord): Criterion {
  return {
    name: 'Deployment successful',
    status: record.outcome === 'succeeded' ? 'met' : 'not met',
    evidence: `${record.outcome ?? 'the run is not over'}: ${plainLine(record.reason ?? '')}`,
    events: lastSeq(record, 'run_ended'),
  };
}

function verified(record: RunRecord): Criterion {
  const name = 'Feature verified in production';
  const smoke = record.smoke.findLast((round) => round.on === 'environment');
  const events = [...(smoke === undefined ? [] : [smoke.seq]), ...lastSeq(record, 'revision_verified')];
  const checks = smoke?.checks ?? [];
  const [passed, failed] = ['passed', 'failed'].map((status) => checks.filter((one) => one.status === status).length);
  if (record.verified?.ok === false || failed !== 0) {
    const reason = failed !== 0 ? `${failed} of ${checks.length} smoke tests failed` : (record.verified?.reason ?? '');
    return { name, status: 'not met', evidence: plainLine(reason), events };
  }
  if (record.verified === null || passed === 0 || passed !== checks.length) {
    const open = checks.find((one) => one.status !== 'passed')?.reason ?? 'no smoke test ran in production';
    const reason = passed === 0 || passed !== checks.length ? open : 'the revision that serves was not read back';
    return { name, status: 'not verified', evidence: plainLine(reason), events };
  }
  const evidence = `${passed} of ${checks.length} smoke tests passed in production; ${plainLine(record.verified.reason)}`;
  return { name, status: 'met', evidence, events };
}

function withoutErrors(record: RunRecord): Criterion {
  const name = 'No new errors observed';
  const verdict = record.verdicts.find((one) => one.metric === 'errorRate');
  const candidate = record.plan.content.revision.id;
  const ends = record.instances.filter(
    (event) => event.revisionId === candidate && ['exited', 'oom', 'gave_up'].includes(event.what),
  );
  if (ends.length > 0) {
    const evidence = `${plural(ends.length, 'instance')} of it ended by itself`;
    return { name, status: 'not met', evidence, events: ends.map((event) => event.seq) };
  }
  if (verdict === undefined || verdict.outcome === 'inconclusive') {
    const evidence = verdict === undefined ? 'no verdict was made on the error rate' : plainLine(verdict.sentence);
    return { name, status: 'not verified', evidence, events: verdictSeq(record, 'errorRate') };
  }
  const status = verdict.outcome === 'pass' ? 'met' : 'not met';
  return { name, status, evidence: plainLine(verdict.sentence), events: verdictSeq(record, 'errorRate') };
}

function performing(record: RunRecord): Criterion {
  const name = 'Performance acceptable';
  const verdicts = record.verdicts.filter(({ metric }) => /^(slo:)?latency|^throughput$/i.test(metric));
  const events = verdicts.flatMap(({ metric }) => verdictSeq(record, metric));
  const evidence = verdicts.map(({ metric, sentence }) => `${metric}: ${plainLine(sentence)}`).join('; ');
  if (verdicts.some(({ outcome }) => outcome === 'fail')) return { name, status: 'not met', evidence, events };
  if (verdicts.some(({ outcome }) => outcome === 'pass')) return { name, status: 'met', evidence, events };
  const none = 'no verdict was made on latency or throughput';
  return { name, status: 'not verified', evidence: evidence || none, events };
}

function told(record: RunRecord): Criterion {
  const name = 'Stakeholders notified';
  const heard = eventsOf(record, 'notified').filter((event) => event.data.ok);
  const last = heard.findLast((event) => event.data.about === 'success') ?? heard.at(-1);
  if (last === undefined)
    return { name, status: 'not met', evidence: 'no notification got through', events: lastSeq(record, 'notified') };
  return { name, status: 'met', evidence: `${last.data.about}, by ${last.data.channel}`, events: [last.seq] };
}
