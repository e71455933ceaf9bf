import { describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../analysis/seeded-random.ts';
import { type DiskFigures, type DiskMutant, noDiskFigures, playStory } from './disk-story.ts';
import { proofCount, recordProof } from './record-proof.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

const stage = vi.hoisted((): { disk: SimulatedDisk | null } => ({ disk: null }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const { createFunctions, isSimulated } = await import('./simulated-files.ts');
  const functions = createFunctions(() => {
    if (stage.disk === null) throw new Error('no disk');
    return stage.disk;
  });
  const both = Object.entries(functions).map(([name, simulated]) => {
    const usual: unknown = Reflect.get(real, name);
    return [
      name,
      (...args: unknown[]) =>
        Reflect.apply(isSimulated(args[0]) || typeof usual !== 'function' ? simulated : usual, null, args),
    ];
  });
  return { ...real, ...Object.fromEntries(both) };
});

const seed = 20261130;

async function play(states: number, mutant: DiskMutant): Promise<DiskFigures> {
  const figures = noDiskFigures();
  const draw = seededRandom(seed);
  while (figures.states < states)
    await playStory({
      figures,
      draw,
      statesPerAct: 6,
      mutant,
      use: (disk) => {
        stage.disk = disk;
      },
    });
  return figures;
}

describe('a disk that forgets what was not synced', () => {
  it('loses nothing that was acknowledged, at any moment of a power cut', async () => {
    const figures = await play(proofCount({ quick: 25_000, full: 1_050_000 }), 'none');
    const { states, images, recoveries, acknowledged, faults, lost, invented, truncated, stuck, examples } = figures;
    expect({ lost, invented, truncated, stuck, examples }).toEqual({
      lost: 0,
      invented: 0,
      truncated: 0,
      stuck: 0,
      examples: [],
    });
    expect(Math.min(images, recoveries, acknowledged, faults)).toBeGreaterThan(10);
    recordProof({
      promise: 'simulated-disk',
      what: 'Power cuts at every act of the journal, the lock, plans and nonces on a simulated file system (any subset of unsynced sectors, sizes and names; failing writes and syncs): acknowledged and lost, invented, truncated under a final name, or not to be continued',
      tried: states,
      wrong: lost + invented + truncated + stuck,
      seed,
      figures: { 'different journals': images, recoveries, acknowledged, 'disk errors': faults },
    });
  }, 1_800_000);

  it.each<[DiskMutant, 'lost' | 'truncated']>([
    ['acknowledge-before-sync', 'lost'],
    ['sync-again-after-error', 'lost'],
    ['file-sync-lies', 'truncated'],
    ['directory-sync-lies', 'lost'],
  ])(
    'finds a program that is wrong on purpose: %s',
    async (mutant, field) => {
      const figures = await play(proofCount({ quick: 20_000, full: 60_000 }), mutant);
      expect(figures[field]).toBeGreaterThan(0);
      recordProof({
        promise: 'simulated-disk',
        what: `Negative control, ${mutant}: stories in which nothing was noticed`,
        tried: figures.states,
        wrong: figures[field] > 0 ? 0 : 1,
        seed,
        figures: { caught: figures[field] },
      });
    },
    600_000,
  );
});
