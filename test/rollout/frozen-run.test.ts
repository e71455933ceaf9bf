import { describe, expect, it } from 'vitest';
import { ask, begin, type Run } from '../fixtures/simulated-run.ts';

const why = 'emergency stop, every environment: stopped by alice: payments are down';

function freezable(run: Run): { stop(): void; thaw(): void } {
  const { behaviour } = run.world;
  return {
    stop: () => {
      behaviour.frozen = why;
    },
    thaw: () => {
      behaviour.frozen = null;
    },
  };
}

const weights = (run: Run): string[] => run.world.acts.filter((act) => act.startsWith('weight'));

describe('a run while deployments are frozen', () => {
  it('holds where it is, goes on when it is thawed, and both are in the record', async () => {
    const run = await begin();
    const { stop, thaw } = freezable(run);
    await run.until(() => run.record().weightPercent === 5);
    stop();
    await run.until(() => run.record().status === 'held');
    const before = [...run.world.acts];
    await run.clock.advance(3 * 60_000);
    expect(run.world.acts).toEqual(before);
    expect(run.record()).toMatchObject({ status: 'held', weightPercent: 5, reason: why });
    expect(run.record().holds.at(-1)).toMatchObject({ trigger: 'freeze', reason: why, toMs: null });
    thaw();
    expect(await run.toEnd()).toBe('succeeded');
    expect(run.record().holds.at(-1)?.toMs).not.toBeNull();
  });

  it('is let past by nobody: neither resume nor promote ends a stop', async () => {
    const run = await begin();
    const { stop } = freezable(run);
    await run.until(() => run.record().weightPercent === 5);
    stop();
    await run.until(() => run.record().status === 'held');
    for (const action of ['resume', 'promote'] as const) ask(run, action);
    await run.clock.advance(30_000);
    expect(run.record()).toMatchObject({ status: 'held', weightPercent: 5 });
    expect(run.record().controls.map(({ accepted }) => accepted)).toEqual([false, false]);
  });

  it('rolls back for harm, and when somebody asks for it', async () => {
    const bad = await begin();
    const frozen = freezable(bad);
    await bad.until(() => bad.record().weightPercent === 5);
    frozen.stop();
    await bad.until(() => bad.record().status === 'held');
    bad.world.behaviour.failures.canary = 0.5;
    expect(await bad.toEnd()).toBe('rolled_back');

    const asked = await begin();
    const held = freezable(asked);
    await asked.until(() => asked.record().weightPercent === 5);
    held.stop();
    await asked.until(() => asked.record().status === 'held');
    ask(asked, 'rollback');
    expect(await asked.toEnd()).toBe('rolled_back');
    expect(asked.record().weightPercent).toBe(0);
  });

  it('that is stopped before its first act does not act', async () => {
    const run = await begin();
    freezable(run).stop();
    await run.until(() => run.record().status === 'held');
    await run.clock.advance(30_000);
    expect(weights(run)).toEqual([]);
    ask(run, 'abort');
    expect(await run.toEnd()).toBe('aborted');
  });
});
