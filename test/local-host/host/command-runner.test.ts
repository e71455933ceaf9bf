import { describe, expect, it } from 'vitest';
import { CommandRunner } from '../../../src/local-host/host/command-runner.ts';
import {
  type InstanceCommands,
  type InstanceStatus,
  instanceName,
} from '../../../src/local-host/host/instance-commands.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';
import { createVirtualClock, type VirtualClock } from '../../fixtures/virtual-clock.ts';

type World = {
  clock: VirtualClock;
  calls: string[];
  running: boolean;
  startFails: boolean;
  stopWorks: boolean;
  says: InstanceStatus | null;
};

function scene(withStatus = true) {
  const clock = createVirtualClock();
  const world: World = { clock, calls: [], running: false, startFails: false, stopWorks: true, says: null };
  const commands: InstanceCommands = {
    start: async (port) => {
      world.calls.push(`start ${port}`);
      if (world.startFails)
        throw new DeployError('COMMAND_FAILED', { command: 'start', how: 'exit code 3', excerpt: 'no image' });
      world.running = true;
    },
    stop: async (port) => {
      world.calls.push(`stop ${port}`);
      if (world.stopWorks) world.running = false;
      return world.stopWorks ? { ok: true, how: 'exit code 0' } : { ok: false, how: 'exit code 1' };
    },
    status: async () => (!withStatus ? 'untold' : (world.says ?? (world.running ? 'running' : 'gone'))),
    note: () => undefined,
  };
  const times = () => ({ startupMs: 5000, statusEveryMs: 1000, stopMs: 2000 });
  return { world, runner: new CommandRunner({ commands, clock, times }) };
}

describe('an instance started by commands', () => {
  it('is gone when status says so, and what is left is taken away before the next start', async () => {
    const { world, runner } = scene();
    const running = await runner.start(4000);
    let ended = 0;
    running.onExit(() => {
      ended += 1;
    });
    await world.clock.advance(3000);
    expect([ended, runner.launched]).toEqual([0, true]);
    world.says = 'unknown';
    await world.clock.advance(3000);
    expect(ended).toBe(0);
    world.says = null;
    world.running = false;
    await world.clock.advance(1000);
    expect(ended).toBe(1);
    await runner.clear();
    await runner.start(4001);
    expect(world.calls).toEqual(['start 4000', 'stop 4000', 'start 4001']);
  });

  it('ends at once when its health is lost, and is stopped', async () => {
    const { world, runner } = scene(false);
    const running = await runner.start(4000);
    running.healthLost();
    let exit: unknown = null;
    running.onExit((told) => {
      exit = told;
    });
    expect(exit).toMatchObject({ code: null, signal: null });
    await runner.clear();
    expect([world.running, runner.launched, world.calls]).toEqual([false, false, ['start 4000', 'stop 4000']]);
  });

  it('that was not started leaves nothing, even where stop cannot know it', async () => {
    const { world, runner } = scene();
    world.startFails = true;
    world.stopWorks = false;
    await expect(runner.start(4000)).rejects.toThrow(/exit code 3/);
    await runner.clear();
    expect([world.calls, runner.launched]).toEqual([['start 4000', 'stop 4000'], false]);
  });

  it('that does not end is an error, until it does', async () => {
    const { world, runner } = scene();
    const running = await runner.start(4000);
    let ended = false;
    running.onExit(() => {
      ended = true;
    });
    world.stopWorks = false;
    let refused: unknown = null;
    running.end(0).catch((thrown: unknown) => {
      refused = thrown;
    });
    await world.clock.advance(3000);
    expect(String(refused)).toMatch(/status still says that the instance runs/);
    expect([ended, runner.launched]).toEqual([false, true]);
    world.stopWorks = true;
    await running.end(0);
    expect([ended, runner.launched]).toEqual([true, false]);
  });

  it('without a status is gone when stop ended well, and only then', async () => {
    const { world, runner } = scene(false);
    const running = await runner.start(4000);
    world.stopWorks = false;
    await expect(running.end(0)).rejects.toThrow(/may still be there/);
    world.stopWorks = true;
    await running.end(0);
    expect(runner.launched).toBe(false);
  });

  it('is found again by a new host, or taken away when it is gone', async () => {
    const trace = { identity: null, port: 4000, launched: true };
    const { world, runner } = scene();
    world.running = true;
    expect(await runner.lives(trace)).toBe(true);
    const running = await runner.adopt(trace);
    expect([running?.identity, world.calls]).toEqual([null, []]);
    const other = scene();
    expect(await other.runner.adopt(trace)).toBeNull();
    await other.runner.clear();
    expect(other.world.calls).toEqual(['stop 4000']);
    expect(await other.runner.adopt({ ...trace, launched: false })).toBeNull();
    expect(await other.runner.lives({ ...trace, port: null })).toBe(false);
  });
});

it('an instance has a name that a container can bear', () => {
  expect(instanceName({ service: 'shop', environment: 'production' }, '1.0.0+b-abc', 'i2')).toBe(
    'shop-production-1.0.0-b-abc-i2',
  );
});
