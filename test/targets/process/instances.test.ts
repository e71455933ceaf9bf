import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { hostDown } from '../../../src/local-host/host-control.ts';
import { DeployError } from '../../../src/model/deploy-error.ts';
import type { Revision } from '../../../src/model/revision.ts';
import type { PlacedRevision } from '../../../src/model/target.ts';
import type { TrafficFrame } from '../../../src/model/traffic.ts';
import { createProcessTarget } from '../../../src/targets/process/process-target.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createProcessPlace, type ProcessPlace, runs } from '../../fixtures/process-place.ts';

let place: ProcessPlace;
afterEach(() => place.close());

const signal = new AbortController().signal;
const find = async (revision: Revision): Promise<PlacedRevision | undefined> =>
  (await place.target.inspect(signal)).revisions.find((placed) => placed.revision.id === revision.id);
const pidsOf = async (revision: Revision): Promise<number[]> =>
  ((await find(revision))?.instances ?? []).map((instance) => instance.pid).filter((pid) => pid !== null);
const thrownBy = async (act: Promise<unknown>): Promise<DeployError> => {
  const thrown = await act.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof DeployError)) throw new Error(`expected a DeployError, got ${String(thrown)}`);
  return thrown;
};

/** Frames of the feed as they come, until `stop`. */
function listen() {
  const ending = new AbortController();
  const frames: TrafficFrame[] = [];
  const running = (async () => {
    for await (const frame of place.target.feed?.frames({ sinceMs: 0, signal: ending.signal }) ?? [])
      frames.push(frame);
  })();
  return {
    frames,
    events: (what: string) => frames.flatMap((frame) => frame.instances).filter((event) => event.what === what),
    stop: async () => {
      ending.abort();
      await running;
    },
  };
}

describe('instances', () => {
  it('that crash are out of the table at once, reported with code and log, and come back', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 2);
    const feed = listen();
    const before = await pidsOf(one);
    await ask(`${place.url}/crash`).catch(() => undefined);
    const replies = await Promise.all(Array.from({ length: 50 }, () => ask(place.url, { method: 'POST' })));
    expect(replies.every((reply) => reply.status === 200)).toBe(true);
    await eventually(() => feed.events('exited').length === 1);
    expect(feed.events('exited')[0]).toMatchObject({
      revisionId: one.id,
      code: 7,
      signal: null,
      excerpt: 'listening, 1.0.0',
    });
    await eventually(
      async () => (await find(one))?.instances.filter((instance) => instance.state === 'ready').length === 2,
    );
    const after = (await find(one))?.instances ?? [];
    expect(after.filter((instance) => !before.includes(instance.pid ?? 0))).toHaveLength(1);
    expect(after.map((instance) => instance.restarts).sort()).toEqual([0, 1]);
    expect(after.find((instance) => instance.restarts === 1)?.lastExit).toMatchObject({ code: 7, oom: false });
    await feed.stop();
  });

  it('that are unhealthy get no requests until they are healthy; the last one of stable stays', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 2);
    const feed = listen();
    const sick = JSON.parse((await ask(place.url)).body).pid;
    const url = (await find(one))?.instances.find((instance) => instance.pid === sick)?.url;
    await ask(`${url}/sick`);
    await eventually(() => feed.events('unhealthy').length === 1);
    const seen = new Set<number>();
    for (let index = 0; index < 20; index += 1) seen.add(JSON.parse((await ask(place.url)).body).pid);
    expect(seen.has(sick)).toBe(false);
    await ask(`${place.url}/sick`);
    await eventually(() => feed.events('unhealthy').length === 2);
    expect((await ask(place.url)).status).toBe(200);
    await feed.stop();
  });

  it('that crash on start give up after three times, with the reason, and nobody was sent there', async () => {
    place = await createProcessPlace();
    const [one, bad] = [place.revision('1.0.0'), place.revision('2.0.0', { crashOnStart: true })];
    await place.ship(one, 1);
    const feed = listen();
    const error = await thrownBy(place.target.provision({ revision: bad, instances: 1 }, place.act()));
    expect(error.code).toBe('PROVISION_FAILED');
    expect(error.message).toBe('2.0.0 did not become healthy: it ended with exit code 3, also after 2 restarts');
    expect(error.remedy).toContain('cannot start: no database');
    await eventually(() => feed.events('gave_up').length === 1);
    expect(feed.events('exited')).toHaveLength(3);
    expect(feed.events('ready').filter((event) => event.revisionId === bad.id)).toEqual([]);
    expect(feed.frames.flatMap((frame) => frame.cells).filter((cell) => cell.revisionId === bad.id)).toEqual([]);
    await feed.stop();
  });

  it('that ignore SIGTERM are killed after the stop time and hang nobody', async () => {
    place = await createProcessPlace({ stop: '300ms' });
    const [one, two] = [place.revision('1.0.0', { hangOnTerm: true }), place.revision('2.0.0', { hangOnTerm: true })];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    const pids = [...(await pidsOf(one)), ...(await pidsOf(two))];
    const startedMs = performance.now();
    await place.target.retire({ revisionId: two.id }, place.act());
    expect(performance.now() - startedMs).toBeLessThan(2000);
    const status = await hostDown(place.target, AbortSignal.timeout(10_000));
    expect(status.up).toBe(false);
    expect(pids.map(runs)).toEqual([false, false]);
  });

  it('of a revision that is known are started as it was, whatever the configuration has become', async () => {
    place = await createProcessPlace({}, { env: { set: { COLOUR: 'green' } } });
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 2);
    const { spec, revisionSpec } = place.options;
    const configured = (prepare: string[][]) =>
      createProcessTarget({
        ...place.options,
        spec: { ...spec, command: [...(spec.command ?? []), '--new'] },
        revisionSpec: { ...revisionSpec, prepare, env: { ...revisionSpec.env, set: { COLOUR: 'red' } } },
      });
    const target = configured([]);
    const replace = (candidateInstances: number, stableInstances: number) =>
      target.batches?.replaceBatch({ candidate: two, candidateInstances, stableInstances }, place.act());
    const launches = async (revision: Revision): Promise<unknown[]> =>
      (await pidsOf(revision)).map((pid) => [
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--new'),
        /COLOUR=\w+/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[0],
      ]);
    await replace(1, 1);
    await replace(2, 0);
    expect(await launches(two)).toEqual(Array(2).fill([true, 'COLOUR=red']));
    await replace(0, 2);
    expect(await launches(one)).toEqual(Array(2).fill([false, 'COLOUR=green']));
    expect((await find(one))?.weightPercent).toBe(100);
    await configured([['false']]).provision({ revision: one, instances: 3 }, place.act());
    expect(await launches(one)).toEqual(Array(3).fill([false, 'COLOUR=green']));
  });

  it('of a program that does not exist are reported by name', async () => {
    place = await createProcessPlace({ command: ['/no/such/program'] });
    const error = await thrownBy(
      place.target.provision({ revision: place.revision('1.0.0'), instances: 1 }, place.act()),
    );
    expect(error.code).toBe('PROVISION_FAILED');
    expect(error.remedy).toContain('"/no/such/program" was not found');
  });

  it('get PORT and what is named, and nothing else; state and logs are closed to others', async () => {
    process.env['SEATRIAL_TEST_SECRET'] = 'do not hand on';
    place = await createProcessPlace({}, { env: { set: { COLOUR: 'green' } } });
    const one = place.revision('1.0.0');
    await place.ship(one, 1);
    const [pid] = await pidsOf(one);
    const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .map((entry) => entry.split('=')[0]);
    expect(names).toContain('PORT');
    expect(names).toContain('COLOUR');
    expect(names).not.toContain('SEATRIAL_TEST_SECRET');
    expect(statSync(join(place.hostDirectory, 'state.json')).mode & 0o077).toBe(0);
    expect(statSync(join(place.hostDirectory, 'control.sock')).mode & 0o077).toBe(0);
    expect(statSync(join(place.hostDirectory, 'logs', one.id, 'i1.log')).mode & 0o077).toBe(0);
  });
});

describe('the host', () => {
  it('says which port is in use, and leaves nothing running', async () => {
    place = await createProcessPlace();
    const other = createServer();
    other.listen(place.port, '127.0.0.1');
    await once(other, 'listening');
    const error = await thrownBy(
      place.target.provision({ revision: place.revision('1.0.0'), instances: 1 }, place.act()),
    );
    expect(error.code).toBe('PORT_IN_USE');
    expect(error.message).toContain(String(place.port));
    other.close();
    expect((await place.target.inspect(signal)).up).toBe(false);
  });

  it('feeds counts within 250 ms, totals per arrival cell, and ends with an error when the host dies', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0', { headerVersion: 'wrong' });
    await place.ship(one, 1);
    const frames: TrafficFrame[] = [];
    const gaps: number[] = [];
    let lastMs = 0;
    const reading = (async () => {
      for await (const frame of place.target.feed?.frames({ sinceMs: 0, signal }) ?? []) {
        if (lastMs > 0) gaps.push(performance.now() - lastMs);
        lastMs = performance.now();
        frames.push(frame);
      }
    })().catch((error: unknown) => error);
    for (let index = 0; index < 40; index += 1) await ask(`${place.url}${index % 4 === 0 ? '/error' : '/'}`);
    await eventually(() => totals(frames).arrivals === 40);
    expect(totals(frames)).toEqual({ arrivals: 40, failed: 10, completed: 40, mismatched: 40 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(Math.max(...gaps)).toBeLessThan(600);
    process.kill(await place.hostPid(), 'SIGKILL');
    expect(await reading).toMatchObject({ code: 'TARGET_UNREACHABLE' });
  });
});

/** Sum over the newest state of every cell. */
function totals(frames: readonly TrafficFrame[]) {
  const cells = new Map(
    frames.flatMap((frame) => frame.cells).map((cell) => [`${cell.atMs} ${cell.revisionId} ${cell.stratum}`, cell]),
  );
  const sum = { arrivals: 0, failed: 0, completed: 0, mismatched: 0 };
  for (const cell of cells.values()) {
    sum.arrivals += cell.arrivals;
    sum.failed += cell.failed;
    sum.completed += cell.completed;
    sum.mismatched += cell.mismatched;
  }
  return sum;
}
