import { describe, expect, it } from 'vitest';
import { readWishes } from '../../src/model/wishes.ts';
import { renderReport } from '../../src/report/deployment-report.ts';
import { rolledBackRun } from '../fixtures/run-records.ts';

const read = readWishes({ guidance: 'security and speed', answers: { risks: 'payments' } });
const guided = {
  ...{ foci: read.foci, checks: read.checks, answers: read.answers },
  reviewers: [
    {
      ...{ reviewer: 'security-architect' as const, role: 'securityArchitect' as const, who: 'barbara' },
      ...{ required: true, reason: 'an approver of this role must sign', because: ['security'] },
    },
  ],
  changes: ['every watch takes 2 times as long'],
  reports: [],
};

function reportOf(change: Partial<{ guidance: string; guided: typeof guided }>): string {
  const record = rolledBackRun();
  return renderReport({ ...record, plan: { ...record.plan, content: { ...record.plan.content, ...change } } });
}

describe('the deployment report of a plan with guidance', () => {
  it('has a section with what was asked for, what it changed, and what became of each', () => {
    const text = reportOf({ guidance: 'security and speed', guided });
    const section = /## Because of the Guidance\n[\s\S]*?(?=\n## )/.exec(text)?.[0] ?? '';
    expect(section).toContain('**Guidance**: “security and speed”');
    expect(section).toContain('- risks: “payments” → nothing');
    expect(section).toMatch(/- security, because of security\n- performance, because of speed/);
    expect(section).toContain('- every watch takes 2 times as long');
    expect(section).toMatch(/\(security\): (passed|failed|skipped|unknown): .*\(#\d+\)/);
    expect(section).toContain('latency-judged (performance): not asked');
    expect(section).toMatch(/security-architect \(barbara\): required; the start was signed by /);
    expect(section).toMatch(/\*\*Speed\*\*:\n- /);
    expect(text).toMatch(/Command: `seatrial ship .* --guidance "security and speed"`/);
  });

  it('has none where nothing was said', () => {
    expect(reportOf({})).not.toContain('Because of the Guidance');
  });
});
