import type { CountsPoint, RunRecord } from '../model/run-record.ts';
import { renderMs } from '../model/step.ts';
import { formatTime } from './format.ts';
import { judgedPoints } from './report-measures.ts';
import type { ReportData } from './report-schema.ts';

/** A time of which the record has no counts. `candidate`: it had users, and only those of the baseline were counted. */
export type Unmeasured = { fromMs: number; toMs: number; whose: 'everybody' | 'candidate'; events: number[] };

/** Users of the candidate that must be missing before it is said that they were not counted, and not that there were none. */
const leastExpected = 7;

/** Every time between the first and the last count of which nothing, or nothing of the candidate, is known. Pure. */
export function listUnmeasured(record: RunRecord): Unmeasured[] {
  const points = judgedPoints(record);
  const gaps = points.flatMap((point, index): Unmeasured[] => {
    const before = points[index - 1];
    if (before === undefined || point.fromMs <= before.toMs) return [];
    return [{ fromMs: before.toMs, toMs: point.fromMs, whose: 'everybody', events: [before.seq, point.seq] }];
  });
  return [...gaps, ...uncountedCandidate(record, points)].sort((left, right) => left.fromMs - right.fromMs);
}

/** The same for the report's list of what was not verified. Pure. */
export function openCounts(record: RunRecord): ReportData['couldNotVerify'] {
  return listUnmeasured(record).map(({ fromMs, toMs, whose, events }) => ({
    what: `Requests ${whose === 'candidate' ? 'to the candidate ' : ''}from ${formatTime(fromMs)} to ${formatTime(toMs)}`,
    why:
      whose === 'candidate'
        ? `not counted for ${renderMs(toMs - fromMs)}: the metrics source knew only of the stable revision`
        : `not counted for ${renderMs(toMs - fromMs)}: the metrics source did not tell of this time`,
    events,
  }));
}

/** Stretches in which so many users must have been on the candidate that none of them by chance is out of the question. */
function uncountedCandidate(record: RunRecord, points: readonly CountsPoint[]): Unmeasured[] {
  const found: Array<Unmeasured & { expected: number }> = [];
  for (const point of points) {
    const weightPercent = weightIn(record, point);
    if (point.canary.requests > 0 || weightPercent === null) continue;
    const expected = (point.baseline.requests * weightPercent) / (100 - weightPercent);
    const last = found.at(-1);
    if (last?.toMs === point.fromMs) {
      last.toMs = point.toMs;
      last.expected += expected;
      last.events = [last.events[0] ?? point.seq, point.seq];
    } else found.push({ fromMs: point.fromMs, toMs: point.toMs, whose: 'candidate', events: [point.seq], expected });
  }
  return found.flatMap(({ expected, ...one }) => (expected >= leastExpected ? [one] : []));
}

/** Weight that held during the whole point; null where it changed, or where only one revision had users. */
function weightIn(record: RunRecord, { fromMs, toMs }: CountsPoint): number | null {
  const changes = record.steps.flatMap(({ step, startedAtMs, endedAtMs }) =>
    step.kind === 'set_weight' && startedAtMs !== null
      ? [{ startedAtMs, endedAtMs: endedAtMs ?? startedAtMs, weightPercent: step.weightPercent }]
      : [],
  );
  if (changes.some((change) => change.startedAtMs < toMs && change.endedAtMs > fromMs)) return null;
  const weightPercent = changes.findLast((change) => change.endedAtMs <= fromMs)?.weightPercent ?? 0;
  return weightPercent > 0 && weightPercent < 100 ? weightPercent : null;
}
