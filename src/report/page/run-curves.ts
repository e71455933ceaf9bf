import type { CountsPoint, RunRecord } from '../../model/run-record.ts';
import type { ArmCounts } from '../../model/verdict.ts';
import { abortDecision, eventsOf } from '../record-events.ts';
import { judgedPoints, sumArm } from '../report-measures.ts';

/** Counts of both arms over one stretch of a run, long enough to say something of the candidate. */
export type Stretch = {
  fromMs: number;
  toMs: number;
  weightPercent: number;
  canary: ArmCounts;
  baseline: ArmCounts;
  /** The worst of its seconds; null where nothing was measured. */
  p99CanaryMs: number | null;
  p99BaselineMs: number | null;
  /** Events of its first and its last second. */
  events: number[];
};

export type EvidencePoint = { atMs: number; lnHarm: number; lnSafe: number };
export type Evidence = { metric: string; points: EvidencePoint[]; lnHarmLimit: number; lnSafeLimit: number };
export type Moment = { atMs: number; label: string; isEnd: boolean };

/** What is drawn of a run; times are Unix ms. */
export type RunCurves = {
  startMs: number;
  endMs: number;
  /** The weight that was read back, from each moment on. */
  weights: Array<{ atMs: number; weightPercent: number }>;
  stretches: Stretch[];
  /** Of the error rate, and of the metric that decided where that is another one. */
  evidence: Evidence[];
  moments: Moment[];
};

/** A stretch ends when the candidate has had this many requests, or when it is a fortieth of the run long. */
const enoughRequests = 25;
const mostStretches = 40;

/** Weights, rates, latencies and evidence of a run over time. Pure. */
export function runCurves(record: RunRecord): RunCurves {
  const startMs = record.startedAtMs;
  const endMs = Math.max(startMs + 1, record.endedAtMs ?? record.events.at(-1)?.atMs ?? startMs);
  return {
    startMs,
    endMs,
    weights: weightsOf(record),
    stretches: stretchesOf(judgedPoints(record), (endMs - startMs) / mostStretches),
    evidence: evidenceOf(record),
    moments: momentsOf(record),
  };
}

function weightsOf(record: RunRecord): RunCurves['weights'] {
  const weights: RunCurves['weights'] = [{ atMs: record.startedAtMs, weightPercent: 0 }];
  for (const event of record.events) {
    const weightPercent = weightAfter(record, event);
    if (weightPercent !== null) weights.push({ atMs: event.atMs, weightPercent });
  }
  return weights;
}

/** As the fold of the journal has it: what was read back, and who is stable after a promotion. */
function weightAfter(record: RunRecord, event: RunRecord['events'][number]): number | null {
  if (event.type === 'weight_raised') return event.data.done ? event.data.weightPercent : null;
  if (event.type === 'traffic_restored') return 0;
  if (event.type !== 'step_completed') return null;
  const read = event.data.evidence['weightPercent'];
  if (typeof read === 'number') return read;
  const done = record.steps.find(({ step, phase }) => step.id === event.data.stepId && phase === event.data.phase);
  if (done?.step.kind !== 'promote') return null;
  return done.step.revision.id === record.plan.content.revision.id ? 100 : 0;
}

function stretchesOf(points: readonly CountsPoint[], longestMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let open: CountsPoint[] = [];
  const close = (): void => {
    if (open.length > 0) stretches.push(putTogether(open));
    open = [];
  };
  for (const point of points) {
    const [first, last] = [open[0], open.at(-1)];
    const differs = last !== undefined && (last.toMs !== point.fromMs || last.weightPercent !== point.weightPercent);
    const isFull =
      first !== undefined &&
      last !== undefined &&
      last.toMs - first.fromMs >= longestMs &&
      (sumArm(open, 'canary').requests >= enoughRequests || last.toMs - first.fromMs >= 3 * longestMs);
    if (differs || isFull) close();
    open.push(point);
  }
  close();
  return stretches;
}

function putTogether(points: readonly CountsPoint[]): Stretch {
  const [first, last] = [points[0], points.at(-1)];
  return {
    fromMs: first?.fromMs ?? 0,
    toMs: last?.toMs ?? 0,
    weightPercent: last?.weightPercent ?? 0,
    canary: sumArm(points, 'canary'),
    baseline: sumArm(points, 'baseline'),
    p99CanaryMs: worst(points.map((point) => point.p99CanaryMs)),
    p99BaselineMs: worst(points.map((point) => point.p99BaselineMs)),
    events: [...new Set([first?.seq, last?.seq].filter((seq) => seq !== undefined))],
  };
}

function worst(values: ReadonlyArray<number | null>): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** Evidence while the candidate had users, up to the decision to go back. */
function evidenceOf(record: RunRecord): Evidence[] {
  const untilMs = abortDecision(record)?.atMs ?? record.endedAtMs ?? Number.POSITIVE_INFINITY;
  const decided = record.verdicts.find(({ metric, outcome }) => outcome === 'fail' && metric !== 'errorRate')?.metric;
  return ['errorRate', ...(decided === undefined ? [] : [decided])].flatMap((metric): Evidence[] => {
    const verdicts = eventsOf(record, 'verdict').filter(({ data }) => data.verdict.metric === metric);
    const limits = verdicts.at(-1)?.data.verdict;
    // Only the error rate is written down every second.
    const counted = metric !== 'errorRate' ? [] : judgedPoints(record).filter((point) => point.canary.requests > 0);
    const points = [
      ...counted.map(({ toMs, lnHarm, lnSafe }) => ({ atMs: toMs, lnHarm, lnSafe })),
      ...verdicts
        .filter(({ data }) => data.verdict.canary.requests > 0)
        .map(({ atMs, data }) => ({ atMs, lnHarm: data.verdict.lnHarm, lnSafe: data.verdict.lnSafe })),
    ]
      .filter(({ atMs }) => atMs <= untilMs)
      .sort((one, other) => one.atMs - other.atMs);
    if (limits === undefined || points.length === 0) return [];
    return [{ metric, points, lnHarmLimit: limits.lnHarmLimit, lnSafeLimit: limits.lnSafeLimit }];
  });
}

/** The decision to go back; or the promotion. */
function momentsOf(record: RunRecord): Moment[] {
  const abort = abortDecision(record);
  const promoted = record.steps.find(
    ({ step, phase, state }) => step.kind === 'promote' && phase === 'forward' && state === 'completed',
  );
  if (abort !== null) return [{ atMs: abort.atMs, label: 'decision: back', isEnd: true }];
  return promoted?.endedAtMs == null ? [] : [{ atMs: promoted.endedAtMs, label: 'promoted', isEnd: false }];
}
