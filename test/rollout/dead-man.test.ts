import { describe, expect, it } from 'vitest';
import type { DeadManFired } from '../../src/model/dead-man.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { DeadManPort } from '../../src/rollout/ports.ts';
import { begin, type Run } from '../fixtures/simulated-run.ts';

type Simulated = DeadManPort & { calls: string[]; fired: DeadManFired | null; broken: boolean };

function createDeadMan(): Simulated {
  const deadMan: Simulated = {
    promise: 'users go back to 1.0.0',
    calls: [],
    fired: null,
    broken: false,
    arm: async () => {
      if (deadMan.broken) throw new DeployError('TARGET_UNREACHABLE', { target: 'host', reason: 'gone', remedy: '-' });
      deadMan.calls.push('arm');
    },
    renew: async () => {
      deadMan.calls.push('renew');
      return deadMan.fired;
    },
    disarm: async () => void deadMan.calls.push('disarm'),
  };
  return deadMan;
}

const fired: DeadManFired = {
  runId: 'run',
  fence: 1,
  candidateId: 'x',
  atMs: 1_700_000_000_000,
  reason: 'nobody had attended to the run for 31 s',
  did: 'rolled_back',
};
const told = (run: Run): string[] =>
  run.world.events.flatMap((event) =>
    event.type === 'dead_man' ? [event.data.what] : event.type === 'run_ended' ? ['run_ended'] : [],
  );

describe('the dead-man rollback of a run', () => {
  it('is armed before the first change, renewed each second, and disarmed after the terminal record', async () => {
    const deadMan = createDeadMan();
    const run = await begin({ deadMan });
    await run.until(() => run.world.weight() === 5);
    const types = run.world.events.map((event) => (event.type === 'dead_man' ? event.data.what : event.type));
    expect(types.slice(1, 4)).toEqual(['arming', 'armed', 'step_started']);
    const renewals = deadMan.calls.length;
    await run.clock.advance(5000);
    expect(deadMan.calls.length - renewals).toBeGreaterThanOrEqual(4);
    expect(deadMan.calls.length - renewals).toBeLessThanOrEqual(6);
    expect(await run.toEnd()).toBe('succeeded');
    expect(deadMan.calls.at(-1)).toBe('disarm');
    expect(told(run)).toEqual(['arming', 'armed', 'run_ended', 'disarming', 'disarmed']);
  });

  it('that cannot be armed stops the run before anything is changed', async () => {
    const deadMan = createDeadMan();
    deadMan.broken = true;
    const run = await begin({ deadMan });
    expect(await run.toEnd()).toBe('failed');
    expect(run.world.acts.filter((act) => act.startsWith('provision') || act.startsWith('set_weight'))).toEqual([]);
    expect(run.record().error).toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });

  it('that has fired behind a stopped owner is written down, and the run goes back', async () => {
    const deadMan = createDeadMan();
    const run = await begin({ deadMan });
    await run.until(() => run.world.weight() === 5);
    deadMan.fired = fired;
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().rollback).toMatchObject({ trigger: 'dead-man' });
    expect(told(run).filter((what) => what === 'fired')).toEqual(['fired']);
    const event = run.world.events.find(
      ({ type, data }) => type === 'dead_man' && 'what' in data && data.what === 'fired',
    );
    expect(event?.data).toMatchObject({
      reason: 'at 2023-11-14T22:13:20.000Z nobody had attended to the run for 31 s; it returned all users to 1.0.0',
    });
  });

  it('that has fired over a migration that cannot be undone freezes the run', async () => {
    const deadMan = createDeadMan();
    const run = await begin({ deadMan, content: { migration: 'irreversible' } });
    await run.until(() => run.world.weight() === 5);
    deadMan.fired = { ...fired, did: 'frozen' };
    await run.until(() => run.record().status === 'frozen');
    expect(run.world.weight()).toBe(5);
  });

  it('is armed beside a way back, which does not wait for it', async () => {
    const deadMan = createDeadMan();
    const first = await begin();
    await first.until(() => first.world.weight() === 5);
    deadMan.broken = true;
    const run = await begin({ deadMan }, 'roll_back', first);
    expect(await run.toEnd()).toBe('rolled_back');
    expect(run.record().warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^no dead-man rollback is armed/),
    ]);
  });
});
