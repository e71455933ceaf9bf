import type { RunContext } from './run-context.ts';
import { waitUntilUnrouted } from './verify-revision.ts';

/** Whether users are seen to be off the candidate, looked at from the moment on at which the target has moved them. */
export type UserWatch = {
  /** Users have been moved, perhaps once more: what was seen before does not count any longer. */
  moved(): void;
  /** When (Unix ms) they were seen to be off, after the last move; null when they were not in time. */
  seen(): Promise<{ atMs: number; reads: number } | 'nobody to see' | null>;
};

const withinMs = 20_000;

/**
 * Looks at the traffic path while the target still reads back and tidies up, so that neither waits for the other. Where nobody
 * was ever on the candidate, or nobody serves without it, there is nothing to see.
 */
export function watchUsers({ plan, ports, maxWeightPercent }: RunContext): UserWatch {
  if (maxWeightPercent === 0 || plan.content.stable === null)
    return { moved: () => undefined, seen: async () => 'nobody to see' };
  const { revision } = plan.content;
  let stop = new AbortController();
  const look = async (signal: AbortSignal): Promise<{ atMs: number; reads: number } | null> => {
    const unrouted = await waitUntilUnrouted(ports, revision.id, { withinMs, signal });
    return unrouted === null ? null : { atMs: ports.clock.now(), reads: unrouted.reads };
  };
  let looking: ReturnType<typeof look> | null = null;
  return {
    moved: () => {
      stop.abort();
      stop = new AbortController();
      looking = look(stop.signal);
      // Whoever asks for it gets the error.
      looking.catch(() => undefined);
    },
    seen: () => looking ?? look(stop.signal),
  };
}
