import { describe, expect, test } from 'vitest';
import { approvalRule, defaultApproval } from '../../src/config/approval-rule.ts';
import { configHash, policyHash } from '../../src/config/config-hash.ts';
import { judgeSettings } from '../../src/config/judge-settings.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { loadEnvironment } from '../../src/config/load-environment.ts';
import type { EnvironmentSpec } from '../../src/model/config/environment.ts';
import { judgeSettingsSchema } from '../../src/model/verdict.ts';
import { configText } from './config-text.ts';

function specOf(extra = ''): EnvironmentSpec {
  return loadEnvironment(parseConfig(configText(extra)).config).spec;
}

describe('judge settings', () => {
  test('by default: 2 points, 3 restarts in 5 min, any OOM, half unhealthy, 1 % and 5 % chance of error', () => {
    expect(judgeSettings(specOf())).toEqual({
      errorMargin: 0.02,
      alphaRollback: 0.01,
      alphaPromote: 0.05,
      mustPass: ['errorRate'],
      sourceGraceMs: 120_000,
      onInconclusive: 'hold',
      requestTimeoutMs: 30_000,
      slos: [],
      hardRules: {
        restarts: 3,
        restartsWindowMs: 300_000,
        canaryExits: 2,
        exitsWindowMs: 60_000,
        oom: true,
        unhealthyRatio: 0.5,
        wrongRevision: true,
      },
      stratum: 'user',
    });
  });

  test('objectives become shares of bad requests', () => {
    const { slos } = judgeSettings(
      specOf(
        '    slos: { errorRate: { target: 0.1% }, availability: { target: 99.95% }, latencyP99: { target: 500ms } }',
      ),
    );
    expect(slos).toEqual([
      { name: 'errorRate', badRatio: 0.001, aboveMs: null },
      { name: 'latencyP99', badRatio: 0.01, aboveMs: 500 },
      { name: 'availability', badRatio: 0.0005, aboveMs: null },
    ]);
  });

  test('the prober has a stratum and a deadline of its own; canaryExits can be off', () => {
    const settings = judgeSettings(
      specOf('    metrics: { source: prober, timeout: 3s }\n    triggers: { canaryExits: false }'),
    );
    expect(settings.stratum).toBe('probe');
    expect(settings.requestTimeoutMs).toBe(3000);
    expect(settings.hardRules.canaryExits).toBeNull();
  });

  test('whatever the config accepts, the plan accepts', () => {
    const extremes = [
      '    judge: { alphaRollback: 50%, alphaPromote: 0.001%, sourceGrace: 1ms, mustPass: [], onInconclusive: abort }',
      '    triggers: { errorRate: { above: 50pp }, restarts: { moreThan: 0, within: 1ms }, unhealthy: 0%, canaryExits: { atLeast: 1, within: 366d } }',
      '    slos: { availability: { target: 0% }, errorRate: { target: 100% }, latencyP99: { target: 1ms } }',
      '    slos: { availability: { target: 99.9999999% }, errorRate: { target: 0.000001% } }',
    ];
    for (const extra of ['', ...extremes])
      expect(judgeSettingsSchema.safeParse(judgeSettings(specOf(extra))).error).toBeUndefined();
  });
});

describe('approval', () => {
  test.each(['development', 'dev', 'local', 'test'])('%s: nobody is asked', (name) => {
    expect(approvalRule(name, specOf())).toMatchObject({ how: 'none', from: 'default' });
  });

  test.each(['staging', 'production', 'developmen', 'qa'])('%s: a person, and it says how weak that is', (name) => {
    const rule = approvalRule(name, specOf());
    expect(rule).toMatchObject({
      how: 'client-dialog',
      clients: ['claude-code'],
      expiresMs: 3_600_000,
      from: 'default',
    });
    expect(rule.note).toContain('not forgery-proof');
  });

  test('what is configured counts', () => {
    const rule = approvalRule(
      'dev',
      specOf('    approval: { how: terminal, clients: [], expires: 5m, approvers: { releaseManager: Ada } }'),
    );
    expect(rule).toMatchObject({
      how: 'terminal',
      clients: [],
      expiresMs: 300_000,
      approvers: { releaseManager: 'Ada' },
      from: 'config',
    });
    expect(rule.note).toContain('not forgery-proof');
    expect(defaultApproval('production')).toBe('client-dialog');
  });

  test('the default is what an empty approval of the same kind would be', () => {
    const { from: _, ...byDefault } = approvalRule('production', specOf());
    const { from: __, ...configured } = approvalRule('production', specOf('    approval: { how: client-dialog }'));
    expect(configured).toEqual(byDefault);
  });
});

describe('hashes', () => {
  test('a change of meaning changes them, a change of spelling does not', () => {
    expect(configHash(specOf())).toMatch(/^[0-9a-f]{64}$/);
    expect(configHash(specOf('    judge: { sourceGrace: 120s }'))).toBe(configHash(specOf()));
    expect(configHash(specOf('    triggers: { oom: false }'))).not.toBe(configHash(specOf()));
  });

  test.each([
    'gates: { allowFriday: true }',
    'approval: { how: none }',
    'freeze: { timezone: Europe/Vienna }',
    'review: warn',
  ])('the policy hash sees %s', (extra) => {
    expect(policyHash('production', specOf(`    ${extra}`))).not.toBe(policyHash('production', specOf()));
  });

  test('the policy hash sees nothing else, but the default approval of another environment', () => {
    expect(policyHash('production', specOf('    triggers: { oom: false }'))).toBe(policyHash('production', specOf()));
    expect(policyHash('production', specOf('    approval: { how: client-dialog }'))).toBe(
      policyHash('production', specOf()),
    );
    expect(policyHash('dev', specOf())).not.toBe(policyHash('production', specOf()));
  });
});
