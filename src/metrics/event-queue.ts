import type { InstanceEvent } from '../model/traffic.ts';

export type EventQueue = {
  /** Keeps an event unless it is older than the queue or has been seen: a feed repeats events when it is opened again. */
  add(event: InstanceEvent): void;
  /** Events since the last call, in the order in which they were heard. */
  take(): InstanceEvent[];
};

const rememberedEvents = 10_000;
const waitingEvents = 2000;

/** Instance events, each once; `notBeforeMs` is on the producer's clock. Bounded: the oldest go first. */
export function createEventQueue(notBeforeMs = Number.NEGATIVE_INFINITY): EventQueue {
  const seen = new Set<string>();
  let waiting: InstanceEvent[] = [];
  return {
    add: (event) => {
      const key = JSON.stringify([event.revisionId, event.instanceId, event.atMs, event.what]);
      if (event.atMs < notBeforeMs || seen.has(key)) return;
      seen.add(key);
      const oldest = seen.size > rememberedEvents ? seen.values().next().value : undefined;
      if (oldest !== undefined) seen.delete(oldest);
      waiting.push(event);
      if (waiting.length > waitingEvents) waiting.shift();
    },
    take: () => {
      const taken = waiting;
      waiting = [];
      return taken;
    },
  };
}
