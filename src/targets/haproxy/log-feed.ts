import type { Clock } from '../../model/clock.ts';
import { DeployError, toDeployError } from '../../model/deploy-error.ts';
import type { TrafficFeed, TrafficFrame } from '../../model/traffic.ts';
import type { SocketAddress } from '../../system/ask-socket.ts';
import { LogCounter, lineLagMs } from './log-counter.ts';
import { LogStream } from './log-stream.ts';
import type { RuntimeApi } from './runtime-api.ts';

export type LogFeedOptions = {
  api: Pick<RuntimeApi, 'arrivals'>;
  /** Of the same stats socket. */
  address: SocketAddress;
  /** Of the ring and of the table. */
  name: string;
  clock: Clock;
  /** HAProxy has ended every request by then, but those of which bytes still move. */
  longestOpenMs: number;
};

/** How often HAProxy is asked how many requests have come: the precision of arrivals. */
const askEveryMs = 125;
/** Shorter than the silence after which a reader gives a feed up, so that the reason is told. */
const patienceMs = 1200;
const askWithinMs = 1000;
/** A former worker has one more request on each idle connection, for as long as such a connection is kept: 5 s in the fragment. */
const formerMs = 15_000;

/**
 * Requests of users as HAProxy numbers and logs them. Nothing is listened on: the log lies in a ring in HAProxy's memory,
 * which is read over the stats socket, so that nobody else can write into it and it costs nothing while nobody reads.
 */
export function createLogFeed(options: LogFeedOptions): TrafficFeed {
  // Outlives a break, so that it can tell which time was lost by it.
  const counter = new LogCounter(options.longestOpenMs);
  return {
    longestOpenMs: options.longestOpenMs + 2 * askEveryMs,
    frames: (request) => readFrames(options, counter, request),
  };
}

async function* readFrames(
  options: LogFeedOptions,
  counter: LogCounter,
  { sinceMs, signal }: { sinceMs: number; signal: AbortSignal },
): AsyncGenerator<TrafficFrame> {
  const { clock } = options;
  const streams = new Streams(options, counter);
  let reason = 'nobody read the log of HAProxy';
  let seen = 0;
  let firstFrame = true;
  let goodAt = clock.monotonic();
  try {
    streams.open('now');
    while (!signal.aborted) {
      const problem = await ask(options, { counter, streams, signal });
      if (signal.aborted) return;
      if (problem === null) {
        goodAt = clock.monotonic();
        const nowMs = clock.now();
        const cells = counter.counter.changedSince(seen, firstFrame ? sinceMs : 0);
        seen = counter.counter.lastChange;
        const lost = counter.lostSince(firstFrame ? sinceMs : nowMs - options.longestOpenMs - 60_000);
        firstFrame = false;
        yield { nowMs, cells, instances: [], inFlight: counter.inFlight(), lost };
      } else if (clock.monotonic() - goodAt > patienceMs) {
        reason = toDeployError(problem).message;
        throw problem;
      }
      await clock.sleep(askEveryMs, signal);
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    streams.close();
    counter.interrupt(clock.now(), reason.slice(0, 300));
  }
}

/** Null, or why nothing was learned this time. Throws what cannot be mended by asking again. */
async function ask(
  { api, name, clock }: LogFeedOptions,
  { counter, streams, signal }: { counter: LogCounter; streams: Streams; signal: AbortSignal },
): Promise<DeployError | null> {
  if (!streams.listening) return unheard('its log cannot be read');
  try {
    const { worker, counts } = await api.arrivals(name, AbortSignal.any([signal, AbortSignal.timeout(askWithinMs)]));
    if (worker.stopping) return unheard('it is being reloaded');
    const { pid } = worker;
    streams.follow(pid);
    const problem = counter.take({
      pid,
      counts,
      nowMs: clock.now(),
      logFollowed: streams.followedForMs(pid) > lineLagMs,
    });
    if (problem !== null) throw new Error(problem);
    return streams.followedForMs(pid) < 0 ? unheard('its log cannot be read') : null;
  } catch (thrown) {
    return toDeployError(thrown);
  }
}

function unheard(reason: string): DeployError {
  return new DeployError('TARGET_UNREACHABLE', { target: 'HAProxy', reason });
}

/** One stream for each worker: a former one goes on logging until its last request has ended. */
class Streams {
  readonly #options: LogFeedOptions;
  readonly #counter: LogCounter;
  #all: LogStream[] = [];
  readonly #lastLines = new Map<number, string>();

  constructor(options: LogFeedOptions, counter: LogCounter) {
    this.#options = options;
    this.#counter = counter;
  }

  /** Whether a stream has begun to tell. */
  get listening(): boolean {
    return this.#all.some((stream) => stream.pid !== null);
  }

  followedForMs(pid: number): number {
    const since = this.#all.find((stream) => stream.pid === pid && stream.open)?.openSince ?? null;
    return since === null ? -1 : this.#options.clock.monotonic() - since;
  }

  open(from: 'begin' | 'now'): void {
    const { address, name: ring, clock } = this.#options;
    const lastLineOf = (pid: number): string | null => this.#lastLines.get(pid) ?? null;
    const take = (line: string, pid: number): void => {
      this.#lastLines.set(pid, line);
      this.#counter.line(line, clock.now());
    };
    this.#all.push(new LogStream({ address, ring, from, lastLineOf, clock, take }));
  }

  /** Listens to this worker, and no longer to former ones that have nothing open. */
  follow(pid: number): void {
    const now = this.#options.clock.monotonic();
    for (const stream of this.#all) {
      const former = stream.pid !== null && stream.pid !== pid;
      const idle = now - stream.heardAt > formerMs;
      if (former && idle && this.#counter.openOf(stream.pid ?? pid) === 0) stream.close();
    }
    this.#all = this.#all.filter((stream) => stream.open);
    // HAProxy ends a stream on which nothing came for its `stats timeout`; what came since lies in the ring.
    if (!this.#all.some((stream) => stream.pid === pid || stream.pid === null)) this.open('begin');
  }

  close(): void {
    for (const stream of this.#all) stream.close();
  }
}
