import { readFileSync } from 'node:fs';
import { z } from 'zod';

const number = z.number();
const vectorsSchema = z.object({
  increment: z.array(
    z.object({
      n0: number,
      k0: number,
      n1: number,
      k1: number,
      theta0: number,
      theta1: number,
      delta: number,
      q0: number,
      lnIncrement: number,
    }),
  ),
  harmRun: z.array(
    z.object({
      theta0: number,
      delta: number,
      restartEveryBatches: number,
      batches: z.array(z.tuple([number, number, number, number])),
      lnE: z.array(number),
    }),
  ),
  counts: z.array(z.object({ canary: number, baseline: number, canaryShare: number, lnE: number })),
  bound: z.array(
    z.object({ p0: number, p1: number, delta: number, canaryShare: number, alpha: number, requests: number }),
  ),
});

/** Reference values that an implementation of its own has computed. */
export const oracleVectors = vectorsSchema.parse(
  JSON.parse(readFileSync(new URL('../fixtures/oracle-vectors.json', import.meta.url), 'utf8')),
);
