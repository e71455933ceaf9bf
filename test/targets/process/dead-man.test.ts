import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostUp } from '../../../src/local-host/host-control.ts';
import type { DeadManOrder } from '../../../src/model/dead-man.ts';
import type { Revision } from '../../../src/model/revision.ts';
import { identityOf, type ProcessIdentity } from '../../../src/system/process-identity.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createProcessPlace, type ProcessPlace, runs } from '../../fixtures/process-place.ts';

/** What is seen is what users get; the owners are processes that really die or stop. */
describe('the dead-man rollback of a local host', () => {
  let place: ProcessPlace;
  let owner: ChildProcess;
  const signal = new AbortController().signal;
  beforeEach(async () => {
    place = await createProcessPlace();
    owner = spawn('sleep', ['300'], { stdio: 'ignore' });
  });
  afterEach(async () => {
    owner.kill('SIGKILL');
    await place.close();
  });

  const control = () => {
    const { deadMan } = place.target;
    if (deadMan === undefined) throw new Error('no dead-man');
    return deadMan;
  };
  const owners = async (): Promise<ProcessIdentity[]> => {
    const identity = await identityOf(owner.pid ?? 0);
    if (identity === null) throw new Error('the owner does not run');
    return [identity];
  };
  const woken = (): boolean => existsSync(join(place.hostDirectory, 'woken'));
  const arm = async (candidate: Revision, changes: Partial<DeadManOrder> = {}): Promise<DeadManOrder> => {
    const program = {
      argv: [process.execPath, '-e', "require('node:fs').writeFileSync('woken', '')"],
      cwd: place.hostDirectory,
      env: {},
      logFile: join(place.hostDirectory, 'wake.log'),
    };
    const order: DeadManOrder = {
      runId: 'run',
      fence: 5,
      candidateId: candidate.id,
      stableId: '1.0.0-abcdef012345',
      instances: 2,
      does: 'roll_back',
      holdMs: 60_000,
      owners: await owners(),
      wake: program,
      reroute: { ...program, argv: [process.execPath, '-e', 'process.exit(1)'] },
      ...changes,
    };
    await control().arm(order, place.act({ fence: order.fence }));
    return order;
  };
  const shareOf = async (version: string): Promise<number> => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(place.url)));
    return answers.filter((answer) => answer.headers['x-app-version'] === version).length / answers.length;
  };
  const half = async (): Promise<{ one: Revision; two: Revision }> => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one);
    await place.target.provision({ revision: two, instances: 1 }, place.act({ fence: 5 }));
    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 50 }, place.act({ fence: 5 }));
    return { one, two };
  };
  const fired = async () => (await control().read(signal))?.fired ?? null;

  it('takes users back when the owners are gone, wakes the watchdog, and lets only a later owner move them again', async () => {
    const { two } = await half();
    await arm(two);
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(await fired()).toBeNull();
    expect(await shareOf('2.0.0')).toBeGreaterThan(0);
    owner.kill('SIGKILL');
    await eventually(async () => (await shareOf('1.0.0')) === 1, 30_000);
    await eventually(woken, 30_000);
    expect(await fired()).toMatchObject({ runId: 'run', fence: 5, did: 'rolled_back' });
    await eventually(async () => (await control().read(signal))?.armed === null, 30_000);
    const again = (fence: number) =>
      place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 50 }, place.act({ fence }));
    await expect(again(5)).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
    await expect(place.target.promote({ revision: two, standbyMs: 0 }, place.act({ fence: 5 }))).rejects.toMatchObject({
      code: 'TARGET_REFUSED',
    });
    await again(6);
    expect(await shareOf('2.0.0')).toBeGreaterThan(0);
  }, 90_000);

  it('fires for owners that are stopped, and for nobody who renews', async () => {
    const { two } = await half();
    const { runId, fence } = await arm(two, { holdMs: 2500 });
    for (let turn = 0; turn < 12; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await control().renew({ runId, fence, owners: await owners() }, signal);
    }
    expect(await fired()).toBeNull();
    owner.kill('SIGSTOP');
    await eventually(async () => (await shareOf('1.0.0')) === 1, 30_000);
    // What holds the run and does not work is ended, so that somebody else can close it.
    await eventually(() => owner.signalCode === 'SIGKILL', 30_000);
    await eventually(woken, 30_000);
    const identity = [{ pid: 1, start: '1', boot: 'b' }];
    const told = await control().renew({ runId, fence, owners: identity }, signal);
    expect(told.fired).toMatchObject({ reason: expect.stringMatching(/nobody had attended to the run for \d+ s/) });
  }, 90_000);

  it('refuses an older owner, and does nothing once it is disarmed', async () => {
    const { two } = await half();
    const { runId, fence } = await arm(two);
    await expect(arm(two, { fence: 4 })).rejects.toMatchObject({ code: 'TARGET_FENCED' });
    await expect(control().renew({ runId, fence: 4, owners: await owners() }, signal)).rejects.toMatchObject({
      code: 'TARGET_FENCED',
    });
    await expect(control().disarm({ runId, fence: 4 }, signal)).rejects.toMatchObject({ code: 'TARGET_FENCED' });
    expect((await control().read(signal))?.armed).toMatchObject({ runId, fence });
    await control().disarm({ runId, fence }, signal);
    owner.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 5000));
    expect(await fired()).toBeNull();
    expect(await shareOf('2.0.0')).toBeGreaterThan(0);
  }, 90_000);

  it('lives on in the next host, which fires for owners that are gone by then', async () => {
    const { two } = await half();
    await arm(two);
    const host = await place.hostPid();
    process.kill(host, 'SIGKILL');
    owner.kill('SIGKILL');
    await eventually(() => !runs(host));
    expect((await control().read(signal))?.armed).toMatchObject({ runId: 'run', fence: 5 });
    await hostUp(place.target, signal);
    await eventually(async () => (await shareOf('1.0.0')) === 1, 30_000);
    await eventually(woken, 30_000);
  }, 90_000);

  it('leaves users where they are when the migration cannot be undone', async () => {
    const { two } = await half();
    await arm(two, { does: 'freeze' });
    owner.kill('SIGKILL');
    await eventually(woken, 30_000);
    expect(await fired()).toMatchObject({ did: 'frozen' });
    expect(await shareOf('2.0.0')).toBeGreaterThan(0);
  }, 90_000);

  it('does not undo a promotion', async () => {
    const { two } = await half();
    await arm(two);
    await place.target.promote({ revision: two, standbyMs: 0 }, place.act({ fence: 5 }));
    owner.kill('SIGKILL');
    await eventually(woken, 30_000);
    expect(await fired()).toMatchObject({ did: 'nothing' });
    expect(await shareOf('2.0.0')).toBe(1);
  }, 90_000);

  it('brings stable instances back before users, where a rolling replacement had taken them', async () => {
    const { one, two } = await half();
    await arm(two);
    const whole = { candidate: two, candidateInstances: 2, stableInstances: 0 };
    await place.target.batches?.replaceBatch(whole, place.act({ fence: 5 }));
    expect(await shareOf('2.0.0')).toBe(1);
    owner.kill('SIGKILL');
    let unanswered = 0;
    await eventually(async () => {
      const answer = await ask(place.url);
      if (answer.status !== 200) unanswered += 1;
      return answer.headers['x-app-version'] === '1.0.0';
    }, 30_000);
    expect(unanswered).toBe(0);
    await eventually(async () => {
      const found = (await place.target.inspect(signal)).revisions.find(({ revision }) => revision.id === one.id);
      return found?.instances.filter(({ state }) => state === 'ready').length === 2;
    }, 30_000);
  }, 90_000);

  it('on a first deploy goes back to nothing, which is what served before', async () => {
    const one = place.revision('1.0.0');
    await place.target.provision({ revision: one, instances: 2 }, place.act({ fence: 5 }));
    await place.target.traffic?.setWeight({ revisionId: one.id, weightPercent: 100 }, place.act({ fence: 5 }));
    await arm(one, { stableId: null });
    expect(await shareOf('1.0.0')).toBe(1);
    owner.kill('SIGKILL');
    await eventually(async () => (await ask(place.url)).status === 503, 30_000);
    await eventually(woken, 30_000);
  }, 90_000);
});
