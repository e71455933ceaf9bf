import type { Random } from './random.ts';

type Span = { fromMs: number; toMs: number };
type Failing = { failures: number; failedUnits: number };

export type BurstSource = {
  /** Failures that arrive in the window, when clusters begin in it that bring `meanFailures` in all. Windows in order. */
  take(span: Span, meanFailures: number): Failing;
};

/**
 * Clusters of failures of one client: `size` requests within one second from a random moment on. Those of one client in one
 * second of the clock are one unit, counted in the window of the first of them, as the proxy does.
 */
export function createBurstSource({ size }: { size: number }, random: Random): BurstSource {
  const pending = new Map<number, Failing>();
  return {
    take: (span, meanFailures) => {
      const lengthMs = span.toMs - span.fromMs;
      const at = (windowMs: number): Failing => {
        const found = pending.get(windowMs) ?? { failures: 0, failedUnits: 0 };
        pending.set(windowMs, found);
        return found;
      };
      for (let cluster = random.poisson(meanFailures / size); cluster > 0; cluster--) {
        const startMs = span.fromMs + random.uniform() * lengthMs;
        const firstArrivals = drawCluster({ startMs, size, random }, (arrivalMs) => {
          at(alignDown(arrivalMs, lengthMs)).failures += 1;
        });
        for (const firstMs of firstArrivals) at(alignDown(firstMs, lengthMs)).failedUnits += 1;
      }
      const taken = at(span.fromMs);
      pending.delete(span.fromMs);
      return taken;
    },
  };
}

/** First arrival in each second of the clock that the cluster touches. */
function drawCluster(
  { startMs, size, random }: { startMs: number; size: number; random: Random },
  onArrival: (arrivalMs: number) => void,
): Iterable<number> {
  const firstOfSecond = new Map<number, number>();
  for (let request = 0; request < size; request++) {
    const arrivalMs = request === 0 ? startMs : startMs + random.uniform() * 1000;
    onArrival(arrivalMs);
    const secondMs = alignDown(arrivalMs, 1000);
    firstOfSecond.set(secondMs, Math.min(arrivalMs, firstOfSecond.get(secondMs) ?? Number.POSITIVE_INFINITY));
  }
  return firstOfSecond.values();
}

function alignDown(ms: number, lengthMs: number): number {
  return Math.floor(ms / lengthMs) * lengthMs;
}
