import type { Arm } from '../../src/model/metric-source.ts';
import type { Behaviour } from '../conformance/metric-source.ts';

export const edgesMs = [10, 50, 100, 250, 500, 1000, 2500] as const;

export type ArmTotals = {
  requests: number;
  failures: number;
  inFlight: number;
  /** Totals up to each edge; the last is all. */
  latency: number[];
  orders: number;
};

export type CountingProducer = {
  behave(arm: Arm, how: Behaviour): void;
  /** Null for an arm without a revision. */
  totals(arm: Arm): ArmTotals | null;
  /** The totals begin at 0 again, as after a restart. */
  restart(arm: Arm): void;
  close(): void;
};

export type ProducerOptions = { arms: Readonly<Record<Arm, string | null>>; slowMs: number };

/** A service with two revisions and twenty requests a second to each, that counts what has ended as exporters do. */
export function createCountingProducer({ arms, slowMs }: ProducerOptions): CountingProducer {
  const behaviour: Record<Arm, Behaviour> = { baseline: 'ok', canary: 'ok' };
  const totals: Record<Arm, ArmTotals> = { baseline: freshTotals(), canary: freshTotals() };
  const end = (arm: Arm, failed: boolean, tookMs: number): void => {
    const total = totals[arm];
    total.requests++;
    total.orders += total.requests % 4 === 0 ? 1 : 0;
    total.inFlight--;
    if (failed) total.failures++;
    for (const [index, edge] of [...edgesMs, Number.POSITIVE_INFINITY].entries())
      if (tookMs <= edge) total.latency[index] = (total.latency[index] ?? 0) + 1;
  };
  const timer = setInterval(() => {
    for (const arm of ['baseline', 'canary'] as const) {
      if (arms[arm] === null) continue;
      const how = behaviour[arm];
      totals[arm].inFlight++;
      // Ended at once with the time that it would have taken, so that a busy machine changes nothing.
      if (how === 'slow') setTimeout(() => end(arm, false, slowMs), slowMs);
      else if (how !== 'hang') end(arm, how === 'fail', 5);
    }
  }, 50);
  return {
    behave: (arm, how) => {
      behaviour[arm] = how;
    },
    totals: (arm) => (arms[arm] === null ? null : totals[arm]),
    restart: (arm) => {
      totals[arm] = freshTotals();
    },
    close: () => clearInterval(timer),
  };
}

function freshTotals(): ArmTotals {
  return { requests: 0, failures: 0, inFlight: 0, latency: [...edgesMs, 0].map(() => 0), orders: 0 };
}

/** What a JSON endpoint or a command tells of an arm. */
export function toldTotals(totals: ArmTotals | null) {
  if (totals === null) return null;
  const { requests, failures, latency, orders } = totals;
  const edges = [...edgesMs.map(String), '+Inf'];
  return {
    requests,
    failures,
    latency: Object.fromEntries(edges.map((edge, index) => [edge, latency[index] ?? 0])),
    events: { orders: { events: orders, opportunities: requests } },
  };
}
