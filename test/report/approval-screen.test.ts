import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { planAuthority } from '../../src/config/plan-authority.ts';
import type { Approval, Plan } from '../../src/model/plan.ts';
import { renderApprovalScreen } from '../../src/report/approval-screen.ts';
import { quoteArgument } from '../../src/report/quote-argument.ts';
import { createPlan } from '../journal/journal-fixtures.ts';

const config = `version: 1
service: shop
environments:
  production:
    url: http://127.0.0.1:8080
    target:
      kind: process
      command: [node, "server.js --not an option", "a\\u202Eb", "\\u0430dmin", "tab\\there", "quote\\"s", ""]
      instances: 2
    revision:
      prepare: [[npm, ci], [make, "all\\nrm -rf /"]]
      env: { pass: [DATABASE_URL], file: .env.production, set: { MODE: live } }
    smoke:
      - { name: home, request: { path: / } }
      - { name: orders, command: [node, smoke/orders.mjs] }
    metrics:
      source: json-endpoint
      url: { baseline: "http://10.0.0.1/stats?key=hidden", canary: "http://10.0.0.2/stats" }
      headersFromEnv: { authorization: STATS_AUTHORIZATION }
      counts: { kind: counter, requests: r, failures: f }
    gates: { evidence: { tests: { command: [node, ci/tests.mjs] }, incidents: { url: "https://status.example.com/now" } }, require: [tests] }
    notify:
      - { webhook: "https://hooks.example.com/services/T000/B000/secret" }
      - { command: [node, ci/tell.mjs] }
    approval: { how: signature }
`.replace(', ""]', ']');

function planOf(text: string): Plan {
  const spec = parseConfig(text).config.environments['production'];
  if (spec === undefined) throw new Error('no environment');
  const plan = createPlan({ authority: planAuthority(spec), guidance: 'watch\u202E the orders\u001b[2J' });
  return { ...plan, account: 'ada-laptop', requester: 'ada\u200b', approval: 'signature' };
}

function approvalOf(plan: Plan, change: Partial<Approval> = {}): Approval {
  return {
    planId: plan.planId,
    environment: 'production',
    scope: 'start',
    by: 'grace',
    how: 'signature',
    client: null,
    nonce: '00000000-0000-4000-8000-000000000000',
    givenAtMs: Date.UTC(2026, 10, 30),
    expiresAtMs: Date.UTC(2026, 10, 30, 1),
    reason: null,
    ...change,
  };
}

describe('the approval screen', () => {
  it('is this, and nothing on it changes unseen', async () => {
    const plan = planOf(config);
    const screen = renderApprovalScreen({ plan, approval: approvalOf(plan) });
    await expect(`${screen}\n`).toMatchFileSnapshot('approval-screen.txt');
  });

  it('says what else an approval may allow, and why', async () => {
    const plan = planOf(config);
    const titleOf = (scope: string): string =>
      renderApprovalScreen({ plan, approval: approvalOf(plan, { scope, reason: 'the "fix"' }) }).split('\n')[0] ?? '';
    expect(titleOf('start')).toMatch(/^APPROVE: tiny|^APPROVE: /);
    expect(titleOf('promote:04-bake-25')).toMatch(/^LET THE RUN GO PAST 04-bake-25 WITHOUT MORE PROOF: /);
    expect(titleOf('review:01m8')).toMatch(/^CLOSE THE REVIEW OF RUN 01m8: /);
    expect(titleOf('break-glass:friday')).toMatch(/^BREAK THE GLASS: START ALTHOUGH THE GATE friday BLOCKS: /);
    const screen = renderApprovalScreen({ plan, approval: approvalOf(plan, { reason: 'the "fix"' }) });
    expect(screen).toContain('reason:       "the \\"fix\\""');
  });

  it('shows every argument of every program, and every character of it', () => {
    const plan = planOf(config);
    const screen = renderApprovalScreen({ plan, approval: approvalOf(plan) });
    for (const { argv } of plan.content.authority?.programs ?? [])
      for (const argument of argv) expect(screen).toContain(quoteArgument(argument));
    expect(screen).not.toMatch(/[^\n\x20-\x7e\u00d7\u2026]/);
    expect(screen).not.toContain('hidden');
    expect(screen).not.toContain('T000');
  });

  it('shows hidden characters outside of quotes too', () => {
    const plan = planOf(config);
    plan.content.judge.mustPass.push('a\u202eb');
    expect(renderApprovalScreen({ plan, approval: approvalOf(plan) })).toContain('a\\u{202e}b');
  });

  it('admits that an older plan does not name them', () => {
    const plan = createPlan();
    expect(plan.content.authority).toBeUndefined();
    expect(renderApprovalScreen({ plan, approval: approvalOf(plan) })).toContain('made by an older seatrial');
  });
});

describe('a quoted argument', () => {
  it.each([
    ['plain words', '"plain words"'],
    ['', '""'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\r\t\u0000\u001b', '"\\n\\r\\t\\u{0}\\u{1b}"'],
    ['a\u202eb\u200b\u00a0', '"a\\u{202e}b\\u{200b}\\u{a0}"'],
    ['\u0430', '"\\u{430}"'],
    ['😀\ud800', '"\\u{1f600}\\u{d800}"'],
  ])('%j is drawn as %s', (text, drawn) => {
    expect(quoteArgument(text)).toBe(drawn);
  });

  it('is never that of another text', () => {
    const pieces = ['a', ' ', '"', '\\', '\\n', '\n', 'u{a}', '\u00e9', 'e\u0301'];
    const texts = pieces.flatMap((one) => pieces.flatMap((two) => pieces.map((three) => one + two + three)));
    const distinct = new Set(texts);
    expect(new Set([...distinct].map(quoteArgument)).size).toBe(distinct.size);
  });
});
