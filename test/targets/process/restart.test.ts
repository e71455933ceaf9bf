import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { hostDown, hostStatus, hostUp } from '../../../src/local-host/host-control.ts';
import type { Revision } from '../../../src/model/revision.ts';
import type { PlacedRevision } from '../../../src/model/target.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createProcessPlace, hostLog, type ProcessPlace, runs } from '../../fixtures/process-place.ts';
import { openWebsocket } from '../../fixtures/websocket-client.ts';

let place: ProcessPlace;
afterEach(() => place.close());

const signal = new AbortController().signal;
const find = async (revision: Revision): Promise<PlacedRevision | undefined> =>
  (await place.target.inspect(signal)).revisions.find((placed) => placed.revision.id === revision.id);
const pidsOf = async (revision: Revision): Promise<(number | null)[]> =>
  ((await find(revision))?.instances ?? []).map((instance) => instance.pid);
const killHost = async (): Promise<void> => {
  const pid = await place.hostPid();
  process.kill(pid, 'SIGKILL');
  await eventually(() => !runs(pid));
};

describe('a host that is killed', () => {
  it('leaves the instances alive; the next one adopts them, restores the routing, and requests flow again', async () => {
    place = await createProcessPlace();
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 2);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 30 }, place.act({ fence: 4 }));
    const before = await place.target.inspect(signal);
    const pids = [...(await pidsOf(one)), ...(await pidsOf(two))];
    const users = Array.from({ length: 60 }, (_, index) => ({ cookie: `seatrial_unit=user${index}` }));
    const arms = async (): Promise<unknown[]> =>
      Promise.all(users.map(async (headers) => (await ask(place.url, { headers })).headers['x-seatrial-revision']));
    const armsBefore = await arms();

    let going = true;
    const outcomes: { ok: boolean; atMs: number }[] = [];
    const load = (async () => {
      while (going) {
        const ok = await ask(place.url).then(
          (reply) => reply.status === 200,
          () => false,
        );
        outcomes.push({ ok, atMs: performance.now() });
        if (!ok) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
    await eventually(() => outcomes.length > 20);
    await killHost();
    expect(pids.map(runs)).toEqual([true, true, true]);
    const dead = await place.target.inspect(signal);
    expect(dead).toMatchObject({ up: false, token: before.token, fence: 4 });
    expect(dead.revisions.flatMap((placed) => placed.instances).map((instance) => instance.pid)).toEqual(pids);
    expect(await place.target.candidateUrl(two.id, signal)).toBeNull();

    await hostUp(place.target, signal);
    const upAtMs = performance.now();
    await eventually(() => outcomes.filter((outcome) => outcome.ok && outcome.atMs > upAtMs).length > 50);
    going = false;
    await load;
    const after = await place.target.inspect(signal);
    expect(after).toMatchObject({ up: true, token: before.token, fence: 4 });
    expect([...(await pidsOf(one)), ...(await pidsOf(two))]).toEqual(pids);
    expect(after.revisions.flatMap((placed) => placed.instances).map((instance) => instance.state)).toEqual([
      'ready',
      'ready',
      'ready',
    ]);
    expect(outcomes.filter((outcome) => !outcome.ok && outcome.atMs > upAtMs + 50)).toEqual([]);
    expect(await arms()).toEqual(armsBefore);
    await expect(place.target.promote({ revision: two, standbyMs: 0 }, place.act({ fence: 3 }))).rejects.toMatchObject({
      code: 'TARGET_FENCED',
    });
  });

  it('is started again by the next change, which finds adopted instances that crash, with an unknown exit code', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 1);
    await killHost();
    await place.target.traffic?.setWeight({ revisionId: one.id, weightPercent: 100 }, place.act());
    const [pid] = await pidsOf(one);
    process.kill(pid ?? 0, 'SIGTERM');
    await eventually(async () => (await find(one))?.instances[0]?.restarts === 1);
    expect((await find(one))?.instances[0]?.lastExit).toMatchObject({ code: null, signal: null, oom: false });
    await eventually(async () => (await ask(place.url).catch(() => null))?.status === 200);
  });

  it('counts what was open as cut when it comes back: connections end with the process that holds them', async () => {
    place = await createProcessPlace();
    await place.ship(place.revision('1.0.0'), 1);
    const before = (await place.target.inspect(signal)).cut;
    const sockets = [await openWebsocket(place.url), await openWebsocket(place.url)];
    // The number of open requests is noted ten times a second.
    await eventually(() => readFileSync(join(place.hostDirectory, 'open-requests'), 'utf8').trim() === '2');
    await killHost();
    await Promise.all(sockets.map((socket) => socket.closed));
    await hostUp(place.target, signal);
    expect((await place.target.inspect(signal)).cut).toBe(before + 2);
  });

  it('starts instances anew that died while it was away', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 2);
    const pids = await pidsOf(one);
    await killHost();
    for (const pid of pids) process.kill(pid ?? 0, 'SIGKILL');
    await eventually(() => !pids.some(runs));
    expect((await find(one))?.instances.map((instance) => instance.state)).toEqual(['stopped', 'stopped']);
    await hostUp(place.target, signal);
    expect((await ask(place.url)).status).toBe(200);
  });

  it('leaves nothing behind when it is taken down afterwards', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0', { hangOnTerm: true });
    await place.ship(one, 2);
    const pids = await pidsOf(one);
    await killHost();
    expect((await hostDown(place.target, signal)).up).toBe(false);
    expect(pids.map(runs)).toEqual([false, false]);
  });
});

describe('a host that is started again', () => {
  /** Statuses that were answered from the kill on until the new host has served for a while. */
  async function statusesOverRestart(meanwhile: () => Promise<void>): Promise<number[]> {
    const statuses: number[] = [];
    let going = true;
    const lane = async (): Promise<void> => {
      while (going) {
        const reply = await ask(place.url).catch(() => null);
        // Nobody listens, or the connection died with its host: not an answer.
        if (reply === null) await new Promise((resolve) => setTimeout(resolve, 1));
        else statuses.push(reply.status);
      }
    };
    await killHost();
    await meanwhile();
    const lanes = Array.from({ length: 4 }, lane);
    await hostUp(place.target, signal);
    await eventually(() => statuses.length > 50);
    going = false;
    await Promise.all(lanes);
    return statuses;
  }

  it('refuses nobody while it adopts its instances', async () => {
    place = await createProcessPlace();
    await place.ship(place.revision('1.0.0'), 4);
    for (let round = 0; round < 3; round += 1) {
      const statuses = await statusesOverRestart(async () => undefined);
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
    }
  });

  it('lets users wait for instances that it must start anew', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0', { startDelayMs: 400 });
    await place.ship(one, 1);
    const pids = await pidsOf(one);
    const statuses = await statusesOverRestart(async () => {
      for (const pid of pids) process.kill(pid ?? 0, 'SIGKILL');
      await eventually(() => !pids.some(runs));
    });
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('tells users after a while that nothing serves', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 1);
    const pids = await pidsOf(one);
    await killHost();
    place.revision('1.0.0', { neverHealthy: true });
    for (const pid of pids) process.kill(pid ?? 0, 'SIGKILL');
    await eventually(() => !pids.some(runs));
    await place.options.launchHost();
    const first = async (): Promise<number> => (await ask(place.url).catch(() => null))?.status ?? (await first());
    const startedMs = performance.now();
    const status = await first();
    const waitedMs = performance.now() - startedMs;
    // Only a host that can be asked can be taken down at the end.
    await eventually(async () => (await place.hostPid()) > 0);
    expect(status).toBe(503);
    expect(waitedMs).toBeGreaterThan(1500);
    expect((await ask(place.url)).status).toBe(503);
  });
});

describe('a disk that takes nothing more', () => {
  it('does not stop the way back, and lets nobody onto a candidate', async () => {
    place = await createProcessPlace();
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 50 }, place.act());
    const state = join(place.hostDirectory, 'state.json');
    rmSync(state);
    // No file can be renamed to the name of a folder.
    mkdirSync(state);
    const refused = { code: 'TARGET_REFUSED', message: expect.stringContaining('cannot be written') };
    const raise = place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 100 }, place.act());
    await expect(raise).rejects.toMatchObject(refused);
    const three = { revision: place.revision('3.0.0'), instances: 1 };
    await expect(place.target.provision(three, place.act())).rejects.toMatchObject(refused);
    expect((await find(two))?.weightPercent).toBe(50);

    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 0 }, place.act());
    await place.target.provision({ revision: one, instances: 2 }, place.act());
    await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
    expect(await place.target.traffic?.drain({ revisionId: two.id, deadlineMs: 500 }, place.act())).toEqual({ cut: 0 });
    await place.target.retire({ revisionId: two.id }, place.act());
    expect((await place.target.inspect(signal)).revisions.map((placed) => placed.revision.id)).toEqual([one.id]);
    expect((await ask(place.url)).headers['x-seatrial-revision']).toBe(one.id);
    expect(hostLog(place)).toContain('the state could not be written');
    rmSync(state, { recursive: true });
  });
});

describe('standby', () => {
  it('is retired by the host itself at its time, also when the host was restarted in between', async () => {
    place = await createProcessPlace();
    const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(one, 1);
    await place.target.provision({ revision: two, instances: 1 }, place.act());
    const [pid] = await pidsOf(one);
    await place.target.promote({ revision: two, standbyMs: 1500 }, place.act());
    await killHost();
    await hostUp(place.target, signal);
    expect(await find(one)).toMatchObject({ role: 'standby' });
    expect(runs(pid)).toBe(true);
    await eventually(async () => (await find(one)) === undefined);
    expect(runs(pid)).toBe(false);
    expect((await ask(place.url)).headers['x-seatrial-revision']).toBe(two.id);
  });
});

describe('up, down and status', () => {
  it('status starts nothing; down finishes what is open and ends everything; up serves again', async () => {
    place = await createProcessPlace();
    expect(await hostStatus(place.target, signal)).toMatchObject({ up: false, pid: null, listen: null });
    const one = place.revision('1.0.0');
    await place.ship(one, 2);
    const pids = [await place.hostPid(), ...(await pidsOf(one))];
    const open = ask(`${place.url}/slow?ms=400`);
    const socket = await openWebsocket(place.url);
    await eventually(async () => (await find(one))?.inFlight === 2);
    const startedMs = performance.now();
    const down = await hostDown(place.target, signal);
    expect(performance.now() - startedMs).toBeLessThan(4000);
    expect(await socket.closed).toBe(1012);
    expect(down).toMatchObject({ up: false, pid: null, listen: `127.0.0.1:${place.port}` });
    expect((await open).status).toBe(200);
    expect(pids.map(runs)).toEqual([false, false, false]);
    await expect(ask(place.url)).rejects.toThrow(/ECONNREFUSED/);
    const up = await hostUp(place.target, signal);
    expect(up.up).toBe(true);
    expect((await ask(place.url)).headers['x-seatrial-revision']).toBe(one.id);
  });

  it('a second host for the same folder refuses to start and disturbs nothing', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 1);
    const run = promisify(execFile)(process.execPath, [place.programFile, place.hostDirectory]);
    await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('A host is running already') });
    expect((await ask(place.url)).status).toBe(200);
    expect((await hostStatus(place.target, signal)).up).toBe(true);
  });

  it('a damaged state file is refused by name, not overwritten', async () => {
    place = await createProcessPlace();
    await place.ship(place.revision('1.0.0'), 1);
    await hostDown(place.target, signal);
    const path = join(place.hostDirectory, 'state.json');
    writeFileSync(path, '{"v":1');
    await expect(hostUp(place.target, signal)).rejects.toMatchObject({ code: 'FILE_DAMAGED' });
    writeFileSync(
      path,
      JSON.stringify({
        v: 1,
        cut: 0,
        routing: {
          fence: 0,
          salt: 's',
          saltFor: null,
          stableId: null,
          formerStableId: null,
          weighted: null,
          placements: [],
        },
        instances: {},
        directPorts: {},
      }),
    );
  });

  it('a running host takes over changed times', async () => {
    place = await createProcessPlace();
    const one = place.revision('1.0.0');
    await place.ship(one, 1);
    const changed = await createProcessPlace({ requestTimeout: '200ms' });
    const { createProcessTarget } = await import('../../../src/targets/process/process-target.ts');
    const target = createProcessTarget({ ...place.options, spec: changed.options.spec });
    await changed.close();
    await target.promote({ revision: one, standbyMs: 0 }, place.act());
    expect((await ask(`${place.url}/slow?ms=1000`)).status).toBe(504);
  });
});
