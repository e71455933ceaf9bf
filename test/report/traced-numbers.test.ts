import { describe, expect, it } from 'vitest';
import { replayRun } from '../../src/journal/fold-run.ts';
import type { RunEvent } from '../../src/model/run-event.ts';
import type { RunRecord } from '../../src/model/run-record.ts';
import { renderReport } from '../../src/report/deployment-report.ts';
import { deriveHistory } from '../../src/report/history-entry.ts';
import { isIncident, renderIncident } from '../../src/report/incident-report.ts';
import { reportData } from '../../src/report/report-data.ts';
import { renderReviewDraft } from '../../src/report/review-draft.ts';
import { allRuns, heldRun, rollbackFailedRun, rolledBackRun, runningRun } from '../fixtures/run-records.ts';
import { describeTraced, traceDocument, unnoticed } from '../fixtures/traced-numbers/trace-document.ts';
import { listsOfEvents, traceJson } from '../fixtures/traced-numbers/trace-json.ts';
import { tracedRecord } from '../fixtures/traced-numbers/traced-run.ts';

const runs: Array<[string, RunRecord]> = [...Object.entries(allRuns()), ['running', runningRun()], ['held', heldRun()]];

/** A rollback that failed, and a later owner that walked the way back once more, at the second attempt of its first step. */
function walkedAgain(): RunRecord {
  const failed = rollbackFailedRun();
  const steps = failed.plan.content.wayBack;
  const begun = failed.events.find(({ type }) => type === 'rollback_started');
  const [first] = steps;
  if (begun === undefined || first === undefined) throw new Error('a way back has steps');
  const error = { code: 'TARGET_UNREACHABLE', message: 'the host does not answer', remedy: 'Look at it.' };
  const stepId = first.id;
  const more: RunEvent[] = [
    { type: 'owner_acquired', data: { generation: 2, pid: 7, resumed: true } },
    begun,
    { type: 'step_started', data: { step: first, attempt: 1, phase: 'back' } },
    { type: 'step_failed', data: { stepId, phase: 'back', error } },
    { type: 'step_started', data: { step: first, attempt: 2, phase: 'back' } },
    { type: 'step_completed', data: { stepId, phase: 'back', evidence: { weightPercent: 0 } } },
    { type: 'traffic_restored', data: { afterMs: 61_300, reads: 10 } },
    { type: 'run_ended', data: { outcome: 'rolled_back', reason: 'users are on 1.3.0', error: null } },
  ];
  const last = failed.events.at(-1) ?? begun;
  const events = more.map((event, index) => ({
    ...event,
    seq: last.seq + 1 + index,
    atMs: last.atMs + 1700 * (index + 1),
    gen: 2,
  }));
  return replayRun([...failed.events, ...events], null, failed.runId);
}

const walkOf = (record: RunRecord) => {
  const data = reportData(record);
  return { run: tracedRecord(record), lists: listsOfEvents(data), unverified: data.couldNotVerify.length };
};

describe('every number', () => {
  it.each(runs)('of the report is traced to events: %s', (_name, record) => {
    expect(describeTraced(traceDocument(renderReport(record), walkOf(record)))).toEqual([]);
  });

  it.each(runs)('of its JSON is traced to events: %s', (_name, record) => {
    expect(traceJson(reportData(record), tracedRecord(record))).toEqual([]);
  });

  it.each(runs.filter(([, record]) => isIncident(record)))('of the incident report is: %s', (_name, record) => {
    expect(describeTraced(traceDocument(renderIncident(record), walkOf(record)))).toEqual([]);
  });

  it.each(runs.filter(([, { outcome }]) => outcome !== null))('of the review draft is: %s', (_name, record) => {
    const draft = renderReviewDraft(record, deriveHistory(record, { commitAt: null }), []);
    expect(describeTraced(traceDocument(draft, walkOf(record)))).toEqual([]);
  });

  it.each(runs.filter(([, record]) => isIncident(record)))('is missed when it is altered: %s', (_name, record) => {
    for (const document of [renderReport(record), renderIncident(record)])
      expect(unnoticed(document, walkOf(record))).toEqual([]);
  });

  it('is traced where a way back that failed was walked again', () => {
    const record = walkedAgain();
    expect(record.outcome).toBe('rolled_back');
    expect(describeTraced(traceDocument(renderReport(record), walkOf(record)))).toEqual([]);
    expect(describeTraced(traceDocument(renderIncident(record), walkOf(record)))).toEqual([]);
    expect(traceJson(reportData(record), tracedRecord(record))).toEqual([]);
  });

  it('is looked for in events, and not in the report', () => {
    const record = rolledBackRun();
    const data = reportData(record);
    expect(traceJson({ ...data, downtime: { ...data.downtime, seconds: 7 } }, tracedRecord(record))).toEqual([
      'downtime.seconds: 7: its events give 0',
    ]);
  });
});
