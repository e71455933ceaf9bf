import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StrategySpec, strategySchema } from '../../src/model/config/strategy.ts';
import { applyPace, leastWatchMs, type PaceWish, withPersonGate } from '../../src/strategies/guided-pace.ts';
import { strategies } from '../../src/strategies/list.ts';
import { fullCapabilities } from '../fixtures/full-capabilities.ts';
import { createRevision } from '../fixtures/revisions.ts';

const minute = 60_000;
const floors = { stepMs: 5 * minute, lastMs: 15 * minute };
const usual: PaceWish = { longer: false, shorter: false, budgetMs: null, floors, instances: 4 };
const canary = strategySchema.parse({ kind: 'canary' });

const bakes = (spec: StrategySpec): number[] => {
  switch (spec.kind) {
    case 'canary':
      return spec.steps.map(({ bake }) => bake / minute);
    case 'rolling':
      return [spec.bake / minute, spec.finalBake / minute];
    default:
      return [spec.bake / minute];
  }
};

function stepsOf(given: object): ReturnType<typeof withPersonGate> & { before: number } {
  const spec = strategySchema.parse(given);
  const strategy = strategies.find(({ kind }) => kind === spec.kind);
  const result = strategy?.plan({
    spec,
    capabilities: fullCapabilities,
    revision: createRevision('2.0.0'),
    stable: createRevision('1.0.0'),
    instances: 2,
    drainMs: 0,
  });
  if (result?.ok !== true) throw new Error(JSON.stringify(result));
  return { ...withPersonGate(result.steps), before: result.steps.length };
}

describe('the pace that guidance asks for', () => {
  it('changes nothing, and says nothing, when nobody asks', () => {
    expect(applyPace(canary, usual)).toEqual({ spec: canary, changes: [] });
  });

  it('halves the watches of a canary and keeps its steps', () => {
    const { spec, changes } = applyPace(canary, { ...usual, shorter: true });
    expect(bakes(spec)).toEqual([5, 5, 5, 15]);
    expect(spec).toMatchObject({ steps: [{ weight: 5 }, { weight: 25 }, { weight: 50 }, { weight: 100 }] });
    expect(changes).toEqual([
      'watches are shortened to at least 30m in all instead of 1h; less than 5m at a step, or 15m at the end, would prove too little; no step, gate or proof is left out',
    ]);
  });

  it('says when nothing can be shorter', () => {
    const spec = strategySchema.parse({ kind: 'blue-green' });
    const paced = applyPace(spec, { ...usual, shorter: true });
    expect(paced.spec).toEqual(spec);
    expect(paced.changes[0]).toMatch(/^no watch is shortened: they take at least 15m in all/);
  });

  it('doubles them for performance, which wins over a hurry', () => {
    const longer = applyPace(canary, { ...usual, longer: true });
    expect(bakes(longer.spec)).toEqual([20, 20, 20, 60]);
    const both = applyPace(canary, { ...usual, longer: true, shorter: true });
    expect(both.spec).toEqual(longer.spec);
    expect(both.changes.join()).toMatch(/the longer watch wins, and nothing is shortened/);
  });

  it('holds a time against the watches: leaves them, shortens them, or says that they do not fit', () => {
    const within = (budget: number) => applyPace(canary, { ...usual, budgetMs: budget * minute });
    expect(within(60).spec).toEqual(canary);
    expect(within(60).changes).toEqual([expect.stringMatching(/at most 1h: they take at least 1h/)]);
    expect(bakes(within(40).spec)).toEqual([5, 5, 5, 15]);
    expect(within(40).changes.at(-1)).toMatch(/at most 40m: they take at least 30m/);
    expect(within(10).changes.at(-1)).toMatch(/at most 10m: THEY DO NOT FIT, they take at least 30m/);
  });

  it('never makes a watch longer in a hurry, shorter than its floor, or shorter with care', () => {
    const bake = fc.integer({ min: 0, max: 7200 }).map((s) => `${s}s`);
    fc.assert(
      fc.property(fc.tuple(bake, bake), fc.boolean(), ([step, last], longer) => {
        const spec = strategySchema.parse({ kind: 'rolling', bake: step, finalBake: last, auto: true });
        const before = bakes(spec);
        const after = bakes(applyPace(spec, { ...usual, longer, shorter: true }).spec);
        const least = [5, 15];
        for (const [index, ms] of after.entries()) {
          const was = before[index] ?? 0;
          if (longer) expect(ms).toBe(2 * was);
          else expect(ms <= was && ms >= Math.min(was, least[index] ?? 0)).toBe(true);
        }
      }),
    );
  });

  it('adds the watches of every batch', () => {
    const spec = strategySchema.parse({ kind: 'rolling', batch: 2, bake: '2m', finalBake: '15m' });
    expect(leastWatchMs(spec, 5)).toBe((2 * 2 + 15) * minute);
  });
});

describe('a person before everybody', () => {
  it.each([
    [{ kind: 'canary' }, 'set_weight'],
    [{ kind: 'blue-green' }, 'set_weight'],
    [{ kind: 'direct' }, 'set_weight'],
    [{ kind: 'rolling', auto: true }, 'replace_batch'],
  ])('stands before the step that gives all users: %j', (given, next) => {
    const { steps, added, before } = stepsOf(given);
    const at = steps.findIndex(({ kind }) => kind === 'approve');
    expect({ added, next: steps[at + 1]?.kind, more: steps.length - before }).toEqual({ added: true, next, more: 1 });
    expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
    expect(steps.map(({ id }) => Number(id.slice(0, 2)))).toEqual(steps.map((_, index) => index + 1));
    if (given.kind === 'canary') expect(steps[at + 1]).toMatchObject({ holdBackPercent: 5 });
  });

  it('is not asked twice where the strategy has one there', () => {
    const { steps, added, before } = stepsOf({ kind: 'rolling' });
    expect({ added, length: steps.length }).toEqual({ added: false, length: before });
  });
});
