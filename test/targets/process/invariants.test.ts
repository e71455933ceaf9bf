import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revision } from '../../../src/model/revision.ts';
import type { PlacedRevision } from '../../../src/model/target.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createProcessPlace, type ProcessPlace, runs } from '../../fixtures/process-place.ts';
import { openWebsocket } from '../../fixtures/websocket-client.ts';

let place: ProcessPlace;
beforeEach(async () => {
  place = await createProcessPlace();
});
afterEach(() => place.close());

const signal = new AbortController().signal;
const find = async (revision: Revision): Promise<PlacedRevision | undefined> =>
  (await place.target.inspect(signal)).revisions.find((placed) => placed.revision.id === revision.id);
const traffic = () => {
  const { traffic: control } = place.target;
  if (control === undefined) throw new Error('no traffic control');
  return control;
};

/** Requests one after another on several lanes until stopped; remembers every answer that was not a 200. */
function flow(lanes = 4) {
  const bad: string[] = [];
  let sent = 0;
  let going = true;
  const lane = async (): Promise<void> => {
    while (going) {
      sent += 1;
      const post = sent % 3 === 0;
      const reply = await ask(`${place.url}${post ? '/echo' : '/'}`, post ? { method: 'POST', body: 'x' } : {}).catch(
        (error: Error) => error,
      );
      if (reply instanceof Error) bad.push(reply.message);
      else if (reply.status !== 200) bad.push(`${reply.status} ${reply.body}`);
    }
  };
  const running = Array.from({ length: lanes }, lane);
  return {
    stop: async () => {
      going = false;
      await Promise.all(running);
      return { sent, bad };
    },
  };
}

describe('zero lost requests', () => {
  it('I1 a request is in flight from the moment its instance is chosen, so that the instance is not stopped under it', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    const slow = Array.from({ length: 20 }, () => ask(`${place.url}/slow?ms=700`));
    await eventually(async () => (await find(one))?.inFlight === 20);
    await place.target.promote({ revision: two, standbyMs: 0 }, place.act());
    await place.target.retire({ revisionId: one.id }, place.act());
    const replies = await Promise.all(slow);
    expect(replies.every((reply) => reply.status === 200 && reply.headers['x-seatrial-revision'] === one.id)).toBe(
      true,
    );
    expect((await place.target.inspect(signal)).cut).toBe(0);
  });

  it('I2 a new revision answers through the proxy before it gets weight, and gets none when it does not', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0', { startDelayMs: 400 })];
    await place.ship(one, 1);
    const provisioning = place.target.provision({ revision: two, instances: 1 }, place.act());
    await eventually(async () => (await find(two)) !== undefined);
    await expect(traffic().setWeight({ revisionId: two.id, weightPercent: 5 }, place.act())).rejects.toThrow(
      /through the proxy/,
    );
    expect((await find(two))?.weightPercent).toBe(0);
    await provisioning;
    const direct = await place.target.candidateUrl(two.id, signal);
    const reply = await ask(direct ?? '');
    expect(reply.headers['x-seatrial-revision']).toBe(two.id);
    expect(JSON.parse(reply.body).version).toBe('2.0.0');
    await traffic().setWeight({ revisionId: two.id, weightPercent: 5 }, place.act());
    expect((await find(two))?.weightPercent).toBe(5);
  });

  it('I3 weight moves first and the proxy is seen to follow, then drain, then stop', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    await traffic().setWeight({ revisionId: two.id, weightPercent: 100 }, place.act());
    for (let index = 0; index < 20; index += 1)
      expect((await ask(place.url)).headers['x-seatrial-revision']).toBe(two.id);
    await expect(place.target.retire({ revisionId: two.id }, place.act())).rejects.toThrow(/still has 100 %/);
    await expect(traffic().drain({ revisionId: two.id, deadlineMs: 10 }, place.act())).rejects.toThrow(
      /still has 100 %/,
    );
    const pid = (await find(one))?.instances[0]?.pid;
    expect(runs(pid)).toBe(true);
    expect(await traffic().drain({ revisionId: one.id, deadlineMs: 1000 }, place.act())).toEqual({ cut: 0 });
    expect(runs(pid)).toBe(true);
  });

  it('I4 the old revision keeps its full capacity until it is retired', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 2);
    const before = (await find(one))?.instances.map((instance) => instance.pid);
    await place.target.provision({ revision: two, instances: 2 }, place.act());
    for (const weightPercent of [5, 50, 100]) {
      await traffic().setWeight({ revisionId: two.id, weightPercent }, place.act());
      expect((await find(one))?.instances.map((instance) => [instance.state, instance.pid])).toEqual(
        before?.map((pid) => ['ready', pid]),
      );
    }
    await place.target.promote({ revision: two, standbyMs: 60_000 }, place.act());
    expect((await find(one))?.instances.filter((instance) => instance.state === 'ready')).toHaveLength(2);
  });

  it('I5 every change is read back, and doing it again changes nothing', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    const twice = async (act: () => Promise<unknown>): Promise<void> => {
      await act();
      const first = await place.target.inspect(signal);
      await act();
      expect(await place.target.inspect(signal)).toEqual(first);
    };
    await twice(() => place.target.provision({ revision: two, instances: 1 }, place.act()));
    await twice(() => traffic().setWeight({ revisionId: two.id, weightPercent: 33.33 }, place.act()));
    await twice(() => place.target.promote({ revision: two, standbyMs: 0 }, place.act()));
    await twice(() => traffic().drain({ revisionId: one.id, deadlineMs: 100 }, place.act()));
    await twice(() => place.target.retire({ revisionId: one.id }, place.act()));
  });

  it('I6 the way back begins with the weights and never waits for the new version', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0', { hangOnTerm: true })];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    await traffic().setWeight({ revisionId: two.id, weightPercent: 100 }, place.act());
    const stuck = ask(`${place.url}/slow?ms=1500`);
    await eventually(async () => (await find(two))?.inFlight === 1);
    const startedMs = performance.now();
    await traffic().setWeight({ revisionId: two.id, weightPercent: 0 }, place.act());
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect((await ask(place.url)).headers['x-seatrial-revision']).toBe(one.id);
    expect((await stuck).status).toBe(200);
    await place.target.retire({ revisionId: two.id }, place.act());
    expect(await find(two)).toBeUndefined();
  });

  it('I7 requests get the whole drain time, and those that are cut then are counted', async () => {
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    const [short, long] = [
      ask(`${place.url}/slow?ms=300`),
      ask(`${place.url}/slow?ms=1900`).catch((error: Error) => error.message),
    ];
    const socket = await openWebsocket(place.url);
    await eventually(async () => (await find(one))?.inFlight === 3);
    await place.target.promote({ revision: two, standbyMs: 0 }, place.act());
    expect(await traffic().drain({ revisionId: one.id, deadlineMs: 700 }, place.act())).toEqual({ cut: 1 });
    expect((await short).status).toBe(200);
    expect(await long).toMatch(/hang up|reset/);
    await place.target.retire({ revisionId: one.id }, place.act());
    expect(await socket.closed).toBe(1012);
    expect((await place.target.inspect(signal)).cut).toBe(2);
  });

  it('loses nothing under load through canary, promotion, retirement, rolling and the way back', async () => {
    const [one, two, three] = [place.revision('1.0.0'), place.revision('2.0.0'), place.revision('3.0.0')];
    await place.ship(one);
    const load = flow();
    await place.target.provision({ revision: two, instances: 2 }, place.act());
    for (const weightPercent of [5, 50, 0, 100])
      await traffic().setWeight({ revisionId: two.id, weightPercent }, place.act());
    await place.target.promote({ revision: two, standbyMs: 0 }, place.act());
    await place.target.retire({ revisionId: one.id }, place.act());
    const replace = (candidateInstances: number, stableInstances: number) =>
      place.target.batches?.replaceBatch({ candidate: three, candidateInstances, stableInstances }, place.act());
    await replace(1, 1);
    await replace(2, 0);
    await replace(1, 1);
    await replace(0, 2);
    const { sent, bad } = await load.stop();
    expect(bad).toEqual([]);
    expect(sent).toBeGreaterThan(500);
    expect((await place.target.inspect(signal)).cut).toBe(0);
  });
});
