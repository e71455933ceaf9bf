import { describe, expect, it } from 'vitest';
import { replayRun } from '../../src/journal/fold-run.ts';
import type { RecordedEvent } from '../../src/model/run-event.ts';
import { isIncident, renderIncident, rootCauseHeading, severityOf } from '../../src/report/incident-report.ts';
import { reportData } from '../../src/report/report-data.ts';
import { allRuns, rollbackFailedRun, rolledBackRun, succeededRun } from '../fixtures/run-records.ts';

const headings = (text: string): string[] => text.split('\n').filter((line) => /^#{1,2} /.test(line));

describe('the incident report', () => {
  it('is due when users met a release that had to be taken back, and only then', () => {
    const due = Object.entries(allRuns()).filter(([, record]) => isIncident(record));
    expect(due.map(([outcome]) => outcome).sort()).toEqual(['rollback_failed', 'rolled_back']);
  });

  it('has every part, and an empty root cause to be filled in', () => {
    const text = renderIncident(rolledBackRun());
    expect(headings(text)).toEqual([
      '# Incident Report',
      '## Summary',
      '## Impact',
      '## Detection',
      '## Timeline',
      '## Response',
      '## Log Excerpts',
      '## Could Not Verify',
      '## References',
      rootCauseHeading,
      '## Corrective Actions',
    ]);
    expect(text).toMatch(/\*\*Status\*\*: RESTORED/);
    expect(text).toMatch(/Time to Detect: .*after the first failed request/);
    expect(text).toMatch(/Time to Restore: .*from the decision until no request went to the candidate/);
    expect(text.indexOf(rootCauseHeading)).toBe(text.lastIndexOf(rootCauseHeading));
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('cites events of the run, and no others', () => {
    for (const record of [rolledBackRun(), rollbackFailedRun()]) {
      const cited = [...renderIncident(record).matchAll(/#(\d+)/g)].map((match) => Number(match[1]));
      expect(cited.length).toBeGreaterThan(5);
      const known = new Set(record.events.map(({ seq }) => seq));
      expect(cited.filter((seq) => !known.has(seq))).toEqual([]);
    }
  });

  it('calls a rollback that failed P0, and says what to do by hand before anything else', () => {
    const text = renderIncident(rollbackFailedRun());
    expect(text).toMatch(/\*\*Severity\*\*: P0 /);
    expect(text).toMatch(/\*\*Status\*\*: OPEN: act now/);
    expect(headings(text)[1]).toBe('## Act Now (P0)');
    for (const words of ['CRITICAL: ', 'Declare a P0 incident', 'incident response team', 'by hand', 'stakeholders'])
      expect(text).toContain(words);
  });

  it('is as severe as what users met', () => {
    const data = reportData(rolledBackRun());
    const severityWith = (failedByRelease: number | null): string =>
      severityOf({ ...data, exposure: { ...data.exposure, failedByRelease } }).name;
    expect([severityWith(12), severityWith(null), severityWith(0)]).toEqual(['P1', 'P1', 'P2']);
    expect(severityOf(reportData(succeededRun())).name).not.toBe('P0');
  });

  it('quotes the log of an instance as somebody’s words that begin no heading and no link', () => {
    const record = rolledBackRun();
    const exit: RecordedEvent = {
      type: 'instance',
      data: {
        revisionId: record.plan.content.revision.id,
        instanceId: 'c-1',
        what: 'exited',
        atMs: record.startedAtMs + 1000,
        code: 1,
        signal: null,
        excerpt: 'boom\n## Root Cause\n[click](http://example.invalid) <script>alert(1)</script> \u202e',
      },
      seq: 0,
      atMs: record.startedAtMs + 1000,
      gen: 1,
    };
    const at = record.events.findIndex(({ type }) => type === 'rollback_started');
    const events = [...record.events.slice(0, at), exit, ...record.events.slice(at)];
    const text = renderIncident(
      replayRun(
        events.map((event, seq) => ({ ...event, seq })),
        null,
        record.runId,
      ),
    );
    expect(text).toContain('boom');
    expect(headings(text).filter((line) => line === rootCauseHeading)).toHaveLength(1);
    expect(text).not.toContain('<script>');
    expect(text).not.toContain('\u202e');
  });
});
