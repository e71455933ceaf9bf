import type { Clock } from '../model/clock.ts';
import { toDeployError } from '../model/deploy-error.ts';
import type { TrafficFeed, TrafficFrame } from '../model/traffic.ts';
import { parseFrame } from './parse-frame.ts';

export type FollowRequest = {
  feed: TrafficFeed;
  clock: Clock;
  signal: AbortSignal;
  /** Asked anew at each connection. */
  sinceMs(): number;
  onFrame(frame: TrafficFrame): void;
  onBreak(reason: string): void;
};

/** A frame comes every 250 ms; after this long without one the connection is given up. */
const stalledAfterMs = 2000;
const firstPauseMs = 100;
const longestPauseMs = 3000;

/** Reads a feed until `signal` fires, opening it again with growing pauses whenever it breaks, stalls or speaks garbage. Never rejects. */
export async function followFeed(request: FollowRequest): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!request.signal.aborted) {
    const { frames, reason } = await readUntilBreak(request);
    if (request.signal.aborted) return;
    request.onBreak(reason);
    if (frames > 0) pauseMs = firstPauseMs;
    await request.clock.sleep(pauseMs, request.signal);
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  }
}

async function readUntilBreak(request: FollowRequest): Promise<{ frames: number; reason: string }> {
  const connection = new AbortController();
  const close = (): void => connection.abort();
  request.signal.addEventListener('abort', close, { once: true });
  let frames = 0;
  let iterator: AsyncIterator<TrafficFrame> | null = null;
  try {
    iterator = request.feed.frames({ sinceMs: request.sinceMs(), signal: connection.signal })[Symbol.asyncIterator]();
    while (!request.signal.aborted) {
      const next = await nextWithin(iterator, request.clock, connection.signal);
      if (next === 'stalled') return { frames, reason: `the feed sent nothing for ${stalledAfterMs} ms` };
      if (next.done === true) return { frames, reason: 'the feed ended' };
      const parsed = parseFrame(next.value, request.clock.now());
      if (parsed.frame === null) return { frames, reason: `the feed sent something unreadable: ${parsed.problem}` };
      request.onFrame(parsed.frame);
      frames++;
    }
    return { frames, reason: 'cancelled' };
  } catch (thrown) {
    return { frames, reason: `the feed broke: ${toDeployError(thrown).message}` };
  } finally {
    request.signal.removeEventListener('abort', close);
    connection.abort();
    // A producer that hangs may never answer this; nothing waits for it.
    iterator?.return?.().catch(() => undefined);
  }
}

async function nextWithin(
  iterator: AsyncIterator<TrafficFrame>,
  clock: Clock,
  signal: AbortSignal,
): Promise<IteratorResult<TrafficFrame> | 'stalled'> {
  const timer = new AbortController();
  const stopTimer = (): void => timer.abort();
  signal.addEventListener('abort', stopTimer, { once: true });
  const next = iterator.next();
  try {
    return await Promise.race([next, clock.sleep(stalledAfterMs, timer.signal).then(() => 'stalled' as const)]);
  } finally {
    signal.removeEventListener('abort', stopTimer);
    timer.abort();
    next.catch(() => undefined);
  }
}
