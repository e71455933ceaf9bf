import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../e2e/scratch-project.ts';
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
      console.info(figures);
      expect(Math.max(...seconds)).toBeLessThan(30);
    },
    times * 120_000,
  );

  it('a guard that is killed is replaced, so that the next death of the host is survived as well', async () => {
    const { runId } = await scene.startBadCanary();
    const [guard] = scene.pidsOf('host-guard');
    endAll([guard ?? 0]);
    const others = (): number[] => scene.pidsOf('host-guard').filter((pid) => pid !== guard);
    for (let turn = 0; turn < 300 && others().length === 0; turn += 1) await sleep(100);
    expect(others().length).toBe(1);
    // It guards once the host has written down whom it means.
    await sleep(1000);
    endAll(scene.pidsOf('supervise', 'watchdog', 'host-daemon'));
    await scene.untilRestored();
    expect(await scene.untilEnded(runId)).toBe('rolled_back');
    // Nothing is armed any more, and nobody guards.
    for (let turn = 0; turn < 300 && scene.pidsOf('host-guard').length > 0; turn += 1) await sleep(100);
    expect(scene.pidsOf('host-guard')).toEqual([]);
  }, 180_000);
});
