import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPlugScene, endAll, eventsOf, type PlugScene } from './plug-scene.ts';
import { proofCount, recordProof } from './record-proof.ts';

const times = proofCount({ quick: 2, full: 10 });

/** What is looked at is what users get and what lies in files, never what a process says of itself. */
describe('supervisor, watchdog and host killed together in the middle of a bad canary', () => {
  let scene: PlugScene;
  beforeAll(async () => {
    scene = await createPlugScene();
  }, 120_000);
  afterAll(() => scene.close(), 120_000);

  const seconds: number[] = [];
  let wrong = 0;

  it(
    `takes users back to stable, and closes the run, ${times} times in a row`,
    async () => {
      for (let time = 0; time < times; time += 1) {
        const { runId } = await scene.startBadCanary();
        endAll(scene.pidsOf('supervise', 'watchdog', 'host-daemon'));
        const { restoredMs } = await scene.untilRestored();
        seconds.push(restoredMs / 1000);
        const outcome = await scene.untilEnded(runId);
        if (outcome !== 'rolled_back') wrong += 1;
        expect(outcome).toBe('rolled_back');
        const fired = eventsOf(scene.scratch, runId).filter(({ data }) => data['what'] === 'fired');
        expect(fired.length).toBe(1);
      }
      const sorted = seconds.toSorted((left, right) => left - right);
      const figures = {
        'median s': (sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1),
        'max s': (sorted.at(-1) ?? 0).toFixed(1),
      };
      recordProof({
        promise: 'pull-the-plug',
        what: 'supervisor, watchdog and host killed at once in a bad canary: users are back on stable, the run is recorded as rolled back',
        tried: times,
        wrong,
        seed: null,
        figures,
      });
      console.log(figures);
      expect(Math.max(...seconds)).toBeLessThan(30);
    },
    times * 120_000,
  );
});
