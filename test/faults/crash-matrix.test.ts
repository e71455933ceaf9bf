import { describe, expect, it } from 'vitest';
import { countPoints, crashScenes, noFigures, playDeaths } from './crash-matrix.ts';
import type { Mutant } from './mortal-owner.ts';

const clean = { acknowledgedLost: 0, wrongRevision: 0, unannounced: 0, badEnds: 0, wentOn: 0, examples: [] };

describe('owners that die', () => {
  it.each(crashScenes)('$name: at every seventh point, and some of those who follow too', async (scene) => {
    const figures = noFigures();
    const points = await countPoints(scene);
    expect(points).toBeGreaterThan(20);
    for (let first = 1; first <= points; first += 7) {
      await playDeaths(figures, scene, { deaths: [first] });
      await playDeaths(figures, scene, { deaths: [first, 1 + (first % 17)] });
    }
    expect(figures).toMatchObject(clean);
    expect(figures.deaths).toBeGreaterThan(points / 7);
  });

  it.each<[Mutant, keyof typeof clean]>([
    ['act-before-intent', 'unannounced'],
    ['acknowledge-before-durable', 'acknowledgedLost'],
    ['no-idempotency', 'unannounced'],
    ['go-on-when-found', 'wentOn'],
  ])('are noticed when they are wrong on purpose: %s', async (mutant, field) => {
    const figures = noFigures();
    const [scene] = crashScenes;
    if (scene === undefined) throw new Error('no scene');
    for (const first of [8, 12, 20, 28]) await playDeaths(figures, scene, { deaths: [first], mutant });
    expect(figures[field]).toBeGreaterThan(0);
  });
});
