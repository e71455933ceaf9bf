import type { CountsPoint, RunRecord } from '../model/run-record.ts';
import { renderMs } from '../model/step.ts';
import type { ArmCounts, Verdict } from '../model/verdict.ts';
import { formatRatio, median, plural, trim } from './format.ts';
import { firstSeq, verdictSeq } from './record-events.ts';
import type { Measure, ReportData } from './report-schema.ts';

export type Measures = { measures: Measure[]; downtime: ReportData['downtime'] };

/** The four service levels of a run, each with baseline, candidate, target and what may be said of it. Pure. */
export function assessMeasures(record: RunRecord): Measures {
  const points = judgedPoints(record);
  const exposed = points.filter((point) => point.canary.requests > 0);
  return {
    measures: [
      measureErrors(record, exposed),
      measureLatency(record, exposed),
      measureThroughput(record, points),
      measureAvailability(record, exposed),
    ],
    downtime:
      points.length === 0 || record.plan.content.judge.stratum === 'probe'
        ? { seconds: null, events: [] }
        : { seconds: Math.round(lengthMs(points.filter(allFailed)) / 1000), events: spanOf(points) },
  };
}

/** Points of the requests that decide: those of users, or of the built-in prober. */
export function judgedPoints(record: RunRecord): CountsPoint[] {
  return record.counts.filter((point) => point.stratum === record.plan.content.judge.stratum);
}

export function sumArm(points: readonly CountsPoint[], arm: 'canary' | 'baseline'): ArmCounts {
  return points.reduce(
    (sum, point) => ({ requests: sum.requests + point[arm].requests, failures: sum.failures + point[arm].failures }),
    { requests: 0, failures: 0 },
  );
}

/** Failed share, or null when nothing was counted: no requests are not zero errors. */
export function ratioOf(counts: ArmCounts): number | null {
  return counts.requests === 0 ? null : counts.failures / counts.requests;
}

/** The latest verdict on an absolute objective. */
export function objectiveVerdict(record: RunRecord, name: string): Verdict | null {
  const metrics = name === 'errorRate' ? ['slo:errorRate'] : [`slo:${name}`, name];
  return record.verdicts.find((verdict) => metrics.includes(verdict.metric)) ?? null;
}

function measureErrors(record: RunRecord, exposed: readonly CountsPoint[]): Measure {
  const { judge } = record.plan.content;
  const canary = sumArm(exposed, 'canary');
  const target = judge.slos.find((slo) => slo.name === 'errorRate')?.badRatio ?? null;
  const verdicts = [
    record.verdicts.find((verdict) => verdict.metric === 'errorRate') ?? null,
    objectiveVerdict(record, 'errorRate'),
  ].filter((verdict) => verdict !== null);
  return {
    name: 'Error Rate',
    unit: 'ratio',
    baseline: ratioOf(sumArm(exposed, 'baseline')),
    current: ratioOf(canary),
    target,
    range: null,
    status: statusOf(verdicts),
    note: [
      canary.requests === 0
        ? 'the candidate answered no counted request'
        : `${canary.failures} of ${plural(canary.requests, 'request')} to the candidate failed`,
      `limit: ${trim(judge.errorMargin * 100, 2)} pp above the baseline at the same time`,
      ...verdicts.map((verdict) => verdict.sentence),
    ].join('; '),
    cites: citesOf(record, { baseline: exposed, current: exposed, target }),
    // The limit stands in the plan.
    events: [
      ...firstSeq(record, 'run_started'),
      ...spanOf(exposed),
      ...verdicts.flatMap((verdict) => verdictSeq(record, verdict.metric)),
    ],
  };
}

function measureLatency(record: RunRecord, exposed: readonly CountsPoint[]): Measure {
  const target = record.plan.content.judge.slos.find((slo) => slo.name === 'latencyP99')?.aboveMs ?? null;
  const canary = exposed.map((point) => point.p99CanaryMs).filter((value) => value !== null);
  const baseline = exposed.map((point) => point.p99BaselineMs).filter((value) => value !== null);
  const verdict = objectiveVerdict(record, 'latencyP99');
  const compared = record.plan.content.judge.comparisons.some(({ kind }) => kind === 'latency');
  const worst = canary.length === 0 ? null : Math.max(...canary);
  return {
    name: 'Latency (p99)',
    unit: 'ms',
    baseline: median(baseline),
    current: median(canary),
    target,
    range: null,
    status: statusOf(verdict === null ? [] : [verdict]),
    note:
      worst === null
        ? 'not measured'
        : [
            `median of the p99 of single ${spansIn(exposed)}`,
            `worst of them ${trim(worst, 1)} ms`,
            verdict?.sentence ?? 'no verdict was made on latency',
            ...(compared ? [] : ['a regression against the baseline was not tested']),
          ].join('; '),
    cites: citesOf(record, {
      baseline: baseline.length === 0 ? [] : exposed,
      current: canary.length === 0 ? [] : exposed,
      target,
    }),
    events: [
      ...(worst === null ? [] : spanOf(exposed)),
      ...(verdict === null ? [] : verdictSeq(record, verdict.metric)),
    ],
  };
}

function measureThroughput(record: RunRecord, points: readonly CountsPoint[]): Measure {
  const verdict = record.verdicts.find(({ metric }) => metric === 'throughput') ?? null;
  const status = statusOf(verdict === null ? [] : [verdict]);
  const shared = { name: 'Throughput' as const, unit: 'req/s' as const, target: null, status };
  if (record.plan.content.judge.stratum === 'probe') {
    return {
      ...shared,
      baseline: null,
      current: null,
      range: null,
      note: 'not measured: the requests are the prober’s own',
      cites: { baseline: [], current: [], target: [] },
      events: [],
    };
  }
  const firstExposed = points.findIndex((point) => point.canary.requests > 0);
  const before = firstExposed === -1 ? points : points.slice(0, firstExposed);
  const lastExposed = points.findLastIndex((point) => point.canary.requests > 0);
  const during = firstExposed === -1 ? [] : points.slice(firstExposed, lastExposed + 1);
  const baseline = perSecond(before);
  return {
    ...shared,
    baseline,
    range: baseline === null ? null : { from: baseline * 0.9, to: baseline * 1.1 },
    current: perSecond(during),
    note: `the whole service: before, and while the candidate had users; ${verdict?.sentence ?? 'no target is configured, and a drop was not tested'}`,
    cites: citesOf(record, { baseline: before, current: during, target: null }),
    events: [...spanOf(points), ...(verdict === null ? [] : verdictSeq(record, verdict.metric))],
  };
}

function measureAvailability(record: RunRecord, exposed: readonly CountsPoint[]): Measure {
  const slo = record.plan.content.judge.slos.find((one) => one.name === 'availability');
  const verdict = objectiveVerdict(record, 'availability');
  const canary = sumArm(exposed, 'canary');
  const baseline = sumArm(exposed, 'baseline');
  const everybody = ratioOf({
    requests: canary.requests + baseline.requests,
    failures: canary.failures + baseline.failures,
  });
  const good = (ratio: number | null): number | null => (ratio === null ? null : 1 - ratio);
  return {
    name: 'Availability',
    unit: 'ratio',
    baseline: good(ratioOf(baseline)),
    current: good(everybody),
    target: slo === undefined ? null : 1 - slo.badRatio,
    range: null,
    status: statusOf(verdict === null ? [] : [verdict]),
    note:
      everybody === null
        ? 'not measured'
        : `good requests of all that were counted while the candidate had users: ${formatRatio(1 - everybody)}; ${verdict?.sentence ?? 'no verdict was made on it'}`,
    cites: citesOf(record, { baseline: exposed, current: exposed, target: slo?.badRatio ?? null }),
    events: [...spanOf(exposed), ...(verdict === null ? [] : verdictSeq(record, verdict.metric))],
  };
}

/** Without a verdict nothing is passed; one failed verdict is a breach. */
function statusOf(verdicts: readonly Verdict[]): Measure['status'] {
  if (verdicts.some((verdict) => verdict.outcome === 'fail')) return 'BREACH';
  return verdicts.length > 0 && verdicts.every((verdict) => verdict.outcome === 'pass') ? 'PASS' : 'UNVERIFIED';
}

type Origins = { baseline: readonly CountsPoint[]; current: readonly CountsPoint[]; target: number | null };

function citesOf(record: RunRecord, { baseline, current, target }: Origins): Measure['cites'] {
  return {
    baseline: spanOf(baseline),
    current: spanOf(current),
    // A target stands in the plan, which the first event holds.
    target: target === null ? [] : firstSeq(record, 'run_started'),
  };
}

/** The first and the last of the counts that a figure was added up from: everything between them is in it. */
function spanOf(points: readonly CountsPoint[]): number[] {
  return [points[0]?.seq, points.at(-1)?.seq].filter((seq) => seq !== undefined);
}

function perSecond(points: readonly CountsPoint[]): number | null {
  const ms = lengthMs(points);
  if (ms === 0) return null;
  const requests = sumArm(points, 'canary').requests + sumArm(points, 'baseline').requests;
  return (requests / ms) * 1000;
}

function lengthMs(points: readonly CountsPoint[]): number {
  return points.reduce((sum, point) => sum + point.toMs - point.fromMs, 0);
}

/** How long the record's counts are apart: a second, or what the source tells at once. */
function spansIn([first]: readonly CountsPoint[]): string {
  const ms = first === undefined ? 1000 : first.toMs - first.fromMs;
  return ms <= 1000 ? 'seconds' : `windows of ${renderMs(ms)}`;
}

function allFailed(point: CountsPoint): boolean {
  const requests = point.canary.requests + point.baseline.requests;
  return requests > 0 && point.canary.failures + point.baseline.failures === requests;
}
