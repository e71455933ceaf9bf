import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/model/run-record.ts';
import { renderReport } from '../../src/report/deployment-report.ts';
import { deriveHistory } from '../../src/report/history-entry.ts';
import { isIncident, renderIncident } from '../../src/report/incident-report.ts';
import { reportData } from '../../src/report/report-data.ts';
import { renderReviewDraft } from '../../src/report/review-draft.ts';
import { allRuns, heldRun, rolledBackRun, runningRun } from '../fixtures/run-records.ts';
import { describeTraced, traceDocument } from '../fixtures/traced-numbers/trace-document.ts';
import { listsOfEvents, traceJson } from '../fixtures/traced-numbers/trace-json.ts';
import { tracedRecord } from '../fixtures/traced-numbers/traced-run.ts';

const runs: Array<[string, RunRecord]> = [...Object.entries(allRuns()), ['running', runningRun()], ['held', heldRun()]];

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

  it('is looked for in events, and not in the report', () => {
    const record = rolledBackRun();
    const data = reportData(record);
    expect(traceJson({ ...data, downtime: { ...data.downtime, seconds: 7 } }, tracedRecord(record))).toEqual([
      'downtime.seconds: 7: its events give 0',
    ]);
  });
});
