import { describe, expect, it } from 'vitest';
import { assessChecks } from '../../src/checks/assess-checks.ts';
import { preflightChecks } from '../../src/checks/preflight/list.ts';
import { requireGuided } from '../../src/checks/require-guided.ts';
import { foci } from '../../src/model/guidance.ts';
import { check } from '../fixtures/run-records.ts';
import { contextOf } from './scene.ts';

const demanded = [{ id: 'security', because: ['security', 'compliance'] }];

describe('checks that guidance demands', () => {
  it('stop unless they passed; one that nobody configured is unknown, with what to add', () => {
    const [result] = requireGuided(
      [check('security', 'skipped', { reason: 'not configured', remedy: 'Add it', blocking: false })],
      demanded,
    );
    expect(result).toMatchObject({
      status: 'unknown',
      blocking: true,
      reason: 'not configured; required because of the guidance: security, compliance',
      remedy: 'Add it',
    });
    for (const status of ['skipped', 'failed', 'unknown'] as const)
      expect(assessChecks(requireGuided([check('security', status)], demanded), ['security']).ok).toBe(false);
    expect(assessChecks(requireGuided([check('security', 'passed')], demanded), ['security']).ok).toBe(true);
    expect(requireGuided([check('tests', 'skipped')], demanded)).toEqual([check('tests', 'skipped')]);
  });

  it('are all questions that pre-flight asks then, and two of them only then', () => {
    const { environment } = contextOf();
    const wanted = foci.flatMap(({ checks }) => checks);
    const ids = preflightChecks(environment, wanted).map(({ id }) => id);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
    const usual = preflightChecks(environment).map(({ id }) => id);
    expect(ids.filter((id) => !usual.includes(id))).toEqual(['latency-judged', 'smoke-critical-path']);
  });

  it('ask for what is configured', async () => {
    const ask = async (
      id: string,
      given: Parameters<typeof contextOf>[0],
      spec: Parameters<typeof contextOf>[1] = {},
    ) => {
      const context = contextOf(given, spec);
      const found = preflightChecks(context.environment, [id]).find((one) => one.id === id);
      return (await found?.run(context, new AbortController().signal))?.status;
    };
    expect(await ask('latency-judged', {})).toBe('skipped');
    expect(await ask('latency-judged', { latencyMetrics: ['slo:latencyP99'] })).toBe('passed');
    const smoke = (category: 'api' | 'critical-path') => ({
      smoke: [{ name: 'home', category, request: { path: '/' } }],
    });
    expect(await ask('smoke-critical-path', {}, smoke('api'))).toBe('skipped');
    expect(await ask('smoke-critical-path', {}, smoke('critical-path'))).toBe('passed');
  });
});
