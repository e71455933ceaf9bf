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
  test('by default: 2 points, p99 20 % slower, throughput 30 % lower, 3 restarts in 5 min, any OOM, half unhealthy, 1 % and 5 % chance of error', () => {
    expect(judgeSettings(specOf())).toEqual({
      errorMargin: 0.02,
      alphaRollback: 0.01,
      alphaPromote: 0.05,
      mustPass: ['errorRate'],
      errorRateShare: 0.5,
      comparisons: [
        { kind: 'latency', metric: 'latencyP99', share: 0.25, quantile: 0.99, ratio: 1.2 },
        { kind: 'throughput', metric: 'throughput', share: 0.25, least: 0.7 },
      ],
      overdispersion: null,
      sourceGraceMs: 120_000,
      onInconclusive: 'hold',
      raiseWeight: null,
      synthetic: null,
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

  test('the error rate has half of the chance of a false rollback, the others share the rest; alone it has all', () => {
    const many = judgeSettings(
      specOf(
        '    triggers: { latency: { quantile: [p50, p95, p99.9], above: 50% }, throughput: { below: 10% } }\n    business: [{ name: conversion, from: { source: command, command: [x] } }]',
      ),
    );
    expect(many.errorRateShare).toBe(0.5);
    expect(many.comparisons.map(({ metric, share }) => [metric, share])).toEqual([
      ['latencyP50', 0.1],
      ['latencyP95', 0.1],
      ['latencyP99.9', 0.1],
      ['throughput', 0.1],
      ['conversion', 0.1],
    ]);
    expect(many.comparisons[0]).toMatchObject({ quantile: 0.5, ratio: 1.5 });
    expect(many.comparisons[3]).toMatchObject({ least: 0.9 });
    expect(many.comparisons[4]).toMatchObject({ kind: 'events', least: 0.8 });
    const alone = judgeSettings(specOf('    triggers: { latency: false, throughput: false }'));
    expect([alone.errorRateShare, alone.comparisons]).toEqual([1, []]);
  });

  test.each([1, 2, 3, 5, 6, 7, 9, 11])('the shares of %i comparisons never sum to more than 1', (count) => {
    const quantiles = Array.from({ length: count }, (_, index) => `p${50 + index}`).join(', ');
    const { errorRateShare, comparisons } = judgeSettings(
      specOf(`    triggers: { throughput: false, latency: { quantile: [${quantiles}] } }`),
    );
    expect(comparisons).toHaveLength(count);
    const sum = comparisons.reduce((total, { share }) => total + share, errorRateShare);
    expect(sum).toBeLessThanOrEqual(1);
    expect(sum).toBeGreaterThan(0.999999);
  });

  test('synthetic requests have a share of their own and are no part of users', () => {
    const settings = judgeSettings(specOf('    judge: { lowTraffic: { synthetic: { path: /ping, rate: 2/s } } }'));
    expect(settings.errorRateShare).toBe(0.5);
    expect(settings.comparisons.map(({ share }) => share)).toEqual([0.166666666, 0.166666666]);
    expect(settings.synthetic).toEqual({
      path: '/ping',
      perSecond: 2,
      timeoutMs: 5000,
      share: 0.166666666,
      counts: false,
    });
    expect(settings.stratum).toBe('user');
  });

  test('the ladder for low traffic is part of the rules', () => {
    const settings = judgeSettings(
      specOf(
        '    judge: { overdispersion: 4, onInconclusive: ask, lowTraffic: { raiseWeight: { upTo: 30%, blastBudget: 5 } } }',
      ),
    );
    expect(settings).toMatchObject({
      overdispersion: 4,
      onInconclusive: 'ask',
      raiseWeight: { upToPercent: 30, blastBudget: 5 },
    });
    expect(judgeSettings(specOf('    judge: { lowTraffic: { raiseWeight: {} } }')).raiseWeight).toEqual({
      upToPercent: 25,
      blastBudget: 20,
    });
  });

  test('whatever the config accepts, the plan accepts', () => {
    const extremes = [
      '    judge: { alphaRollback: 50%, alphaPromote: 0.001%, sourceGrace: 1ms, mustPass: [], onInconclusive: abort }',
      '    judge: { overdispersion: 1000, onInconclusive: promote, lowTraffic: { raiseWeight: { upTo: 0%, blastBudget: 1 } } }',
      '    triggers: { latency: { quantile: [p1, p50, p99.99], above: 9900% }, throughput: { below: 99.999999% } }',
      '    triggers: { latency: { above: 0.000001% }, throughput: { below: 0.000001% } }',
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
    expect(approvalRule(name, specOf(), false)).toMatchObject({ how: 'none', from: 'default' });
  });

  test.each(['staging', 'production', 'developmen', 'qa'])('%s: a person, and it says how weak that is', (name) => {
    const rule = approvalRule(name, specOf(), false);
    expect(rule).toMatchObject({
      how: 'client-dialog',
      clients: ['claude-code'],
      expiresMs: 3_600_000,
      from: 'default',
    });
    expect(rule.note).toContain('not forgery-proof');
  });

  test.each<[string, boolean, string]>([
    ['production', true, 'signature'],
    ['eu-west', true, 'signature'],
    ['production', false, 'client-dialog'],
    ['staging', true, 'client-dialog'],
    ['dev', true, 'none'],
  ])('%s, with a key enrolled: %s, asks for %s', (name, enrolled, how) => {
    expect(approvalRule(name, specOf(), enrolled)).toMatchObject({ how, from: 'default', signers: { from: 'user' } });
    expect(approvalRule(name, specOf('    approval: { how: terminal }'), enrolled).how).toBe('terminal');
  });

  test('what is configured counts', () => {
    const rule = approvalRule(
      'dev',
      specOf('    approval: { how: terminal, clients: [], expires: 5m, approvers: { releaseManager: Ada } }'),
      false,
    );
    expect(rule).toMatchObject({
      how: 'terminal',
      clients: [],
      expiresMs: 300_000,
      approvers: { releaseManager: 'Ada' },
      from: 'config',
    });
    expect(rule.note).toContain('not forgery-proof');
    expect(defaultApproval('production', false)).toBe('client-dialog');
  });

  test('the default is what an empty approval of the same kind would be', () => {
    const { from: _, ...byDefault } = approvalRule('production', specOf(), false);
    const { from: __, ...configured } = approvalRule(
      'production',
      specOf('    approval: { how: client-dialog }'),
      false,
    );
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
    expect(policyHash('production', specOf(`    ${extra}`), false)).not.toBe(policyHash('production', specOf(), false));
  });

  test('the policy hash sees nothing else, but the default approval of another environment', () => {
    expect(policyHash('production', specOf('    triggers: { oom: false }'), false)).toBe(
      policyHash('production', specOf(), false),
    );
    expect(policyHash('production', specOf('    approval: { how: client-dialog }'), false)).toBe(
      policyHash('production', specOf(), false),
    );
    expect(policyHash('dev', specOf(), false)).not.toBe(policyHash('production', specOf(), false));
  });
});
