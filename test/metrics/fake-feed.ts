import { noRequests, type TrafficCell, type TrafficFeed, type TrafficFrame } from '../../src/model/traffic.ts';

type Message = { value: unknown } | { error: Error } | { end: true };

export type FakeFeed = TrafficFeed & {
  /** Options of every opening so far. */
  openings: Array<{ sinceMs: number; signal: AbortSignal }>;
  send(frame: unknown): void;
  break(message: string): void;
  finish(): void;
  /** While set, opening throws it. */
  refuse(message: string | null): void;
};

/** A feed whose frames a test writes one by one; each opening reads its own. */
export function createFakeFeed(): FakeFeed {
  let waiting: Message[] = [];
  let wake: () => void = () => undefined;
  let refusal: string | null = null;
  const openings: FakeFeed['openings'] = [];
  const push = (message: Message): void => {
    waiting.push(message);
    wake();
  };
  return {
    openings,
    send: (value) => push({ value }),
    break: (message) => push({ error: new Error(message) }),
    finish: () => push({ end: true }),
    refuse: (message) => {
      refusal = message;
    },
    async *frames(options) {
      openings.push(options);
      if (refusal !== null) throw new Error(refusal);
      waiting = [];
      options.signal.addEventListener('abort', () => wake(), { once: true });
      while (!options.signal.aborted) {
        const message = waiting.shift();
        if (message === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if ('error' in message) throw message.error;
        else if ('end' in message) return;
        else yield asFrame(message.value);
      }
    },
  };
}

/** The contract says TrafficFrame; what really comes over a wire may be anything, and tests send anything. */
function asFrame(value: unknown): TrafficFrame {
  const carrier: { frame: TrafficFrame } = JSON.parse('{"frame":null}');
  Reflect.set(carrier, 'frame', value);
  return carrier.frame;
}

/** A cell of rev-2, all of whose requests have ended unless `counts` says otherwise. */
export function cell(atMs: number, counts: Partial<TrafficCell> = {}): TrafficCell {
  return {
    revisionId: 'rev-2',
    stratum: 'user',
    atMs,
    ...noRequests,
    ended: counts.arrivals ?? 0,
    latency: [],
    ...counts,
  };
}

export function frame(
  nowMs: number,
  cells: TrafficCell[] = [],
  instances: TrafficFrame['instances'] = [],
): TrafficFrame {
  return { nowMs, cells, instances, inFlight: [] };
}
