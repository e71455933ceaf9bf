import { describe, expect, it } from 'vitest';
import { begin } from '../fixtures/simulated-run.ts';

describe('a run that has lost the lock between machines', () => {
  it('takes no forward step any more, walks the way back, and says why', async () => {
    const run = await begin();
    await run.until(() => run.world.weight() === 5);
    const why = 'the lock refs/seatrial/locks/shop was taken over by another machine';
    run.world.behaviour.fenced = why;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.world.acts.filter((act) => act === 'set_weight 95' || act === 'set_weight 100')).toEqual([]);
    expect(run.record().rollback).toMatchObject({ trigger: 'lock', reason: expect.stringContaining(why) });
  });

  it('does not even begin when it is lost before the first step', async () => {
    const run = await begin();
    run.world.behaviour.fenced = 'the lock x could not be renewed for 61 s';
    await run.toEnd();
    expect(run.world.acts.filter((act) => act.startsWith('set_weight') && act !== 'set_weight 0')).toEqual([]);
    expect(run.record().maxWeightPercent).toBe(0);
  });

  it('is not disturbed while the lock is held', async () => {
    const run = await begin();
    expect(run.world.behaviour.fenced).toBeNull();
    expect(await run.toEnd()).toBe('succeeded');
  });
});
