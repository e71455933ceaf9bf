import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toDeployError } from '../../src/model/deploy-error.ts';
import type { Revision } from '../../src/model/revision.ts';
import type { PlacedRevision } from '../../src/model/target.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { createHaproxyTarget } from '../../src/targets/haproxy/haproxy-target.ts';
import { splitKey } from '../../src/targets/haproxy/split-value.ts';
import { createHaproxyPlace, type HaproxyPlace } from '../fixtures/haproxy-place.ts';
import { createKeepAliveClient, type KeepAliveClient } from '../fixtures/keep-alive-client.ts';
import { haproxyBinary, waitFor } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-driver.test.ts: haproxy is not installed (apt-get install haproxy)');

const signal = new AbortController().signal;
const clock = createSystemClock();
let place: HaproxyPlace;
let client: KeepAliveClient;
let one: Revision;
let two: Revision;

beforeAll(async () => {
  if (missing) return;
  place = await createHaproxyPlace();
  [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
  await place.ship(one);
});
afterAll(async () => {
  if (!missing) await place.close();
});
beforeEach(() => {
  client = createKeepAliveClient();
});
afterEach(() => client.close());

const traffic = () => {
  const found = place.target.traffic;
  if (found === undefined) throw new Error('no traffic');
  return found;
};
const weight = (of: Revision, weightPercent: number): Promise<void> =>
  traffic().setWeight({ revisionId: of.id, weightPercent }, place.act());
const find = async (of: Revision): Promise<PlacedRevision | undefined> =>
  (await place.target.inspect(signal)).revisions.find((placed) => placed.revision.id === of.id);
const codeOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'done',
    (thrown: unknown) => toDeployError(thrown).code,
  );
/** Share of new users that a revision really gets. */
const shareOf = async (of: Revision, times = 1000): Promise<number> => {
  const answers = await client.many(times, () => client.get(place.haproxy.url));
  expect(answers.filter((answer) => answer.status !== 200)).toEqual([]);
  return answers.filter((answer) => answer.revision === of.id).length / times;
};

describe.skipIf(missing)('the haproxy target under load', () => {
  it('raises, promotes, goes back and retires through five reloads, and loses nothing', async () => {
    const loads = [
      client.startLoad(place.haproxy.url),
      client.startLoad(`${place.haproxy.url}/slow?ms=80`, 10),
      client.startLoad(`${place.haproxy.url}/echo`, 5, 'POST'),
    ];
    for (let round = 0; round < 5; round += 1) {
      await place.target.provision({ revision: two, instances: 2 }, place.act());
      for (const percent of [5, 25, 50, 100]) {
        await weight(two, percent);
        if (percent === 50) await place.haproxy.reload();
      }
      if (round % 2 === 0) await weight(two, 0);
      else {
        await place.target.promote({ revision: two, standbyMs: 60_000 }, place.act());
        await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      }
      expect(await traffic().drain({ revisionId: two.id, deadlineMs: 5000 }, place.act())).toEqual({ cut: 0 });
      await place.target.retire({ revisionId: two.id }, place.act());
    }
    await Promise.all(loads.map((load) => load.stop()));
    console.info(`requests through the changes: ${loads.map((load) => load.requests()).join(', ')}`);
    expect(loads.flatMap((load) => load.failures)).toEqual([]);
    expect((await place.target.inspect(signal)).cut).toBe(0);
  });

  it('replaces instances one by one, forth and back, and loses nothing', async () => {
    const loads = [
      client.startLoad(`${place.haproxy.url}/slow?ms=60`),
      client.startLoad(`${place.haproxy.url}/echo`, 5, 'POST'),
    ];
    const replace = (candidateInstances: number, stableInstances: number) =>
      place.target.batches?.replaceBatch({ candidate: two, candidateInstances, stableInstances }, place.act());
    for (const [candidates, stables] of [
      [1, 1],
      [2, 0],
      [1, 1],
      [0, 2],
    ] as const) {
      await replace(candidates, stables);
      expect([(await find(two))?.instances.length ?? 0, (await find(one))?.instances.length ?? 0]).toEqual([
        candidates,
        stables,
      ]);
      expect((await find(two))?.weightPercent ?? 0).toBe(50 * candidates);
      await clock.sleep(150);
    }
    await place.target.retire({ revisionId: two.id }, place.act());
    await Promise.all(loads.map((load) => load.stop()));
    expect(loads.flatMap((load) => load.failures)).toEqual([]);
  });

  it('takes users off a candidate within milliseconds', async () => {
    await place.target.provision({ revision: two, instances: 2 }, place.act());
    const [obeyed, readBack]: [number[], number[]] = [[], []];
    const isBack = async (): Promise<boolean> => {
      const [entry] = await place.haproxy.api.mapEntries(place.haproxy.settings.splitMap, signal);
      return /^(0|10000):/.test(entry?.value ?? '');
    };
    for (let round = 0; round < 20; round += 1) {
      await weight(two, 25);
      const begun = clock.monotonic();
      const change = weight(two, 0).then(() => readBack.push(clock.monotonic() - begun));
      while (!(await isBack())) await clock.sleep(1);
      obeyed.push(clock.monotonic() - begun);
      await change;
      const answers = await client.many(50, () => client.get(place.haproxy.url));
      expect(answers.filter((answer) => answer.revision !== one.id)).toEqual([]);
    }
    const [median, told] = [obeyed, readBack]
      .map((all) => all.sort((left, right) => left - right))
      .map((all) => all[10]);
    console.info(`0 % in HAProxy: median ${median?.toFixed(1)} ms; read back: median ${told?.toFixed(1)} ms`);
    expect(median).toBeLessThan(50);
  });

  it('gives new users to the candidate in the share that it reads back', async () => {
    await weight(two, 25);
    expect(Math.abs((await shareOf(two, 2000)) - 0.25)).toBeLessThan(0.04);
    await weight(two, 0);
    expect(await shareOf(two, 200)).toBe(0);
  });
});

describe.skipIf(missing)('an instance that dies', () => {
  it('comes back at its port, so that HAProxy finds it again', async () => {
    const [instance] = (await find(one))?.instances ?? [];
    if (instance?.pid == null) throw new Error('no instance');
    process.kill(instance.pid, 'SIGKILL');
    await waitFor('the restart', async () => {
      const again = (await find(one))?.instances.find(({ id }) => id === instance.id);
      return again?.state === 'ready' && again.restarts > 0;
    });
    expect((await find(one))?.instances.find(({ id }) => id === instance.id)?.url).toBe(instance.url);
    await waitFor('HAProxy to see it', async () => {
      const servers = await place.haproxy.api.serversState('shop_b', signal);
      const others = await place.haproxy.api.serversState('shop_a', signal);
      return (
        [...servers, ...others].filter((one) => one.admin === 'ready' && one.operational === 'running').length === 2
      );
    });
    expect(await shareOf(one, 100)).toBe(1);
  });
});

describe.skipIf(missing)('a change by somebody else', () => {
  const foreign = (value: string) =>
    place.haproxy.api.setMapValue(place.haproxy.settings.splitMap, { key: splitKey, value }, signal);
  const other = (): HaproxyPlace['target'] =>
    createHaproxyTarget({ ...place.options, spec: { ...place.options.spec, onForeignChange: 'abort' } });

  it('is told by inspect, and undone before more users are moved', async () => {
    await weight(two, 10);
    const token = (await place.target.inspect(signal)).token;
    await foreign('5000:other');
    expect((await find(two))?.weightPercent).toBe(50);
    expect((await place.target.inspect(signal)).token).not.toBe(token);
    await weight(two, 10);
    expect((await find(two))?.weightPercent).toBe(10);
  });

  it('stops the way forward where that is configured, and never the way back', async () => {
    const strict = other();
    await foreign('4000:other');
    const seen = (await find(two))?.weightPercent;
    expect([40, 60]).toContain(seen);
    const request = { revisionId: two.id, weightPercent: 30 };
    expect(await codeOf(strict.traffic?.setWeight(request, place.act()) ?? Promise.resolve())).toBe('TARGET_CHANGED');
    expect((await find(two))?.weightPercent).toBe(seen);
    await strict.traffic?.setWeight({ revisionId: two.id, weightPercent: 0 }, place.act());
    expect(await shareOf(two, 200)).toBe(0);
    await strict.traffic?.setWeight(request, place.act());
    expect((await find(two))?.weightPercent).toBe(30);
  });

  it('is no change when it was a reload that kept everything', async () => {
    const token = (await place.target.inspect(signal)).token;
    await place.haproxy.reload();
    expect((await place.target.inspect(signal)).token).toBe(token);
    await other().traffic?.setWeight({ revisionId: two.id, weightPercent: 40 }, place.act());
    expect((await find(two))?.weightPercent).toBe(40);
  });

  it('is undone also when a reload lost the servers', async () => {
    writeFileSync(place.haproxy.settings.stateFile, '1\n');
    await place.haproxy.reload();
    expect((await find(two))?.weightPercent).toBe(0);
    await weight(two, 50);
    expect([(await find(one))?.weightPercent, (await find(two))?.weightPercent]).toEqual([50, 50]);
    expect(Math.abs((await shareOf(two)) - 0.5)).toBeLessThan(0.07);
    await weight(two, 0);
  });
});

describe.skipIf(missing)('a step that was cut short', () => {
  it('is finished by its repetition, wherever it was cut', async () => {
    for (let cutAtMs = 0; cutAtMs < 40; cutAtMs += 4) {
      const percent = 10 + cutAtMs;
      const stopped = place.act({ signal: AbortSignal.timeout(cutAtMs) });
      await traffic()
        .setWeight({ revisionId: two.id, weightPercent: percent }, stopped)
        .catch(() => undefined);
      // Another process goes on, and takes what it finds for unfinished work and not for a foreign change.
      const next = createHaproxyTarget({ ...place.options, spec: { ...place.options.spec, onForeignChange: 'abort' } });
      await next.traffic?.setWeight({ revisionId: two.id, weightPercent: percent }, place.act());
      expect([(await find(one))?.weightPercent, (await find(two))?.weightPercent]).toEqual([100 - percent, percent]);
    }
    await weight(two, 0);
  });
});

describe.skipIf(missing)('what is still open at the deadline of a drain', () => {
  it('is waited for, then cut and counted', async () => {
    await weight(two, 100);
    const slow = client.get(`${place.haproxy.url}/slow?ms=600`);
    const late = client.get(`${place.haproxy.url}/slow?ms=9000`).then(
      (answer) => answer.status,
      () => 'cut',
    );
    await waitFor('both', async () => (await find(two))?.inFlight === 2);
    await weight(two, 0);
    const request = { revisionId: two.id, deadlineMs: 1500 };
    expect(await traffic().drain(request, place.act())).toEqual({ cut: 1 });
    expect((await slow).status).toBe(200);
    expect(await late).not.toBe(200);
    expect((await place.target.inspect(signal)).cut).toBe(1);
    expect(await traffic().drain(request, place.act())).toEqual({ cut: 0 });
  });
});

describe.skipIf(missing)('what HAProxy lacks', () => {
  const at = (changes: Partial<HaproxyPlace['options']['spec']>) =>
    createHaproxyTarget({ ...place.options, spec: { ...place.options.spec, ...changes } });

  it('is named: no engine, no map, no backend, no room', async () => {
    expect(await codeOf(at({ socket: '/tmp/seatrial-nobody.sock' }).inspect(signal))).toBe('TARGET_UNREACHABLE');
    expect(await codeOf(at({ splitMap: '/etc/haproxy/none.map' }).inspect(signal))).toBe('TARGET_REFUSED');
    expect(await codeOf(at({ slots: { a: 'shop_a', b: 'none' } }).inspect(signal))).toBe('TARGET_REFUSED');
    const request = { revision: place.revision('3.0.0'), instances: 4 };
    expect(await codeOf(place.target.provision(request, place.act()))).toBe('TARGET_REFUSED');
  });
});
