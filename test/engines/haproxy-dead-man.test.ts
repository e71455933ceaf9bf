import { expect, it } from 'vitest';
import { createPlugScene, endAll, eventsOf } from '../faults/plug-scene.ts';
import { moveBehindHaproxy } from '../fixtures/haproxy-scratch.ts';
import { haproxyBinary, startHaproxy } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-dead-man.test.ts: haproxy is not installed (apt-get install haproxy)');

it.skipIf(missing)(
  'supervisor, watchdog and host killed together: HAProxy serves stable again, and the run is recorded as rolled back',
  async () => {
    let closeHaproxy = async (): Promise<void> => undefined;
    const scene = await createPlugScene(async (scratch) => {
      const haproxy = await startHaproxy('', undefined, scratch.port);
      closeHaproxy = () => haproxy.close();
      moveBehindHaproxy(scratch, haproxy);
    });
    try {
      for (let time = 0; time < 2; time += 1) {
        const { runId } = await scene.startBadCanary();
        endAll(scene.pidsOf('supervise', 'watchdog', 'host-daemon'));
        const { restoredMs, refused } = await scene.untilRestored();
        console.info(`users back behind HAProxy after ${(restoredMs / 1000).toFixed(1)} s`);
        // HAProxy goes on without the host: nobody is refused meanwhile.
        expect(refused).toBe(0);
        expect(await scene.untilEnded(runId)).toBe('rolled_back');
        expect(eventsOf(scene.scratch, runId).filter(({ data }) => data['what'] === 'fired')).toHaveLength(1);
      }
    } finally {
      scene.scratch.cli(['host', 'down']);
      await scene.close();
      await closeHaproxy();
    }
  },
  400_000,
);
