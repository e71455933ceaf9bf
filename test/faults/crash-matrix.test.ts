import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../analysis/seeded-random.ts';
import { type CrashFigures, countPoints, crashScenes, type Deaths, noFigures, playDeaths } from './crash-matrix.ts';
import type { Mutant } from './mortal-owner.ts';
import { proofCount, recordProof } from './record-proof.ts';
import { tears } from './torn-disk.ts';

const seed = Number(process.env['SEATRIAL_SEED'] ?? 20261201);
/** The full run takes every point of the first owner, the quick one every so manieth. */
const stride = proofCount({ quick: 7, full: 1 });
/** Of the one who follows every so manieth, beginning elsewhere each time. */
const pairStride = proofCount({ quick: 97, full: 4 });
const tornStride = proofCount({ quick: 15, full: 1 });
const sampled = proofCount({ quick: 3, full: 250 });

const clean = {
  ...{ acknowledgedLost: 0, wrongRevision: 0, unannounced: 0, badEnds: 0, repeated: 0, wentOn: 0 },
  examples: [],
};
const total = noFigures();
const tried = { single: 0, pair: 0, triple: 0, torn: 0 };

function add(figures: CrashFigures): void {
  total.runs += figures.runs;
  total.deaths += figures.deaths;
  for (const field of wrongs) total[field] += figures[field];
}
const wrongs = ['acknowledgedLost', 'wrongRevision', 'unannounced', 'badEnds', 'repeated', 'wentOn'] as const;

describe('owners that die', () => {
  afterAll(() => {
    recordProof({
      promise: 'crash-points',
      what: 'owners of a run die before and after every line, act and look, up to three in a row, also in the middle of a line; no acknowledged line lost, no wrong revision live, no effect twice, exactly one end',
      tried: total.runs,
      wrong: wrongs.reduce((sum, field) => sum + total[field], 0),
      seed,
      figures: { deaths: total.deaths, ...tried, scenes: crashScenes.length },
    });
  });

  it.each(crashScenes)(
    '$name: at every point, and those who follow too, with whole and torn lines',
    {
      timeout: 1_800_000,
    },
    async (scene) => {
      const figures = noFigures();
      const random = seededRandom(seed + crashScenes.indexOf(scene));
      const { points, appends } = await countPoints(scene);
      expect(points).toBeGreaterThan(20);
      const play = (kind: keyof typeof tried, deaths: Deaths): Promise<number> => {
        tried[kind] += 1;
        return playDeaths(figures, scene, deaths);
      };
      for (let first = 1; first <= points; first += stride) {
        await play('single', { deaths: [first] });
        for (let second = 1 + (first % pairStride); ; second += pairStride)
          if ((await play('pair', { deaths: [first, second] })) < 2) break;
      }
      for (const first of appends.filter((_point, index) => index % tornStride === 0))
        for (const tear of tears) await play('torn', { deaths: [first], tear });
      const some = (most: number): number => 1 + Math.floor(random() * most);
      for (let round = 0; round < sampled; round += 1) {
        await play('triple', { deaths: [some(points), some(40), some(40)] });
        const tear = tears[some(tears.length) - 1] ?? 'half';
        await play('torn', { deaths: [some(points), some(40)], tear });
      }
      expect(figures).toMatchObject(clean);
      expect(figures.deaths).toBeGreaterThan(points / stride);
      add(figures);
    },
  );

  it.each<[Mutant, keyof typeof clean, Omit<Deaths, 'deaths'>]>([
    ['act-before-intent', 'unannounced', {}],
    ['acknowledge-before-durable', 'acknowledgedLost', {}],
    ['no-idempotency', 'unannounced', {}],
    ['go-on-when-found', 'wentOn', {}],
    ['begin-again-when-found', 'repeated', {}],
    ['append-to-torn', 'acknowledgedLost', { tear: 'half' }],
  ])('are noticed when they are wrong on purpose: %s', async (mutant, field, how) => {
    const figures = noFigures();
    const [scene] = crashScenes;
    if (scene === undefined) throw new Error('no scene');
    const { points } = await countPoints(scene);
    for (let first = 8; first <= points; first += 9)
      await playDeaths(figures, scene, { ...how, deaths: [first], mutant });
    expect(figures[field]).toBeGreaterThan(0);
  });
});
