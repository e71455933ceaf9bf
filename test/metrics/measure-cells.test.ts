import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCellStore } from '../../src/metrics/cell-store.ts';
import { measureCells } from '../../src/metrics/measure-cells.ts';
import { latencyBucketOf } from '../../src/model/traffic.ts';
import { cell } from './fake-feed.ts';

const reading = (store: ReturnType<typeof createCellStore>) => ({
  store,
  source: 'test',
  knownUntilMs: 1_000_000,
  requestTimeoutMs: 5000,
  whyNotKnown: 'not yet',
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
      store.put(cell(index * 250, { arrivals: 2 ** index, failed: index, failedFast: 0 }));
    const errors = (fromMs: number, toMs: number, ageMs: number) =>
      measureCells(reading(store), {
        query: { kind: 'errors', ageMs, stratum: 'user' },
        window: { fromMs, toMs },
        revisionId: 'rev-2',
      });
    expect(errors(500, 1250, 5000)).toMatchObject({ samples: 4 + 8 + 16, failures: 2 + 3 + 4 });
    expect(errors(500, 1250, 1000)).toMatchObject({ samples: 28, failures: 0 });
    expect(errors(500, 1250, 2000)).toMatchObject({ status: 'error' });
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
