import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probePrometheus } from '../../src/metrics/probe-prometheus.ts';
import { askRawSeries } from '../../src/metrics/prometheus-client.ts';
import {
  createPrometheusSource,
  type PrometheusQueries,
  type PrometheusSourceOptions,
} from '../../src/metrics/prometheus-source.ts';
import type { Arm, Measurement, MetricSource, Window } from '../../src/model/metric-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { type Behaviour, describeMetricSource } from '../conformance/metric-source.ts';
import { startNativeExporter } from '../fixtures/native-exporter.ts';
import {
  freePort,
  portOf,
  prometheusBinary,
  type RealPrometheus,
  startPrometheus,
} from '../fixtures/real-prometheus.ts';

const everyMs = 1000;
const program = fileURLToPath(new URL('../fixtures/tiny-service/server.mjs', import.meta.url));
const missing = prometheusBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/prometheus.test.ts: prometheus is not installed (apt-get install prometheus)');

const queries: PrometheusQueries = {
  requests: 'http_requests_total',
  failures: ['http_requests_total{code=~"5.."}'],
  latency: { histogram: 'http_request_duration_seconds', unit: 's', native: false },
  inFlight: null,
  events: {},
};
const inFlight = 'http_requests_in_flight';
let prometheus: RealPrometheus;
let runs = 0;

beforeAll(async () => {
  if (!missing) prometheus = await startPrometheus(everyMs);
});
afterAll(async () => {
  if (!missing) await prometheus.close();
});

function optionsFor(run: string, url: string, extra: Partial<PrometheusSourceOptions> = {}): PrometheusSourceOptions {
  const match = `run="${run}",version="{{version}}"`;
  return {
    url,
    everyMs,
    timeoutMs: 2000,
    settleMs: 500,
    headersFromEnv: {},
    environment: {},
    queries,
    match: { baseline: match, canary: match },
    revisions: {
      baseline: { version: '1.0.0', revisionId: 'rev-1' },
      canary: { version: '2.0.0', revisionId: 'rev-2' },
    },
    clock: createSystemClock(),
    ...extra,
  };
}

const paths: Record<Behaviour, string> = { ok: '/', fail: '/error', slow: '/slow?ms=300', hang: '/never' };

type Stage = {
  run: string;
  behave(arm: Arm, how: Behaviour): void;
  /** Requests whose answer has come, and those of them that were failures, as their sender counted. */
  sent(arm: Arm): { requests: number; failures: number };
  restart(arm: Arm): Promise<void>;
  kill(arm: Arm): Promise<void>;
  pauseTraffic(paused: boolean): void;
  close(): Promise<void>;
};

/** Two real services that are scraped, with twenty requests a second to each. */
async function createStage(arms: Readonly<Record<Arm, string | null>>): Promise<Stage> {
  const run = `run-${runs++}`;
  const services = new Map<Arm, Service>();
  const behaviour: Record<Arm, Behaviour> = { baseline: 'ok', canary: 'ok' };
  let paused = false;
  for (const [arm, version] of [
    ['baseline', '1.0.0'],
    ['canary', '2.0.0'],
  ] as const) {
    if (arms[arm] === null) continue;
    const service = await startService(version);
    services.set(arm, service);
    await prometheus.scrape(service.address, { run });
  }
  // New targets are scraped within five seconds; what is tested begins after that.
  for (const { address } of services.values()) await isScraped(address);
  const sent: Record<Arm, { requests: number; failures: number }> = {
    baseline: { requests: 0, failures: 0 },
    canary: { requests: 0, failures: 0 },
  };
  const timer = setInterval(() => {
    for (const [arm, { address }] of services) {
      if (paused) continue;
      http
        .get(`http://${address}${paths[behaviour[arm]]}`, { agent: false, timeout: 30_000 }, (response) => {
          response.resume();
          response.once('end', () => {
            sent[arm].requests++;
            if (response.statusCode === 500) sent[arm].failures++;
          });
        })
        .on('timeout', function (this: http.ClientRequest) {
          this.destroy();
        })
        .on('error', () => undefined);
    }
  }, 50);
  return {
    run,
    behave: (arm, how) => {
      behaviour[arm] = how;
    },
    sent: (arm) => sent[arm],
    restart: async (arm) => services.get(arm)?.restart(),
    kill: async (arm) => services.get(arm)?.kill(),
    pauseTraffic: (value) => {
      paused = value;
    },
    close: async () => {
      clearInterval(timer);
      for (const service of services.values()) {
        await prometheus.forget(service.address);
        await service.close();
      }
    },
  };
}

type Service = { address: string; restart(): Promise<void>; kill(): Promise<void>; close(): Promise<void> };

async function startService(version: string): Promise<Service> {
  const directory = mkdtempSync(join(tmpdir(), 'seatrial-sample-'));
  writeFileSync(join(directory, 'behaviour.json'), JSON.stringify({ version }));
  const port = await freePort();
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [program], {
      cwd: directory,
      env: { PORT: String(port) },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (child.stdout !== null) await once(child.stdout, 'data');
  };
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    address: `127.0.0.1:${port}`,
    restart: async () => {
      await kill();
      await start();
    },
    kill,
    close: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function isScraped(address: string, metric = 'http_requests_in_flight'): Promise<void> {
  const { signal } = new AbortController();
  const selector = `${metric}{instance="${address}"}`;
  const access = { url: prometheus.url, timeoutMs: 2000, headersFromEnv: {}, environment: {} };
  for (let tries = 0; tries < 100; tries++) {
    const [series] = await askRawSeries(access, { selector, atMs: Date.now(), rangeMs: 10_000 }, signal);
    if ((series?.values.length ?? 0) >= 2) return;
    await pause(100);
  }
  throw new Error(`${address} is not scraped`);
}

/** Stands between the source and Prometheus, so that one source can be cut off. */
async function startRelay(): Promise<{
  url: string;
  cut(value: boolean): void;
  contacts(): number;
  close(): Promise<void>;
}> {
  let isCut = false;
  let contacts = 0;
  const server = http.createServer((request, response) => {
    contacts++;
    if (isCut) return request.socket.destroy();
    const on = http.request(
      `${prometheus.url}${request.url}`,
      { method: request.method, headers: request.headers, agent: false },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    on.on('error', () => request.socket.destroy());
    return request.pipe(on);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    cut: (value) => {
      isCut = value;
    },
    contacts: () => contacts,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (!missing) {
  describeMetricSource('prometheus, real', async ({ arms }) => {
    const stage = await createStage(arms);
    const relay = await startRelay();
    const { revisions } = optionsFor(stage.run, relay.url);
    return {
      source: createPrometheusSource(
        optionsFor(stage.run, relay.url, {
          revisions: {
            baseline: arms.baseline === null ? null : revisions.baseline,
            canary: arms.canary === null ? null : revisions.canary,
          },
        }),
      ),
      stratum: 'user',
      requestTimeoutMs: 1500,
      slowMs: 300,
      slowAboveMs: 250,
      behave: stage.behave,
      break: async () => relay.cut(true),
      repair: async () => relay.cut(false),
      contacts: relay.contacts,
      close: async () => {
        await relay.close();
        await stage.close();
      },
    };
  });
}

describe.skipIf(missing)('prometheus, real', { timeout: 90_000 }, () => {
  const begin = async (
    onTestFinished: (clean: () => Promise<void>) => void,
    extra: Partial<PrometheusSourceOptions> = {},
  ) => {
    const stage = await createStage({ baseline: 'rev-1', canary: 'rev-2' });
    const relay = await startRelay();
    const ending = new AbortController();
    const source = createPrometheusSource(optionsFor(stage.run, relay.url, extra));
    onTestFinished(async () => {
      ending.abort();
      await relay.close();
      await stage.close();
    });
    await source.start({ baseline: 'rev-1', canary: 'rev-2' }, ending.signal);
    await until(() => requests(source, lastWindow(source), 'canary').status === 'measured');
    return { stage, relay, source };
  };

  it('loses nothing that Prometheus scraped while it could not be asked', async ({ onTestFinished }) => {
    const { stage, relay, source } = await begin(onTestFinished);
    const fromMs = (source.knownUntilMs() ?? 0) - everyMs;
    relay.cut(true);
    stage.behave('canary', 'fail');
    await until(() => source.silentForMs() > 8000);
    stage.pauseTraffic(true);
    await pause(2 * everyMs);
    relay.cut(false);
    const toMs = await knownFor(source, 2 * everyMs);
    for (let at = fromMs; at < toMs; at += everyMs)
      expect(requests(source, { fromMs: at, toMs: at + everyMs }, 'canary').status).not.toBe('error');
    const all = requests(source, { fromMs: fromMs - 4 * everyMs, toMs }, 'canary');
    if (all.status !== 'measured') throw new Error(all.reason);
    // Every failure was sent after the cut, so all of them must be there, to the last one.
    expect(all.failures).toBe(stage.sent('canary').failures);
    expect(all.failures).toBeGreaterThan(100);
  });

  it('says error for what Prometheus did not scrape, and goes on', async ({ onTestFinished }) => {
    const { source, stage } = await begin(onTestFinished);
    const beforeMs = source.knownUntilMs() ?? 0;
    await prometheus.kill();
    // Whatever it was scraping when it was killed is over by then, for both revisions.
    const fromMs = Math.ceil(Date.now() / everyMs + 1) * everyMs;
    const during = { fromMs, toMs: fromMs + everyMs };
    await until(() => source.silentForMs() > 4000);
    expect(requests(source, during, 'canary').status).toBe('error');
    await prometheus.start();
    await until(() => (source.knownUntilMs() ?? 0) > beforeMs + 8 * everyMs);
    expect(requests(source, during, 'canary')).toMatchObject({
      status: 'error',
      reason: expect.stringMatching(/nothing was scraped/),
    });
    await until(() => requests(source, lastWindow(source), 'canary').status === 'measured');
    const last = requests(source, lastWindow(source), 'canary');
    // Nothing of the time without scrapes is heaped on one window.
    expect(last.status === 'measured' && last.samples).toBeLessThan(45);
    expect(stage.sent('canary').failures).toBe(0);
  });

  it('follows counters over a restart of the service', async ({ onTestFinished }) => {
    const { stage, source } = await begin(onTestFinished);
    await stage.restart('canary');
    const atMs = source.knownUntilMs() ?? 0;
    await until(() => (source.knownUntilMs() ?? 0) >= atMs + 6 * everyMs);
    let counted = 0;
    for (let at = atMs; at < atMs + 6 * everyMs; at += everyMs) {
      const one = requests(source, { fromMs: at, toMs: at + everyMs }, 'canary');
      if (one.status === 'measured') counted += one.samples;
      if (one.status === 'measured') expect(one.samples).toBeLessThan(45);
    }
    expect(counted).toBeGreaterThan(40);
  });

  it('has no data for an arm that is gone, while the other is measured', async ({ onTestFinished }) => {
    const { stage, source } = await begin(onTestFinished);
    await stage.kill('canary');
    await until(() => requests(source, lastWindow(source), 'canary').status === 'no_data');
    expect(requests(source, lastWindow(source), 'canary')).toMatchObject({
      reason: expect.stringMatching(/newest sample is .* s old/),
    });
    expect(requests(source, lastWindow(source), 'baseline').status).toBe('measured');
  });

  it('counts requests when they arrive where open ones are counted too', async ({ onTestFinished }) => {
    const { stage, source } = await begin(onTestFinished, { queries: { ...queries, inFlight } });
    expect(source.traits.countedBy).toBe('arrival');
    // What hangs is known as failed only when it ends, so windows right after a change of weight say nothing here too.
    expect(source.traits.settleMs).toBeGreaterThan(0);
    stage.behave('canary', 'hang');
    const fromMs = await knownFor(source, 2 * everyMs);
    await knownFor(source, 2 * everyMs);
    const window = { fromMs, toMs: fromMs + 2 * everyMs };
    const canary = requests(source, window, 'canary');
    // Nothing was answered, and still the arrivals are there.
    expect(canary.status === 'measured' && canary.samples).toBeGreaterThan(20);
  });

  it('reads native histograms with their own edges, over a reset', async ({ onTestFinished }) => {
    const exporter = await startNativeExporter();
    const run = `run-${runs++}`;
    await prometheus.scrape(exporter.address, { run, version: '2.0.0' });
    const timer = setInterval(() => {
      for (const seconds of [0.1, 0.1, 0.1, 0.4]) exporter.observe(seconds);
    }, 50);
    const ending = new AbortController();
    onTestFinished(async () => {
      ending.abort();
      clearInterval(timer);
      await prometheus.forget(exporter.address);
      await exporter.close();
    });
    const native = { histogram: 'request_seconds', unit: 's', native: true } as const;
    const source = createPrometheusSource(
      optionsFor(run, prometheus.url, { queries: { ...queries, latency: native } }),
    );
    await isScraped(exporter.address, 'http_requests_total');
    await source.start({ baseline: 'rev-1', canary: 'rev-2' }, ending.signal);
    const fromMs = await knownFor(source, 4 * everyMs);
    exporter.reset();
    const toMs = await knownFor(source, 4 * everyMs);
    const reading = source.latency({ fromMs: fromMs - everyMs, toMs }, 'canary', 'user');
    const found = (reading?.counts ?? []).map(([bucket, count]) => ({
      lowerMs: reading?.edgesMs[bucket - 1] ?? 0,
      upperMs: reading?.edgesMs[bucket] ?? Number.POSITIVE_INFINITY,
      count,
    }));
    expect(found).toHaveLength(2);
    const [fast, slow] = found;
    expect(fast?.lowerMs).toBeLessThan(100);
    expect(fast?.upperMs).toBeGreaterThanOrEqual(100);
    expect(slow?.lowerMs).toBeLessThan(400);
    expect(slow?.upperMs).toBeGreaterThanOrEqual(400);
    expect((slow?.upperMs ?? 0) / (slow?.lowerMs ?? 1)).toBeCloseTo(2 ** (1 / 8), 2);
    expect((fast?.count ?? 0) / (slow?.count ?? 1)).toBeCloseTo(3, 0);
  });

  it('looks back over both revisions together', async ({ onTestFinished }) => {
    const { stage, source } = await begin(onTestFinished);
    stage.behave('canary', 'fail');
    await pause(4000);
    stage.behave('canary', 'slow');
    await pause(3000);
    stage.pauseTraffic(true);
    await pause(3 * everyMs);
    const window = { fromMs: Date.now() - 60_000, toMs: Date.now() };
    const { signal } = new AbortController();
    const all = await source.countsOver?.(window, { kind: 'requests' }, signal);
    const [canary, baseline] = [stage.sent('canary'), stage.sent('baseline')];
    const sent = canary.requests + baseline.requests;
    expect(all).toMatchObject({ status: 'measured', failures: canary.failures });
    // What was sent before the first scrape of a new instance is not known.
    expect(all?.status === 'measured' && all.samples / sent).toBeGreaterThan(0.5);
    expect(all?.status === 'measured' && all.samples).toBeLessThanOrEqual(sent);
    const slow = await source.countsOver?.(window, { kind: 'slower_than', aboveMs: 200 }, signal);
    expect(slow?.status === 'measured' && slow.failures).toBeGreaterThan(30);
    expect(slow?.status === 'measured' && slow.failures / slow.samples).toBeLessThan(0.5);
    expect(await source.countsOver?.({ fromMs: 0, toMs: 60_000 }, { kind: 'requests' }, signal)).toMatchObject({
      status: 'no_data',
    });
  });

  it('is refused before a run for what is no selector, matches nothing, or is scraped too rarely', async ({
    onTestFinished,
  }) => {
    const { stage } = await begin(onTestFinished);
    const { signal } = new AbortController();
    const probe = (extra: Partial<PrometheusSourceOptions>) =>
      probePrometheus(optionsFor(stage.run, prometheus.url, extra), signal);
    await pause(3 * everyMs);
    expect(await probe({})).toMatchObject({ evidence: { requests: 1, scrapeMs: everyMs } });
    const wrong = (requests: string) => probe({ queries: { ...queries, requests } });
    await expect(wrong('sum(http_requests_total)')).rejects.toThrow(/bad_data/);
    await expect(wrong('http_requests_total{code=~"["}')).rejects.toThrow(/bad_data/);
    await expect(wrong('http_request_total')).rejects.toThrow(/no series matches http_request_total/);
    await expect(probe({ everyMs: 500 })).rejects.toThrow(/scrapes every 1 s and metrics.every is 0.5 s/);
    await expect(probe({ url: 'http://127.0.0.1:1' })).rejects.toThrow();
  });
});

function requests(source: MetricSource, window: Window, arm: Arm): Measurement {
  return source.measure({ kind: 'requests', stratum: 'user' }, window, arm);
}

function lastWindow(source: MetricSource): Window {
  const toMs = source.knownUntilMs() ?? everyMs;
  return { fromMs: toMs - everyMs, toMs };
}

/** Waits for that much more to be known; until when it is then. */
async function knownFor(source: MetricSource, ms: number): Promise<number> {
  await until(() => source.knownUntilMs() !== null);
  const goal = (source.knownUntilMs() ?? 0) + ms;
  await until(() => (source.knownUntilMs() ?? 0) >= goal);
  return source.knownUntilMs() ?? 0;
}

async function until(done: () => boolean, limitMs = 40_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('did not come about in time');
    await pause(50);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
