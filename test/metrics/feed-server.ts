import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { countArrival } from '../../src/metrics/cell-counter.ts';
import { createCellStore } from '../../src/metrics/cell-store.ts';
import type { Arm } from '../../src/model/metric-source.ts';
import { cellMs, type TrafficFeed, type TrafficFrame } from '../../src/model/traffic.ts';
import type { Behaviour } from '../conformance/metric-source.ts';

export type FeedServer = {
  feed: TrafficFeed;
  behave(arm: Arm, how: Behaviour): void;
  /** Cuts every stream and refuses new ones until `repair`. */
  break(): void;
  repair(): void;
  frames(): number;
  close(): Promise<void>;
};

export type FeedServerOptions = {
  arms: Readonly<Record<Arm, string | null>>;
  skewMs: number;
  requestTimeoutMs: number;
  slowMs: number;
};

/** Stands for the local host: counts made-up requests of users in arrival cells and streams them as JSON lines over HTTP. */
export async function startFeedServer(options: FeedServerOptions): Promise<FeedServer> {
  const store = createCellStore(60_000, 0);
  const behaviour: Record<Arm, Behaviour> = { baseline: 'ok', canary: 'ok' };
  const nowMs = (): number => Date.now() + options.skewMs;
  let broken = false;
  let frames = 0;

  const arrive = (arm: Arm): void => {
    const revisionId = options.arms[arm];
    if (revisionId === null) return;
    const end = countArrival(store, { revisionId, stratum: 'user' }, nowMs());
    const how = behaviour[arm];
    const afterMs = { ok: 5, fail: 5, slow: options.slowMs, hang: options.requestTimeoutMs }[how];
    const arrivedMs = nowMs();
    // Not the timer's own lateness but the intended time ends it, so that a busy machine changes nothing.
    setTimeout(
      () =>
        end({
          atMs: arrivedMs + afterMs,
          failed: how === 'fail' || how === 'hang',
          completed: how !== 'hang',
          mismatched: false,
        }),
      afterMs,
    );
  };
  const traffic = setInterval(() => {
    arrive('baseline');
    arrive('canary');
  }, 50);

  const server = http.createServer((request, response) => {
    if (broken) return request.socket.destroy();
    let sinceMs = Number(new URL(request.url ?? '/', 'http://host').searchParams.get('sinceMs'));
    const sendFrame = (): void => {
      const at = nowMs();
      const cells = cellsSince(sinceMs, at);
      sinceMs = at - options.requestTimeoutMs - 1000;
      frames++;
      response.write(`${JSON.stringify({ nowMs: at, cells, instances: [], inFlight: [] })}\n`);
    };
    const timer = setInterval(sendFrame, 100);
    response.on('close', () => clearInterval(timer));
    return sendFrame();
  });
  const cellsSince = (sinceMs: number, untilMs: number): TrafficFrame['cells'] => {
    const cells: TrafficFrame['cells'] = [];
    const fromMs = Math.floor(Math.max(sinceMs, untilMs - 30_000) / cellMs) * cellMs;
    for (const revisionId of [options.arms.baseline, options.arms.canary]) {
      for (let at = fromMs; revisionId !== null && at <= untilMs; at += cellMs) {
        const cell = store.get({ revisionId, stratum: 'user' }, at);
        if (cell !== null) cells.push(cell);
      }
    }
    return cells;
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${portOf(server.address())}`;

  return {
    feed: { frames: ({ sinceMs, signal }) => readFrames(`${url}/?sinceMs=${sinceMs}`, signal) },
    behave: (arm, how) => {
      behaviour[arm] = how;
    },
    break: () => {
      broken = true;
      server.closeAllConnections();
    },
    repair: () => {
      broken = false;
    },
    frames: () => frames,
    close: async () => {
      clearInterval(traffic);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function* readFrames(url: string, signal: AbortSignal): AsyncGenerator<TrafficFrame> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(url, { signal, agent: false }, resolve).on('error', reject);
  });
  for await (const line of createInterface({ input: response })) yield JSON.parse(line);
  throw new Error('the stream was cut');
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}
