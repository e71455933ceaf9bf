import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import type { Arm, MetricSource } from '../model/metric-source.ts';
import { cellMs, type InstanceEvent, type TrafficFeed, type TrafficFrame } from '../model/traffic.ts';
import { createCellStore } from './cell-store.ts';
import { createEventQueue } from './event-queue.ts';
import { followFeed } from './follow-feed.ts';
import { measureCells } from './measure-cells.ts';

export type ProxySourceOptions = {
  feed: TrafficFeed;
  clock: Clock;
  /** A request open for this long counts as failed by the proxy. */
  requestTimeoutMs: number;
};

const keepMs = 15 * 60_000;
/** How far before `start` the first cells lie: covers a producer whose clock is behind by seconds. */
const lookBackMs = 60_000;

/** Requests of users as the embedded proxy counts them, streamed; survives breaks of the stream and repeats nothing. */
export function createProxySource(options: ProxySourceOptions): MetricSource {
  const { clock, requestTimeoutMs } = options;
  let arms: Readonly<Record<Arm, string | null>> = { baseline: null, canary: null };
  let started = false;
  let startedAt = clock.monotonic();
  let heardAt = startedAt;
  let knownUntilMs: number | null = null;
  let brokenBecause: string | null = null;
  let events = createEventQueue();
  let store = createCellStore(keepMs + requestTimeoutMs, 0);

  const take = (frame: TrafficFrame): void => {
    heardAt = clock.monotonic();
    brokenBecause = null;
    // What happened to instances before the start belongs to nobody's run.
    if (knownUntilMs === null) events = createEventQueue(frame.nowMs - (heardAt - startedAt));
    for (const cell of frame.cells)
      if (cell.revisionId === arms.baseline || cell.revisionId === arms.canary) store.put(cell);
    for (const event of frame.instances) events.add(event);
    knownUntilMs = frame.nowMs - cellMs;
    store.forget(frame.nowMs);
  };

  const silentForMs = (): number => clock.monotonic() - heardAt;
  const whyNotKnown = (): string => {
    if (brokenBecause !== null) return `${brokenBecause}; silent for ${Math.round(silentForMs())} ms`;
    return knownUntilMs === null ? 'nothing has been heard yet' : 'the window is not completely known yet';
  };

  return {
    kind: 'proxy',
    start: async (wanted, signal) => {
      if (started) throw new DeployError('INTERNAL', { reason: 'a metrics source can be started only once' });
      started = true;
      arms = { ...wanted };
      const beginMs = Math.floor((clock.now() - lookBackMs) / cellMs) * cellMs;
      store = createCellStore(keepMs + requestTimeoutMs, beginMs);
      startedAt = clock.monotonic();
      heardAt = startedAt;
      // Ends with the signal and never rejects; nobody waits for it.
      void followFeed({
        feed: options.feed,
        clock,
        signal,
        // Cells change until their requests have timed out, so a new connection begins that much earlier.
        sinceMs: () =>
          knownUntilMs === null ? beginMs : Math.max(store.keptFromMs, knownUntilMs - requestTimeoutMs - cellMs),
        onFrame: take,
        onBreak: (reason) => {
          brokenBecause = reason;
        },
      });
    },
    knownUntilMs: () => knownUntilMs,
    silentForMs,
    measure: (query, window, arm) =>
      measureCells(
        { store, source: 'proxy', knownUntilMs, requestTimeoutMs, whyNotKnown: whyNotKnown() },
        { query, window, revisionId: arms[arm] },
      ),
    latency: (window, arm, stratum) => {
      const revisionId = arms[arm];
      return revisionId === null
        ? []
        : [...store.sum({ revisionId, stratum }, window).histogram].sort((left, right) => left[0] - right[0]);
    },
    takeInstanceEvents: (): InstanceEvent[] => events.take(),
  };
}
