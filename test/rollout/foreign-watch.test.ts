import { describe, expect, it } from 'vitest';
import { createForeign, type SimulatedForeign } from '../fixtures/simulated-foreign.ts';
import { ask, begin, type Run } from '../fixtures/simulated-run.ts';

const change = 'the split gives slot b 50 % instead of 5 %';

async function inBake(foreign: SimulatedForeign): Promise<Run> {
  const run = await begin({ foreign });
  await run.until(() => run.world.weight() === 5);
  await run.clock.advance(3000);
  return run;
}

const warnings = (run: Run): string[] => run.record().warnings.map(({ code, message }) => `${code}: ${message}`);

describe('a change by somebody else in mid-bake', () => {
  it('is put back and written down, and the run goes on', async () => {
    const foreign = createForeign('reapply');
    const run = await inBake(foreign);
    foreign.seen.changes = [change];
    expect(await run.toEnd()).toBe('succeeded');
    expect(foreign.restores).toBe(1);
    expect(warnings(run)).toEqual([`FOREIGN_CHANGE: ${change} (nobody knows by whom); it was put back`]);
    expect(run.record().holds).toEqual([]);
  });

  it('is seen within about a second, and looked for no more often', async () => {
    const foreign = createForeign('hold');
    const run = await inBake(foreign);
    const looks = foreign.looks;
    await run.clock.advance(3000);
    expect(foreign.looks - looks).toBeGreaterThanOrEqual(2);
    expect(foreign.looks - looks).toBeLessThanOrEqual(4);
    foreign.seen.changes = [change];
    const from = run.clock.now();
    await run.until(() => run.record().status === 'held');
    expect(run.clock.now() - from).toBeLessThanOrEqual(1500);
  });

  it('holds the run with what was changed, by whom and what to do, until it is undone', async () => {
    const foreign = createForeign('hold');
    const run = await inBake(foreign);
    foreign.seen.changes = [change];
    await run.until(() => run.record().status === 'held');
    const [hold] = run.record().holds;
    expect(hold).toMatchObject({ trigger: 'foreign-change', toMs: null });
    for (const words of [change, 'nobody knows by whom', '`resume` puts it back', '`abort` goes back'])
      expect(hold?.reason).toContain(words);
    expect(run.world.notices).toContain('held');
    await run.clock.advance(120_000);
    expect(run.ended()).toBeNull();
    expect(run.world.weight()).toBe(5);
    foreign.seen.changes = [];
    await run.until(() => run.record().status === 'running', 5000);
    expect(foreign.restores).toBe(0);
    expect(await run.toEnd()).toBe('succeeded');
  });

  it.each(['resume', 'promote'] as const)('that holds the run is put back when a person says %s', async (action) => {
    const foreign = createForeign('hold');
    const run = await inBake(foreign);
    foreign.seen.changes = [change];
    await run.until(() => run.record().status === 'held');
    ask(run, action);
    expect(await run.toEnd()).toBe('succeeded');
    expect(foreign.restores).toBe(1);
    expect(run.record().controls).toMatchObject([{ action, accepted: true }]);
    expect(warnings(run).at(-1)).toMatch(/it was put back, as mo asked$/);
  });

  it('takes the run back where that is configured, with that reason', async () => {
    const foreign = createForeign('abort');
    const run = await inBake(foreign);
    foreign.seen.changes = [change];
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback).toMatchObject({ trigger: 'foreign-change', reason: expect.stringContaining(change) });
    expect(run.record().error?.code).toBe('TARGET_CHANGED');
    expect(run.world.weight()).toBe(0);
    expect(foreign.restores).toBe(0);
  });

  it('does not keep harm from being seen, nor users from being taken back', async () => {
    const foreign = createForeign('hold');
    const run = await inBake(foreign);
    foreign.seen.changes = [change];
    await run.until(() => run.record().status === 'held');
    run.world.behaviour.failures.canary = 0.3;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback).toMatchObject({ trigger: 'error-rate' });
    expect(run.world.weight()).toBe(0);
  });

  it('holds also where it is put back by itself, when it comes again and again', async () => {
    const foreign = createForeign('reapply');
    const run = await inBake(foreign);
    for (let round = 0; round < 8; round += 1) {
      foreign.seen.changes = [change];
      await run.clock.advance(1300);
    }
    expect(foreign.restores).toBe(5);
    expect(run.record().status).toBe('held');
    expect(run.record().reason).toContain('put back 5 times within a minute');
    ask(run, 'resume');
    expect(await run.toEnd()).toBe('succeeded');
  });

  it('that cannot be put back is said once and tried again', async () => {
    const foreign = createForeign('reapply');
    const run = await inBake(foreign);
    Object.assign(foreign, { stubborn: true });
    foreign.seen.changes = [change];
    await run.clock.advance(4000);
    expect(foreign.restores).toBeGreaterThan(2);
    expect(warnings(run)).toEqual([expect.stringContaining('it could not be put back')]);
    Object.assign(foreign, { stubborn: false });
    expect(await run.toEnd()).toBe('succeeded');
  });
});

describe('a change by somebody else between two steps', () => {
  it('holds the run before the next step', async () => {
    const foreign = createForeign('hold');
    foreign.seen.changes = [change];
    const run = await begin({ foreign });
    await run.until(() => run.record().status === 'held');
    expect(run.world.acts).toEqual([]);
    foreign.seen.changes = [];
    expect(await run.toEnd()).toBe('succeeded');
  });

  it('ends the run before the first user where that is configured', async () => {
    const foreign = createForeign('abort');
    foreign.seen.changes = [change];
    const run = await begin({ foreign });
    expect(await run.toEnd()).toBe('failed');
    expect(run.record().error?.code).toBe('TARGET_CHANGED');
  });
});

describe('a reload', () => {
  it('that kept everything is written down, and nothing else happens', async () => {
    const foreign = createForeign('abort');
    const run = await inBake(foreign);
    foreign.seen.reloaded = 'worker 1 gave way to worker 2';
    expect(await run.toEnd()).toBe('succeeded');
    expect(warnings(run)).toEqual(['TARGET_RELOADED: worker 1 gave way to worker 2; it kept where users are sent']);
  });
});

describe('a place that does not answer', () => {
  it('keeps neither the verdict nor the way back waiting', async () => {
    const foreign = createForeign('hold');
    const run = await inBake(foreign);
    Object.assign(foreign, { silent: true });
    run.world.behaviour.failures.canary = 0.3;
    const from = run.clock.now();
    expect(await run.toEnd()).toBe('rolled_back');
    const record = run.record();
    expect((record.rollback?.trafficRestoredAtMs ?? Number.POSITIVE_INFINITY) - from).toBeLessThan(15_000);
    expect(record.rollback?.trafficRestoredAfterMs).toBeLessThan(400);
  });
});
