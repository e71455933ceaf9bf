import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { historySchema } from '../../src/model/history.ts';
import { quickAccept } from '../../src/model/quick-accept.ts';
import { seededRandom } from '../analysis/seeded-random.ts';
import { dayEntry } from '../fixtures/learnings-project.ts';
import { yearOfHistory } from '../fixtures/year-of-history.ts';

const accepts = quickAccept(historySchema);

/** Values of every kind that JSON has, on and beside the bounds that schemas set. */
const odd: unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  0.5,
  1e21,
  2 ** 53,
  '',
  'x',
  [],
  {},
  ['x'],
  [1],
  { passed: 1 },
  'succeeded',
  'rollout',
  '2026-11-30T12:00:00.000Z',
  '2026-11-30T12:00:00Z',
  '2026-02-31T00:00:00.000Z',
  '2026-11-30T12:00:00+01:00',
  '2026-11-30',
  [{ metric: 'x', outcome: 'pass' }],
  [{ metric: 'x', outcome: 'good' }],
  { commits: 1, medianCommitAt: '2026-11-30T12:00:00.000Z' },
  { commits: 0, medianCommitAt: '2026-11-30T12:00:00.000Z' },
];

describe('a quick yes', () => {
  it('is said to every entry of a year, so that the schema need not be asked', () => {
    expect(accepts).not.toBeNull();
    const year = yearOfHistory().map((entry): unknown => JSON.parse(JSON.stringify(entry)));
    expect(year.filter((entry) => accepts?.(entry) !== true)).toEqual([]);
    expect(accepts?.(JSON.parse(JSON.stringify(dayEntry(1))))).toBe(true);
  });

  it('is never said where the schema says no, nor where it would change the value', () => {
    const random = seededRandom(4711);
    const pick = <T>(values: readonly T[]): T | undefined => values[Math.floor(random() * values.length)];
    const change = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      const keys = Object.keys(value);
      const key = random() < 0.1 ? '__proto__x' : (pick(keys) ?? 'more');
      const inner: unknown = Reflect.get(value, key);
      if (typeof inner === 'object' && inner !== null && random() < 0.5) change(inner);
      else if (random() < 0.15) Reflect.deleteProperty(value, key);
      else Reflect.set(value, key, structuredClone(pick(odd)));
    };
    const base = JSON.stringify({ ...dayEntry(1), verdicts: [{ metric: 'errorRate', outcome: 'pass' }] });
    let [yes, no] = [0, 0];
    for (let round = 0; round < 20_000; round += 1) {
      const changed: unknown = JSON.parse(base);
      change(changed);
      if (random() < 0.3) change(changed);
      const value: unknown = JSON.parse(JSON.stringify(changed));
      const asked = historySchema.safeParse(value);
      if (accepts?.(value) === true) {
        yes += 1;
        expect(asked.success, JSON.stringify(value)).toBe(true);
        expect(asked.data).toEqual(value);
      } else no += 1;
    }
    expect([yes > 1000, no > 1000]).toEqual([true, true]);
  });

  it.each([
    ['a default', z.strictObject({ a: z.string().default('x') })],
    ['a transform', z.strictObject({ a: z.string().transform(Number) })],
    ['a rule of one’s own', z.strictObject({ a: z.string().refine((text) => text !== 'x') })],
    ['a length', z.strictObject({ a: z.string().min(3) })],
    ['an upper bound', z.strictObject({ a: z.number().max(3) })],
    ['further fields', z.object({ a: z.string() })],
    ['a rule over the whole', z.strictObject({ a: z.string() }).refine(() => true)],
    ['a list with a length', z.array(z.string()).min(1)],
    ['a union', z.union([z.string(), z.number()])],
  ])('is never said of a schema with %s', (_name, schema) => {
    expect(quickAccept(schema)).toBeNull();
  });

  it('keeps to bounds that are excluded', () => {
    const positive = quickAccept(z.number().positive());
    expect([0, 1, -1, Number.NaN].map((value) => positive?.(value))).toEqual([false, true, false, false]);
    const whole = quickAccept(z.number().int().min(2));
    expect([1, 2, 2.5, 2 ** 53].map((value) => whole?.(value))).toEqual([false, true, false, false]);
  });
});
