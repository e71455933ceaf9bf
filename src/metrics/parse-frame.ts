import { cellMs, latencyBuckets, type TrafficCell, type TrafficFrame, trafficFrameSchema } from '../model/traffic.ts';

/** A producer's clock may differ by seconds; one that differs more is not believed. */
const greatestSkewMs = 5 * 60_000;

/** A frame whose shape and numbers make sense, or what is wrong with it. `nowMs` is the reader's clock. Pure. */
export function parseFrame(
  value: unknown,
  nowMs: number,
): { frame: TrafficFrame; problem: null } | { frame: null; problem: string } {
  const parsed = trafficFrameSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      frame: null,
      problem: `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'not a frame'}`.trim().slice(0, 200),
    };
  }
  const frame = parsed.data;
  if (Math.abs(frame.nowMs - nowMs) > greatestSkewMs)
    return { frame: null, problem: `its clock is off by ${frame.nowMs - nowMs} ms` };
  for (const cell of frame.cells) {
    const problem = problemWithCell(cell, frame.nowMs);
    if (problem !== null) return { frame: null, problem };
  }
  return { frame, problem: null };
}

function problemWithCell(cell: TrafficCell, frameNowMs: number): string | null {
  if (cell.atMs % cellMs !== 0) return `a cell begins at ${cell.atMs}, which is no multiple of ${cellMs}`;
  if (cell.atMs > frameNowMs + greatestSkewMs) return 'a cell lies in the future';
  // `newUnits` may exceed arrivals: the revision that a unit was drawn for is not always the one that takes the request.
  if (cell.ended > cell.arrivals || cell.mismatched > cell.arrivals || cell.warming > cell.arrivals)
    return 'a cell counts more results than arrivals';
  if (cell.failed > cell.ended || cell.completed > cell.ended) return 'a cell counts more results than endings';
  if (cell.failedUnits > cell.failed) return 'a cell counts more failed units than failures';
  const badBucket = cell.latency.some(([bucket, count]) => bucket < 0 || bucket >= latencyBuckets.count || count < 0);
  if (badBucket) return 'a latency bucket is out of range';
  const latencies = cell.latency.reduce((sum, [, count]) => sum + count, 0);
  return latencies > cell.ended || latencies > cell.arrivals - cell.warming
    ? 'a cell counts more latencies than endings'
    : null;
}
