import type { Clock } from '../model/clock.ts';
import { cellMs } from '../model/traffic.ts';

/** A probe that could be sent only so much later than intended says more about this process than about the service. */
const latestMs = 1000;

export type OpenLoop = {
  clock: Clock;
  /** The clock of the intended times; never goes back. */
  nowMs(): number;
  signal: AbortSignal;
  intervalMs: number;
  /** Called once for each intended time; must not wait. */
  fire(intendedMs: number): void;
  /** Instead of `fire` for a time that was missed by more than `latestMs` (this process was stopped, or starved). */
  skip(intendedMs: number): void;
  /** Every intended time before this one has been dealt with. */
  advance(untilMs: number): void;
};

/** Fires at start + k·interval, never earlier, each k exactly once, regardless of what comes of it. */
export async function runOpenLoop(loop: OpenLoop): Promise<void> {
  const startMs = loop.nowMs();
  let index = 0;
  while (!loop.signal.aborted) {
    const nowMs = loop.nowMs();
    for (
      let intendedMs = startMs + index * loop.intervalMs;
      intendedMs <= nowMs;
      intendedMs = startMs + index * loop.intervalMs
    ) {
      if (nowMs - intendedMs > latestMs) loop.skip(intendedMs);
      else loop.fire(intendedMs);
      index++;
    }
    loop.advance(nowMs);
    const untilNextMs = startMs + index * loop.intervalMs - loop.nowMs();
    await loop.clock.sleep(Math.min(cellMs, Math.max(1, untilNextMs)), loop.signal);
  }
}
