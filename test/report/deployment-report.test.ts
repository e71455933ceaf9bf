import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/model/run-record.ts';
import { renderReport, renderReportData } from '../../src/report/deployment-report.ts';
import { reportData } from '../../src/report/report-data.ts';
import { reportSchema } from '../../src/report/report-schema.ts';
import {
  abortedRun,
  allRuns,
  check,
  failedRun,
  rollbackFailedRun,
  rolledBackRun,
  runningRun,
  succeededRun,
  unverifiedRun,
  usualChecks,
} from '../fixtures/run-records.ts';

function section(report: string, heading: string): string {
  const level = heading.split(' ')[0] ?? '##';
  const from = report.indexOf(`\n${heading}\n`) + heading.length + 2;
  const rest = report.slice(from);
  const to = rest.search(new RegExp(`\n#{1,${level.length}} `));
  return to === -1 ? rest : rest.slice(0, to);
}

function measure(record: RunRecord, name: string) {
  const found = reportData(record).slo.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

describe('renderReport', () => {
  it('says how it ended, one status for each outcome', () => {
    const statuses = Object.fromEntries(
      Object.entries(allRuns()).map(([outcome, record]) => [outcome, reportData(record).title.status]),
    );
    expect(statuses).toEqual({
      succeeded: 'SUCCESS',
      unverified: 'UNVERIFIED',
      rolled_back: 'ROLLBACK',
      failed: 'FAILED',
      aborted: 'ABORTED',
      rollback_failed: 'FAILED',
    });
    expect(reportData(runningRun()).title.status).toBe('IN PROGRESS');
  });

  it('cites only events that exist, and every verdict and exposure does cite', () => {
    for (const record of Object.values(allRuns())) {
      const known = new Set(record.events.map((event) => event.seq));
      const cited = [...renderReport(record).matchAll(/\((#[\d, #…]+)\)/g)].flatMap((group) =>
        [...(group[1] ?? '').matchAll(/\d+/g)].map(Number),
      );
      expect(cited.length).toBeGreaterThan(5);
      expect(cited.filter((seq) => !known.has(seq))).toEqual([]);
      expect(reportData(record).verdict.events.length).toBeGreaterThan(0);
    }
  });

  it('is rendered from its JSON alone', () => {
    for (const record of Object.values(allRuns())) {
      const restored = reportSchema.parse(JSON.parse(JSON.stringify(reportData(record))));
      expect(renderReportData(restored)).toBe(renderReport(record));
    }
  });

  it('tells the decisive sentence, the exposure and the times of a rollback', () => {
    const report = renderReport(rolledBackRun());
    expect(report).toContain('> Canary 7.9 % [4, 14], baseline 0.3 %');
    expect(report).toContain(
      '140 requests of users went to the candidate (at most 5 % of users); 11 failed, 11 more than the baseline’s 0.11 % explains',
    );
    const rollback = section(report, '### Rollback Details');
    expect(rollback).toContain('Rollback Trigger: slo-breach (error-rate)');
    expect(rollback).toContain('Time to Detect: 3.4s');
    expect(rollback).toContain('Time to Restore: 95ms');
    expect(rollback).toContain('Rollback Success: YES');
    expect(rollback).toContain('Smoke Tests Post-Rollback: PASS');
    expect(measure(rolledBackRun(), 'Error Rate')).toMatchObject({ status: 'BREACH', target: 0.01, current: 9 / 120 });
    expect(section(report, '### Canary')).toContain('Canary 100%: not reached');
    expect(section(report, '### Canary')).toContain('SLO breaches: 1 (#');
  });

  it('never prints a zero or a pass for what was not measured', () => {
    for (const record of [failedRun(), unverifiedRun()]) {
      for (const one of reportData(record).slo) expect(one).toMatchObject({ current: null, status: 'UNVERIFIED' });
      expect(reportData(record).downtime.seconds).toBeNull();
      expect(section(renderReport(record), '### Error Rate')).toContain('- Post-Deployment: not measured');
    }
  });

  it('does not call a rollback a success that was not seen to be one', () => {
    expect(reportData(rollbackFailedRun()).rollback).toMatchObject({
      success: 'NO',
      smoke: 'UNVERIFIED',
      restoreMs: null,
    });
    expect(section(renderReport(rollbackFailedRun()), '## Issues and Resolutions')).toContain('Severity: Critical');
    const unseen = { ...rolledBackRun() };
    if (unseen.rollback !== null)
      unseen.rollback = { ...unseen.rollback, trafficRestoredAtMs: null, trafficRestoredAfterMs: null };
    expect(reportData(unseen).rollback?.success).toBe('UNVERIFIED');
    expect(section(renderReport(unseen), '## Could not verify')).toContain('No request goes to the candidate any more');
  });

  it('claims no time to restore for a candidate that never had users', () => {
    expect(reportData(failedRun()).rollback).toMatchObject({
      restoreMs: null,
      success: 'YES',
      trigger: 'execution-failure',
    });
    expect(renderReport(failedRun())).toContain('The candidate never had users.');
  });

  it('shows the last words of an instance that died', () => {
    expect(section(renderReport(failedRun()), '### Events')).toContain(
      'instance i-1 exited with code 1; its log ends: “Error: cannot find module ./cart”',
    );
  });

  it('lists what is open: skipped and unknown checks, targets, the revision', () => {
    const open = section(renderReport(unverifiedRun()), '## Could not verify');
    for (const text of [
      'Revision that serves users now',
      'Throughput target: not configured',
      'Error Rate of the candidate: not measured',
      'unknown: a typed date alone',
      'skipped: not configured',
      'Somebody was told',
      'Exposure of users',
    ]) {
      expect(open).toContain(text);
    }
    expect(section(renderReport(succeededRun()), '## Could not verify')).not.toContain(
      'Revision that serves users now',
    );
  });

  it('passes an error rate only by verdicts, and says by which', () => {
    expect(measure(succeededRun(), 'Error Rate')).toMatchObject({ status: 'PASS', target: 0.01 });
    expect(measure(abortedRun(), 'Error Rate').status).toBe('UNVERIFIED');
    expect(measure(abortedRun(), 'Error Rate').current).toBe(0);
    expect(measure(succeededRun(), 'Throughput').status).toBe('UNVERIFIED');
  });

  it('judges gates by their checks: all passed, one failed, one open', () => {
    const gates = (checks: typeof usualChecks) =>
      Object.fromEntries(reportData(succeededRun({ checks })).preflight.gates.map((gate) => [gate.name, gate.status]));
    expect(gates(usualChecks)).toEqual({
      'Security Gate': 'PASS',
      'Reliability Gate': 'UNVERIFIED',
      'Test Gate': 'PASS',
      'Approval Gate': 'PASS',
    });
    expect(
      gates([
        check('security', 'failed'),
        check('staging', 'passed'),
        check('performance', 'passed'),
        check('tests', 'passed'),
      ]),
    ).toMatchObject({ 'Security Gate': 'FAIL', 'Reliability Gate': 'PASS', 'Test Gate': 'UNVERIFIED' });
  });

  it('states the approval that was really used', () => {
    expect(reportData(succeededRun()).approvalUsed).toContain('not forgery-proof');
    expect(reportData(succeededRun({ approval: 'none' }))).toMatchObject({
      approvalUsed: 'none: nobody was asked',
      approvals: [],
    });
    expect(reportData(succeededRun({ approval: 'none' })).preflight.gates.at(-1)?.status).toBe('UNVERIFIED');
  });

  it('counts flaky smoke tests apart', () => {
    const report = renderReport(succeededRun({ smokeAttempts: 2 }));
    expect(report).toContain('**Critical Path Tests**: 2/2, 2 flaky');
    expect(report).toContain('home page on the candidate before it had users needed 2 attempts');
  });

  it('lets nothing that a target said act in a terminal or in Markdown', () => {
    const record = failedRun();
    record.reason = 'gone\u001b[2J <script>alert(1)</script>\nnext line';
    const { reason } = reportData(record).title;
    expect(reason).toBe('gone ‹script>alert(1)‹/script> next line');
  });
});
