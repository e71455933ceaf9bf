import { expect, it } from 'vitest';
import { createInspectedInstances } from '../../src/metrics/inspected-instances.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { createNginxPlace, nginxBinary } from '../fixtures/nginx-place.ts';

it.skipIf(nginxBinary === undefined)(
  'a process of the fleet that is killed is told as an exit, one that is retired as nothing',
  async () => {
    const place = await createNginxPlace();
    const ending = new AbortController();
    try {
      const [one, two] = [place.revision('1.0.0'), place.revision('2.0.0')];
      await place.target.provision({ revision: one, instances: 2 }, place.act());
      await place.target.promote({ revision: one, standbyMs: 0 }, place.act());
      await place.target.provision({ revision: two, instances: 2 }, place.act());
      const source = createInspectedInstances({
        inspect: (signal) => place.target.inspect(signal),
        clock: createSystemClock(),
        everyMs: 100,
        withinMs: 5000,
      });
      const told: string[] = [];
      await source.start({ baseline: one.id, canary: two.id }, ending.signal);
      const until = async (count: number): Promise<void> => {
        for (const end = performance.now() + 10_000; told.length < count && performance.now() < end; ) {
          told.push(...source.takeInstanceEvents().map(({ revisionId, what }) => `${revisionId} ${what}`));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      // Long enough for a first look.
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const state = await place.target.inspect(ending.signal);
      const candidate = state.revisions.find(({ revision }) => revision.id === two.id);
      for (const { pid } of candidate?.instances ?? []) if (pid !== null) process.kill(pid, 'SIGKILL');
      await until(2);
      expect(told).toEqual([`${two.id} exited`, `${two.id} exited`]);
      await place.target.retire({ revisionId: two.id }, place.act());
      await new Promise((resolve) => setTimeout(resolve, 1500));
      expect(source.takeInstanceEvents()).toEqual([]);
    } finally {
      ending.abort();
      place.close();
    }
  },
  30_000,
);
