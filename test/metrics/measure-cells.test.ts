import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countArrival } from '../../src/metrics/cell-counter.ts';
import { createCellStore } from '../../src/metrics/cell-store.ts';
import { measureCells, readLatency } from '../../src/metrics/measure-cells.ts';
import { latencyBucketOf } from '../../src/model/traffic.ts';
import { cell } from './fake-feed.ts';

const reading = (store: ReturnType<typeof createCellStore>) => ({
  store,
  source: 'test',
  knownUntilMs: 1_000_000,
  requestTimeoutMs: 5000,
  whyNotKnown: 'not yet',
  assigned: ['user'] as const,
});

describe('measureCells', () => {
  it('never calls a request slow that was not, and misses at most one bucket', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 90_000, noNaN: true }),
        fc.double({ min: 0.2, max: 90_000, noNaN: true }),
        (latencyMs, aboveMs) => {
          const store = createCellStore(900_000, 0);
          store.put(cell(0, { arrivals: 1, completed: 1, latency: [[latencyBucketOf(latencyMs), 1]] }));
          const measurement = measureCells(reading(store), {
            query: { kind: 'slower_than', aboveMs, stratum: 'user' },
            window: { fromMs: 0, toMs: 250 },
            revisionId: 'rev-2',
          });
          if (measurement.status !== 'measured') return false;
          if (latencyMs <= aboveMs * (1 - 1e-8)) return measurement.failures === 0;
          return latencyMs <= aboveMs * 1.0206 || measurement.failures === 1;
        },
      ),
    );
  });

  it('sums exactly the cells of the window', () => {
    const store = createCellStore(900_000, 0);
    for (let index = 0; index < 8; index++)
      store.put(
        cell(index * 250, { arrivals: 2 ** index, failed: index, failedUnits: 1, newUnits: index, warming: 1 }),
      );
    const measure = (stratum: 'user' | 'probe') =>
      measureCells(reading(store), {
        query: { kind: 'requests', stratum },
        window: { fromMs: 500, toMs: 1250 },
        revisionId: 'rev-2',
      });
    expect(measure('user')).toMatchObject({ samples: 4 + 8 + 16, failures: 2 + 3 + 4, failedUnits: 3, newUnits: 9 });
    expect(measure('probe').status).toBe('no_data');
  });

  it('never takes an ended request back, whatever order endings come in, and closes all at the time-out', () => {
    const series = { revisionId: 'rev-2', stratum: 'user' } as const;
    const ages = fc.array(fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 6000 }), fc.boolean()), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(ages, (requests) => {
        const store = createCellStore(900_000, 0);
        const ends = requests.map(([arrivedMs, ageMs, failed]) => ({
          atMs: arrivedMs + ageMs,
          failed,
          end: countArrival(store, series, arrivedMs),
        }));
        let before = { samples: requests.length, failures: 0, open: requests.length };
        for (let nowMs = 1000; nowMs <= 8000; nowMs += 250) {
          for (const { atMs, failed, end } of ends)
            if (atMs <= nowMs) end({ atMs, failed, completed: true, mismatched: false });
          const asked = { window: { fromMs: 0, toMs: 1000 }, revisionId: 'rev-2' } as const;
          const now = { ...reading(store), knownUntilMs: nowMs };
          const seen = measureCells(now, { ...asked, query: { kind: 'requests', stratum: 'user' } });
          if (seen.status !== 'measured') return requests.length === 0;
          expect(seen.samples).toBe(before.samples);
          expect(seen.open).toBeLessThanOrEqual(before.open);
          if (nowMs < 5000) expect(seen.failures).toBeGreaterThanOrEqual(before.failures);
          if (nowMs >= 6000) expect(seen.open).toBe(0);
          const latency = readLatency(now, { ...asked, stratum: 'user' });
          const inBuckets = latency?.counts.reduce((sum, [, count]) => sum + count, 0) ?? 0;
          expect(inBuckets + (latency?.open ?? 0)).toBe(seen.samples);
          expect(latency?.open).toBe(seen.open);
          before = seen;
        }
        return true;
      }),
      { numRuns: 50 },
    );
  });

  it('keeps no more than it was told to', () => {
    const store = createCellStore(10_000, 0);
    for (let at = 0; at < 100_000; at += 250) {
      store.put(cell(at, { arrivals: 1 }));
      store.forget(at);
    }
    expect(store.size).toBeLessThanOrEqual(41);
    store.put(cell(0, { arrivals: 1 }));
    expect(store.get({ revisionId: 'rev-2', stratum: 'user' }, 0)).toBeNull();
  });
});
