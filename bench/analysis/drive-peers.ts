import { z } from 'zod';
import type { ArmPoint } from '../../src/analysis/peers/peer-rule.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { driveJudge, type JudgedRun, judgedOutcomeSchema } from './drive-judge.ts';
import { comparedRules } from './peer-cells.ts';
import { createTrace, type TraceWindow, viewAt } from './trace.ts';

const peerFindingSchema = z.strictObject({
  /** When the rule rolled back; null: it did not, and all failures until the end of the trace were served. */
  failedMs: z.number().nullable(),
  canaryFailures: z.number(),
});
export type PeerFinding = z.infer<typeof peerFindingSchema>;

/** One trace judged by seatrial and by every other rule, in the order of `comparedRules`. */
export const peerOutcomeSchema = z.strictObject({ seatrial: judgedOutcomeSchema, peers: z.array(peerFindingSchema) });
export type PeerOutcome = z.infer<typeof peerOutcomeSchema>;

const pointMs = 1000;

/** Judges the trace of one seed by all rules. */
export function drivePeers(run: JudgedRun): PeerOutcome {
  const points = tracePoints(run);
  const peers = comparedRules.map((rule): PeerFinding => {
    const { verdict, atMs } = rule.judge(points, run.scenario.limitMs);
    const failedMs = verdict === 'fail' ? atMs : null;
    return { failedMs, canaryFailures: canaryFailuresUntil(points, failedMs ?? run.scenario.limitMs) };
  });
  // The same arrivals and failures; the latencies are for the others only.
  return { seatrial: driveJudge({ ...run, scenario: { ...run.scenario, latency: null } }), peers };
}

/** The windows of the trace as points of a second, which is finer than any of the rules looks. */
function tracePoints({ scenario, seed }: JudgedRun): ArmPoint[] {
  const trace = createTrace(scenario, seed);
  const points: ArmPoint[] = [];
  let group: TraceWindow[] = [];
  for (let window = trace.next(); window !== null; window = trace.next()) {
    group.push(window);
    if (window.toMs % pointMs !== 0) continue;
    points.push(pointOf(group, 'baseline'), pointOf(group, 'canary'));
    group = [];
  }
  return points;
}

function pointOf(group: readonly TraceWindow[], arm: 'baseline' | 'canary'): ArmPoint {
  const counts = new Map<number, number>();
  const point = { tMs: group[0]?.fromMs ?? 0, arm, requests: 0, failures: 0 };
  for (const window of group) {
    const view = viewAt(window, Number.POSITIVE_INFINITY);
    point.requests += view[arm].requests;
    point.failures += view[arm].failures;
    for (const [bucket, count] of view.latency?.[arm].counts ?? [])
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  const ascending = [...counts].sort(([one], [other]) => one - other);
  return { ...point, latency: { edgesMs: logLatencyEdgesMs, counts: ascending, open: 0 } };
}

function canaryFailuresUntil(points: readonly ArmPoint[], untilMs: number): number {
  let failures = 0;
  for (const point of points) if (point.arm === 'canary' && point.tMs < untilMs) failures += point.failures;
  return failures;
}
