import { describe, expect, it } from 'vitest';
import { begin } from '../fixtures/simulated-run.ts';

describe('what is held back on stable', () => {
  it('stays through the last bake to compare with, and follows before the environment is tested', async () => {
    const run = await begin();
    const weightsAt: number[] = [];
    run.world.behaviour.smoke = (on) => {
      if (on === 'environment') weightsAt.push(run.world.weight());
      return 'passed';
    };
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.world.acts.filter((act) => /^(set_weight|promote)/.test(act))).toEqual([
      'set_weight 5',
      'set_weight 95',
      'set_weight 100',
      'promote 2.0.0',
    ]);
    expect(new Set(weightsAt)).toEqual(new Set([100]));
    const last = run.record().counts.filter((point) => point.weightPercent === 95);
    expect(last.length).toBeGreaterThan(5);
    expect(last.slice(1).every((point) => point.baseline.requests > 0)).toBe(true);
    expect(run.record().maxWeightPercent).toBe(100);
  });

  it('shows harm that begins at the last step, against stable at the same time', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 95);
    await run.clock.advance(3000);
    run.world.behaviour.failures.canary = 0.3;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback).toMatchObject({ trigger: 'error-rate' });
    expect(run.world.weight()).toBe(0);
  });

  it('is nothing at 0 %: the last step gets everybody', async () => {
    const run = await begin({ spec: { holdBack: '0%' } });
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.world.acts.filter((act) => act.startsWith('set_weight'))).toEqual(['set_weight 5', 'set_weight 100']);
  });
});
