import { describe, expect, it } from 'vitest';
import { renderPlan } from '../../src/report/plan-text.ts';
import { renderChecks } from '../../src/report/preflight-text.ts';
import { renderStatus } from '../../src/report/status-text.ts';
import {
  allRuns,
  check,
  heldRun,
  planOf,
  rolledBackRun,
  runningRun,
  startMs,
  usualChecks,
} from '../fixtures/run-records.ts';

describe('renderStatus', () => {
  it('stays within 600 tokens and names the next call', () => {
    for (const record of [...Object.values(allRuns()), runningRun(), heldRun()]) {
      const text = renderStatus(record, { nowMs: startMs + 25_000 });
      expect(Buffer.byteLength(text) / 4).toBeLessThan(600);
      expect(text).toMatch(/\nnext: .*(rollout_status|deploy_report|rollout_approve|rollback)/);
    }
  });

  it('shows step, weight, both arms with evidence, and the time left', () => {
    const text = renderStatus(runningRun(), { nowMs: startMs + 25_000 });
    expect(text).toContain('step: 4/10, watch at 5 % for 1m (at most 2h); 37.6s left');
    expect(text).toContain('weight: 5 % of users on 1.4.0');
    expect(text).toContain('canary 0 % failed of 400 requests; baseline 0.26 % failed of 7,600 requests (#32)');
    expect(text).toContain('verdict: none yet');
  });

  it('says what a person can do while it holds', () => {
    const text = renderStatus(heldRun(), { nowMs: startMs + 60_000 });
    expect(text).toContain('HELD for');
    expect(text).toContain('rollout_approve {scope: "promote"');
    expect(renderStatus(heldRun({ approval: 'none' }), { nowMs: startMs + 60_000 })).toContain(
      'rollout_control {action: "promote"',
    );
  });

  it('lists the steps in full detail', () => {
    expect(renderStatus(rolledBackRun(), { nowMs: startMs, detail: 'full' })).toContain(
      'completed back: candidate gets 0 % of users',
    );
  });

  it('prints no not-a-number and no undefined', () => {
    for (const record of Object.values(allRuns()))
      expect(renderStatus(record, { nowMs: startMs, detail: 'full' })).not.toMatch(/NaN|undefined|null/);
  });
});

describe('renderPlan', () => {
  it('shows steps, way back, limits, the dead-man line and who is asked', () => {
    const text = renderPlan(planOf(), usualChecks);
    for (const part of [
      '1. start 2 × 1.4.0',
      'Way back to 1.3.0',
      '2 pp above the baseline',
      'If something dies: the watchdog',
      'a person answers the dialog',
      'Note: the candidate runs',
      'Checks: 6 passed',
    ])
      expect(text).toContain(part);
  });

  it('warns where the way back is closed', () => {
    expect(renderPlan(planOf({ migration: 'irreversible' }))).toContain('NO automatic rollback');
  });
});

describe('renderChecks', () => {
  const results = [
    check('tests', 'passed'),
    check('disk', 'failed', { remedy: 'make room' }),
    check('dashboards', 'skipped'),
    check('alerts', 'skipped'),
    check('rehearsal', 'unknown', { remedy: 'rehearse it' }),
  ];

  it('counts, then shows what stops with its remedy, and folds what was not asked', () => {
    expect(renderChecks(results)).toBe(
      [
        'Checks: 1 passed, 1 failed, 2 skipped, 1 unknown; BLOCKED by 1',
        '✗ disk (failed, stops): disk is failed [disk]',
        '  → make room',
        '? rehearsal (unknown, does not stop): rehearsal is unknown [rehearsal]',
        '  → rehearse it',
        '- not asked (2): dashboards, alerts',
      ].join('\n'),
    );
  });

  it('shows everything in full detail, and flaky passes always', () => {
    expect(renderChecks(results, { detail: 'full' })).toContain('✓ tests: tests is passed [tests]');
    expect(renderChecks([check('home', 'passed', { attempts: 3 })])).toContain('passed only at attempt 3');
  });
});
