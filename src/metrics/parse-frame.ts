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
  if (cell.failed > cell.arrivals || cell.completed > cell.arrivals || cell.mismatched > cell.arrivals)
    return 'a cell counts more results than arrivals';
  if (cell.failedFast > cell.failed) return 'a cell counts more fast failures than failures';
  const badBucket = cell.latency.some(([bucket, count]) => bucket < 0 || bucket >= latencyBuckets.count || count < 0);
  return badBucket ? 'a latency bucket is out of range' : null;
}
