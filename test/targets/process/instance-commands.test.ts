import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Instance } from '../../../src/model/target.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { scriptedInstances, scriptedPids } from '../../fixtures/instance-commands.ts';
import { createProcessPlace, type ProcessPlace, runs } from '../../fixtures/process-place.ts';

let place: ProcessPlace;
afterEach(() => place.close());

const signal = new AbortController().signal;
const settings = { ...scriptedInstances(), health: { interval: '200ms', timeout: '1s', startup: '10s' } };
const instancesOf = async (revisionId: string): Promise<Instance[]> =>
  (await place.target.inspect(signal)).revisions.find(({ revision }) => revision.id === revisionId)?.instances ?? [];
const allReady = async (revisionId: string, count: number): Promise<boolean> => {
  const instances = await instancesOf(revisionId);
  return instances.length === count && instances.every(({ state }) => state === 'ready');
};

describe('instances that commands of the user start', () => {
  it('serve, are restarted when they die, outlive the host, and are gone after they were retired', async () => {
    place = await createProcessPlace(settings);
    const act = place.act({ deadlineMs: 40_000 });
    const one = place.revision('1.0.0');
    const two = place.revision('2.0.0');
    await place.target.provision({ revision: one, instances: 2 }, act);
    await place.target.promote({ revision: one, standbyMs: 0 }, act);
    expect((await ask(place.url)).status).toBe(200);
    expect(await instancesOf(one.id)).toMatchObject([
      { state: 'ready', pid: null, restarts: 0 },
      { state: 'ready', pid: null, restarts: 0 },
    ]);

    await place.target.provision({ revision: two, instances: 1 }, act);
    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 50 }, act);
    const [canary = 0] = scriptedPids(place.project, '2.0.0');
    process.kill(canary, 'SIGKILL');
    await eventually(async () => (await instancesOf(two.id)).some(({ restarts }) => restarts === 1), 20_000);
    await eventually(() => allReady(two.id, 1), 20_000);
    expect(scriptedPids(place.project, '2.0.0')).not.toContain(canary);

    const before = scriptedPids(place.project, '1.0.0');
    const host = await place.hostPid();
    process.kill(host, 'SIGKILL');
    await eventually(() => !runs(host));
    expect(before.every(runs)).toBe(true);
    expect((await instancesOf(one.id)).map(({ state }) => state)).toEqual(['unhealthy', 'unhealthy']);
    await place.target.traffic?.setWeight({ revisionId: two.id, weightPercent: 0 }, act);
    await eventually(() => allReady(one.id, 2), 20_000);
    expect(scriptedPids(place.project, '1.0.0')).toEqual(before);
    expect((await instancesOf(one.id)).map(({ restarts }) => restarts)).toEqual([0, 0]);
    expect((await ask(place.url)).status).toBe(200);

    const last = scriptedPids(place.project, '2.0.0');
    await place.target.retire({ revisionId: two.id }, act);
    expect(last.some(runs)).toBe(false);
    expect(scriptedPids(place.project, '2.0.0')).toEqual([]);
  }, 120_000);

  it('that their own stop does not end are reported, and not forgotten', async () => {
    place = await createProcessPlace(settings);
    const act = place.act({ deadlineMs: 40_000 });
    const one = place.revision('1.0.0');
    await place.target.provision({ revision: one, instances: 1 }, act);
    const mark = join(place.project, 'releases', '1.0.0', 'stubborn');
    writeFileSync(mark, '');
    await expect(place.target.retire({ revisionId: one.id }, act)).rejects.toThrow(
      /i1 of 1\.0\.0 could not be ended: .*status still says that the instance runs/,
    );
    const pids = scriptedPids(place.project, '1.0.0');
    expect(pids.every(runs)).toBe(true);
    rmSync(mark);
    await place.target.retire({ revisionId: one.id }, act);
    expect(pids.some(runs)).toBe(false);
  }, 90_000);
});
