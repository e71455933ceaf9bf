import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assignRevision, type RoutingTable } from '../../../src/local-host/host/routing-table.ts';
import { unitHash, unitSlot } from '../../../src/local-host/host/unit-hash.ts';

it('is MurmurHash3 x86 32 (published vectors)', () => {
  expect(unitHash('')).toBe(0);
  expect(unitHash('', 1)).toBe(0x514e28b7);
  expect(unitHash('', 0xffffffff)).toBe(0x81f16f39);
  expect(unitHash('test')).toBe(0xba6bd213);
  expect(unitHash('test', 0x9747b28c)).toBe(0x704b81dc);
  expect(unitHash('Hello, world!')).toBe(0xc0363e43);
  expect(unitHash('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723);
});

it('gives a weight its share of units, also when units are alike', () => {
  for (const salt of ['a', 'b', '5f3c']) {
    const units = Array.from({ length: 20_000 }, (_, index) => `user-${index}`);
    const below = units.filter((unit) => unitSlot(salt, unit) < 500).length;
    expect(below / units.length).toBeGreaterThan(0.045);
    expect(below / units.length).toBeLessThan(0.055);
  }
});

function tableWith(candidateSlots: number, salt: string): RoutingTable {
  return { salt, stableId: 'stable', candidateId: 'candidate', candidateSlots, revisions: new Map() };
}

it('moves users only from stable to candidate while the weight grows', () => {
  const weights = fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 10_000 }));
  fc.assert(
    fc.property(fc.string(), fc.string(), weights, (salt, unit, [first, second]) => {
      const [low, high] = first < second ? [first, second] : [second, first];
      if (assignRevision(tableWith(low, salt), unit) === 'candidate') {
        expect(assignRevision(tableWith(high, salt), unit)).toBe('candidate');
      }
      expect(assignRevision(tableWith(0, salt), unit)).toBe('stable');
      expect(assignRevision(tableWith(10_000, salt), unit)).toBe('candidate');
    }),
    { numRuns: 2000 },
  );
});
