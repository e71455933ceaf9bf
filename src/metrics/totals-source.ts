import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import type { RevisionTotals, TrafficTotals } from '../model/target.ts';
import { type ArmReading, createBoundarySampler, type Reading } from './boundary-sampler.ts';
import { createSampledSource } from './sampled-source.ts';

export type TotalsSourceOptions = {
  totals: TrafficTotals;
  revisions: Readonly<Record<Arm, string | null>>;
  clock: Clock;
  /** Longest life of a request. */
  requestTimeoutMs: number;
};

export const totalsEveryMs = 1000;

/** Requests of users as the program counts them that routes them: totals when they end, no latencies, no assignment units. */
export function createTotalsSource(options: TotalsSourceOptions): MetricSource {
  const { totals, revisions, clock, requestTimeoutMs } = options;
  return createSampledSource({
    kind: 'proxy',
    clock,
    traits: {
      windowMs: totalsEveryMs,
      countedBy: 'completion',
      settleMs: requestTimeoutMs,
      latency: 'none',
      events: [],
    },
    sampler: createBoundarySampler({
      everyMs: totalsEveryMs,
      clock,
      read: async (signal) => readingOf(await totals.read(signal), revisions),
    }),
  });
}

function readingOf(told: ReadonlyMap<string, RevisionTotals>, revisions: TotalsSourceOptions['revisions']): Reading {
  const of = (arm: Arm): ArmReading => {
    const found = told.get(revisions[arm] ?? '');
    if (found === undefined) return { status: 'no_data', reason: 'users are not routed to this revision now' };
    const requests = { since: 'start', samples: found.requests, failures: found.failures } as const;
    return { status: 'read', epoch: found.epoch, requests, latency: null, events: new Map() };
  };
  return { baseline: of('baseline'), canary: of('canary') };
}

/** Asks once, as a run would, about the revision that serves now. */
export async function probeTotals(
  totals: TrafficTotals,
  revisionId: string,
  signal: AbortSignal,
): Promise<{ ok: boolean; reason: string; evidence: Record<string, string | number> }> {
  try {
    const found = (await totals.read(signal)).get(revisionId);
    const evidence = { source: 'proxy', requests: found?.requests ?? 0, failures: found?.failures ?? 0 };
    if (found === undefined) return { ok: false, reason: 'users are not routed to the stable revision', evidence };
    return {
      ok: true,
      reason: `${found.requests} requests counted so far, ${found.failures} of them failed`,
      evidence,
    };
  } catch (thrown) {
    return { ok: false, reason: toDeployError(thrown).message, evidence: { source: 'proxy' } };
  }
}
