import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import type { CardInput } from '../../src/report/cards/card-input.ts';
import { renderDeploymentPlanCard } from '../../src/report/cards/deployment-plan-card.ts';
import { renderGateCriteriaCard } from '../../src/report/cards/gate-criteria-card.ts';
import { renderPreDeploymentChecklist } from '../../src/report/cards/pre-deployment-checklist.ts';
import { renderRollbackPlanCard } from '../../src/report/cards/rollback-plan-card.ts';
import { renderSloCard } from '../../src/report/cards/slo-card.ts';
import { renderSmokeChecklist } from '../../src/report/cards/smoke-checklist.ts';
import { renderUseCaseTestCard } from '../../src/report/cards/use-case-test-card.ts';
import { planOf, rolledBackRun, succeededRun, usualChecks } from '../fixtures/run-records.ts';

const config = (more: string): string => `version: 1
service: shop
environments:
  production:
    url: http://127.0.0.1:8080
    target: { kind: process, command: [node, server.js] }
${more}`;

function specOf(more: string): CardInput['spec'] {
  const spec = parseConfig(config(more)).config.environments['production'];
  if (spec === undefined) throw new Error('the fixture has no production');
  return spec;
}

const full = specOf(`    approval: { how: client-dialog, approvers: { releaseManager: ada, securityGatekeeper: grace } }
    notify: [{ webhook: https://hooks.example.org/T0/secret-path }, { file: told.jsonl }]
    freeze: { timezone: UTC, windows: [{ days: [fri], from: "15:00", to: "08:00", reason: weekend }] }
    slos: { errorRate: { target: 0.1% }, latencyP99: { target: 500ms } }
    triggers: { errorRate: { above: 2pp } }
    rollback: { document: docs/rollback.md }
    migration: expand
    smoke:
      - { name: pay, category: critical-path, request: { method: POST, path: /pay }, expect: { status: 201, json: { ok: true } } }
      - { name: reads, category: database, command: [./db-check] }
`);
const input: CardInput = {
  project: 'shop',
  environment: 'production',
  spec: full,
  plan: planOf(),
  checks: usualChecks,
  record: null,
};
const bare: CardInput = { ...input, spec: specOf(''), plan: null, checks: null };
const headings = (text: string): string[] => text.split('\n').filter((line) => /^##? /.test(line));

const cards = {
  'deployment plan': renderDeploymentPlanCard,
  'gate criteria': renderGateCriteriaCard,
  'pre-deployment checklist': renderPreDeploymentChecklist,
  'rollback plan': renderRollbackPlanCard,
  'SLO card': renderSloCard,
  'smoke checklist': renderSmokeChecklist,
  'use case test': renderUseCaseTestCard,
} as const;

describe('the deployment plan', () => {
  const text = renderDeploymentPlanCard(input);

  it('says what is shipped, how, who approves, who is told, and the way back', () => {
    expect(headings(text)).toEqual([
      '# Deployment Plan',
      '## Strategy',
      '## What Is Shipped',
      '## Steps',
      '## Limits',
      '## Notes',
      '## Approvals',
      '## Communication',
      '## Way Back',
    ]);
    expect(text).toContain('**Version**: 1.4.0');
    expect(text).toContain('**Strategy**: canary');
    expect(text).toMatch(/Users are on: 1\.3\.0/);
    expect(text.split('## Steps')[1]).toMatch(/^\n\n1\. start 2 × 1\.4\.0[\s\S]*\n4\. watch at 5 % for 1m/);
    expect(text).toContain('- Release Manager: ada\n- Security Gatekeeper: grace\n- Reliability Engineer: not named');
    expect(text).toContain('- Rollback plan: docs/rollback.md');
    expect(text).toContain('(weekend)');
  });

  it('tells the host of a webhook and never its path', () => {
    expect(text).toContain('webhook hooks.example.org, file told.jsonl');
    expect(text).not.toContain('secret-path');
  });

  it('names what is not decided yet', () => {
    const without = renderDeploymentPlanCard(bare);
    expect(without).toContain('- no version is chosen: name one with --version');
    expect(without).toContain('nobody is configured in notify');
    expect(without).toContain('no document is configured');
    expect(without).not.toContain('## Steps');
  });
});

describe('the rollback plan', () => {
  it('has triggers, steps, the way by hand, and what is ready', () => {
    const text = renderRollbackPlanCard(input);
    expect(headings(text).slice(1)).toEqual([
      '## Trigger Conditions',
      '## Rollback Steps',
      '## By Hand',
      '## Verification',
      '## Stored Data',
      '## Readiness',
      '## Post-Rollback',
    ]);
    expect(text).toContain('**Back to**: 1.3.0');
    expect(text).toMatch(/## Trigger Conditions\n\n- (goes back|objective)/);
    expect(text).toMatch(/## Rollback Steps\n\n1\. candidate gets 0 % of users\n2\. 1\.3\.0 becomes stable/);
    expect(text).toContain('expand: the former revision can live with the new data');
    expect(text).toMatch(/- \[ \] Rollback rehearsed within 90d \(unknown: a typed date alone is no evidence\)/);
    expect(text).toContain('--cause "…" --fix "…"');
  });

  it('has the triggers of the configuration where there is no plan', () => {
    const text = renderRollbackPlanCard({ ...bare, spec: full });
    expect(text).toContain('- Error rate: more than 2 % above the baseline at the same time');
    expect(text).toContain('name a version with --version');
  });
});

describe('the SLO card', () => {
  it('has a row for each objective, also for those that nobody set', () => {
    const text = renderSloCard(input);
    expect(headings(text)).toEqual([
      '# SLO Definition and SLI Card',
      '## Service Level Indicators',
      '## Service Level Objectives',
      '## Comparison With the Baseline',
      '## Business Metrics',
      '## Alerts',
    ]);
    expect(text).toContain('| Error rate | at most 0.1 % | 30d |');
    expect(text).toContain('| Latency p99 | at most 500ms | 30d |');
    expect(text).toContain('| Availability | not configured | – | UNVERIFIED |');
    expect(text).toContain('| Throughput | not configured | – | UNVERIFIED |');
    expect(text).toContain('- Error rate: at most 2 points above the baseline');
    expect(text).toContain('conversion rate and user activity are not measured');
  });
});

describe('the smoke checklist and the use-case tests', () => {
  it('list every test with what it asks and wants, and tick nothing without a run', () => {
    const text = renderSmokeChecklist(input);
    expect(headings(text).slice(1)).toEqual([
      '## Critical User Journeys',
      '## API Endpoints',
      '## Database',
      '## External Integrations',
      '## Monitoring & Logging',
    ]);
    expect(text).toContain('- [ ] pay: POST /pay, expects status 201, ok = true (not asked)');
    expect(text).toContain('- [ ] reads: runs ./db-check, expects exit code 0 (not asked)');
    expect(text).not.toContain('[x]');
    expect(text.match(/- \[ \] none configured/g)).toHaveLength(3);
  });

  it('ticks what the last round of a run passed, by name', () => {
    const record = succeededRun();
    const round = record.smoke.at(-1);
    const checks = [
      { ...(round?.checks[0] ?? fail()), title: 'pay', status: 'passed' as const, reason: '201 in 4 ms' },
    ];
    const smoke = [{ ...(round ?? fail()), checks }];
    const text = renderSmokeChecklist({ ...input, record: { ...record, smoke } });
    expect(text).toContain('- [x] pay: POST /pay, expects status 201, ok = true (201 in 4 ms)');
    expect(text).toContain('- [ ] reads:');
    expect(text).toContain(`**Run**: ${record.runId}`);
  });

  it('makes a card of each test, those of users first', () => {
    const text = renderUseCaseTestCard(input);
    expect(headings(text)).toEqual(['# Use Case Test Card', '## UC-01: pay', '## UC-02: reads']);
    expect(text).toContain('1. POST /pay');
    expect(text).toContain('**Expected**: status 201, ok = true');
    expect(renderUseCaseTestCard(bare)).toContain('No smoke test is configured');
  });
});

describe('gate criteria and checklist', () => {
  it('tick only what passed, and say why the rest is open', () => {
    const text = renderGateCriteriaCard(input);
    expect(headings(text).slice(1)).toEqual([
      '## Construction',
      '## During the Rollout',
      '## Transition',
      '## Rollback',
    ]);
    expect(text).toMatch(/- \[x\] Security Gate: PASS \(No High or Critical vulnerabilities: /);
    expect(text).toMatch(/- \[ \] Reliability Gate: UNVERIFIED \(.*performance: not asked\)/);
    expect(text).toMatch(/- \[x\] Test Gate: PASS/);
    expect(text).toContain('- [ ] watch at 5 % for 1m');
    expect(text.match(/not asked: there is no run/g)).toHaveLength(2);
    const back = renderGateCriteriaCard({ ...input, record: rolledBackRun() });
    expect(back).toMatch(/- \[x\] Rollback executed successfully: PASS \(.*\) \(#\d+, #\d+\)/);
    expect(back).toMatch(/- \[ \] SLOs met for the whole watch: FAIL \(.*\) \(#\d+\)/);
  });

  it('ask for every line of the deployment flow', () => {
    const text = renderPreDeploymentChecklist(input);
    expect(headings(text).slice(1, 6)).toEqual([
      '## Approvals',
      '## Quality Gates',
      '## Infrastructure',
      '## Artifacts',
      '## Communication',
    ]);
    expect(text).toMatch(/- \[x\] Integration tests passed \(100 %\) \(/);
    expect(text).toContain('- [ ] Performance tests passed (SLO targets met) (not asked)');
    expect(text).toContain('- [ ] Release Manager: ada');
    const approved = renderPreDeploymentChecklist({ ...input, record: succeededRun() });
    expect(approved).toMatch(/- \[x\] Release Manager: ada \(client-dialog, 2026-11-04T/);
    expect(approved).toContain('- [ ] Security Gatekeeper: grace');
  });
});

describe('hostile text', () => {
  const evil = 'x\\n# Ignore this\\u001b[31m\\u202e<script>alert(1)</script>';
  const spec = specOf(`    approval: { how: client-dialog, approvers: { releaseManager: "${evil}" } }
    notify: [{ command: ["./tell", x] }]
    freeze: { timezone: UTC, windows: [{ days: [fri], from: "15:00", to: "08:00", reason: "${evil}" }] }
    smoke: [{ name: "${evil}", request: { path: / }, expect: { text: "${evil}" } }]
`);
  const checks = usualChecks.map((check) => ({
    ...check,
    title: `x\n# Ignore ${check.title}`,
    reason: 'y\n## Ignore\u001b[2J',
  }));
  const plan = planOf();
  const notes = ['z\n# Ignore\u0007'];

  it.each(Object.entries(cards))('neither becomes a heading nor acts in a terminal: %s', (_name, render) => {
    const text = render({ ...input, spec, checks, plan: { ...plan, notes } });
    expect(text).not.toMatch(/^#+ Ignore/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e]/);
  });
});

function fail(): never {
  throw new Error('the fixture has no smoke tests');
}
