import { describe, expect, it } from 'vitest';
import { probePrometheus } from '../../src/metrics/probe-prometheus.ts';
import { createPrometheusSource, type PrometheusSourceOptions } from '../../src/metrics/prometheus-source.ts';
import type { Arm, Measurement, MetricSource } from '../../src/model/metric-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { everyMs, type FakePrometheus, fakeAnswers, steady, success } from './fake-prometheus.ts';
import { type Answer, type JsonServer, json, startJsonServer } from './json-server.ts';

type Begun = { source: MetricSource; server: JsonServer; fake: FakePrometheus };

async function begin(
  onTestFinished: (clean: () => Promise<void>) => void,
  extra: Partial<PrometheusSourceOptions> = {},
): Promise<Begun> {
  const fake: FakePrometheus = { skewMs: 0, valueAt: steady };
  const server = await startJsonServer(fakeAnswers(fake));
  const source = createPrometheusSource({ ...optionsFor(server.url), ...extra });
  const ending = new AbortController();
  onTestFinished(async () => {
    ending.abort();
    await server.close();
  });
  await source.start({ baseline: 'rev-1', canary: 'rev-2' }, ending.signal);
  return { source, server, fake };
}

function optionsFor(url: string): PrometheusSourceOptions {
  return {
    url,
    everyMs,
    timeoutMs: 400,
    settleMs: 1000,
    headersFromEnv: {},
    environment: {},
    queries: { requests: 'requests_total', failures: ['failures_total'], latency: null, inFlight: null, events: {} },
    match: { baseline: 'version="{{version}}"', canary: 'version="{{version}}"' },
    revisions: { baseline: { version: 'one', revisionId: 'rev-1' }, canary: { version: 'two', revisionId: 'rev-2' } },
    clock: createSystemClock(),
  };
}

describe('prometheus source', () => {
  it('counts what grew between scrapes, each scrape once, and knows the minute before it began', async ({
    onTestFinished,
  }) => {
    const { source } = await begin(onTestFinished);
    await until(() => source.knownUntilMs() !== null);
    const toMs = source.knownUntilMs() ?? 0;
    expect(requests(source, toMs - 40 * everyMs, toMs, 'canary')).toMatchObject({ samples: 400, failures: 0 });
    expect(source.traits).toMatchObject({ windowMs: everyMs, countedBy: 'completion', settleMs: 1250 });
  });

  it('takes a counter that fell as begun at 0', async ({ onTestFinished }) => {
    const { source, fake } = await begin(onTestFinished);
    const resetMs = Math.floor(Date.now() / everyMs) * everyMs + 500;
    fake.valueAt = (version, atMs) =>
      version === 'two' && atMs >= resetMs
        ? String(Math.round((atMs - resetMs) / everyMs) * 10)
        : steady(version, atMs);
    await until(() => (source.knownUntilMs() ?? 0) > resetMs + 1000);
    expect(requests(source, resetMs, resetMs + 1000, 'canary')).toMatchObject({ status: 'measured', samples: 30 });
    expect(requests(source, resetMs, resetMs + 1000, 'baseline')).toMatchObject({ samples: 40 });
  });

  it.each(['NaN', '+Inf', '-Inf', '-5'])(
    'makes a sample of %s an error of its window and nothing else',
    async (bad) => {
      const cleanings: Array<() => Promise<void>> = [];
      const { source, fake } = await begin((clean) => cleanings.push(clean));
      const badMs = Math.floor(Date.now() / everyMs) * everyMs + 750;
      fake.valueAt = (version, atMs) => (version === 'two' && atMs === badMs + 100 ? bad : steady(version, atMs));
      await until(() => (source.knownUntilMs() ?? 0) > badMs + 1000);
      const found = requests(source, badMs, badMs + everyMs, 'canary');
      expect(found).toMatchObject({ status: 'error' });
      expect(requests(source, badMs, badMs + everyMs, 'baseline').status).toBe('measured');
      expect(requests(source, badMs - everyMs, badMs, 'canary')).toMatchObject({ samples: 10 });
      expect(requests(source, badMs + 500, badMs + 750, 'canary')).toMatchObject({ samples: 10 });
      for (const clean of cleanings) await clean();
    },
  );

  it('gives up windows with missing scrapes, and what grew over them', async ({ onTestFinished }) => {
    const { source, fake } = await begin(onTestFinished);
    const gapMs = Math.floor(Date.now() / everyMs) * everyMs + 500;
    fake.valueAt = (version, atMs) =>
      version === 'two' && atMs >= gapMs && atMs < gapMs + 2 * everyMs ? null : steady(version, atMs);
    await until(() => (source.knownUntilMs() ?? 0) > gapMs + 1500);
    for (const index of [0, 1, 2])
      expect(requests(source, gapMs + index * everyMs, gapMs + (index + 1) * everyMs, 'canary').status).not.toBe(
        'measured',
      );
    expect(requests(source, gapMs + 3 * everyMs, gapMs + 4 * everyMs, 'canary')).toMatchObject({ samples: 10 });
  });

  it('has no data for stale series', async ({ onTestFinished }) => {
    const { source, fake } = await begin(onTestFinished);
    const endMs = Math.floor(Date.now() / everyMs) * everyMs + 500;
    fake.valueAt = (version, atMs) => (version === 'two' && atMs >= endMs ? null : steady(version, atMs));
    await until(() => (source.knownUntilMs() ?? 0) > endMs + 1000);
    expect(requests(source, endMs + 500, endMs + 750, 'canary')).toMatchObject({
      status: 'no_data',
      reason: expect.stringMatching(/newest sample is .* s old/),
    });
    expect(requests(source, endMs + 500, endMs + 750, 'baseline').status).toBe('measured');
  });

  it('measures in the clock of Prometheus, and does not believe one that is far off', async ({ onTestFinished }) => {
    const { source, fake, server } = await begin(onTestFinished);
    fake.skewMs = 3000;
    await until(() => (source.knownUntilMs() ?? 0) > Date.now() + 1000);
    const toMs = source.knownUntilMs() ?? 0;
    expect(requests(source, toMs - everyMs, toMs, 'canary')).toMatchObject({ samples: 10 });
    const probed = await probePrometheus(optionsFor(server.url), new AbortController().signal);
    expect(Math.abs(Number(probed.evidence['clockSkewMs']) - 3000)).toBeLessThan(200);
    expect(probed.reason).toMatch(/its clock is off by (2[89]|30)\d\d ms/);
    fake.skewMs = 3_600_000;
    await until(() => source.silentForMs() > 500);
    expect(requests(source, toMs + 100 * everyMs, toMs + 101 * everyMs, 'canary')).toMatchObject({
      reason: expect.stringMatching(/clock of Prometheus is off by 3600 s/),
    });
  });

  const failing: Array<[string, RegExp, Answer]> = [
    [
      'an error of its own',
      /bad_data: no such query/,
      json({ status: 'error', errorType: 'bad_data', error: 'no such query' }),
    ],
    ['status 503', /status 503/, (_, response) => void response.writeHead(503).end('overloaded')],
    ['a redirect', /redirect \(302\)/, (_, response) => void response.writeHead(302, { location: '/' }).end()],
    ['text', /no JSON/, (_, response) => void response.end('<html>hello')],
    ['another type', /not a scalar \(string\)/, json(success('string', [1, 'x']))],
    ['a value that is no text', /not a scalar/, json(success('scalar', [1, 5]))],
    [
      'half an answer',
      /aborted|cut in the middle/,
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"status":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['a huge body', /longer than is read/, (_, response) => void response.end(Buffer.alloc(17_000_000, 32))],
    ['nothing in time', /no complete answer within 400 ms/, () => undefined],
    ['a closed connection', /hang up|ECONNRESET/, (request) => void request.socket.destroy()],
  ];
  it.each(failing)('says error with its reason for %s, and makes up for it afterwards', async (_, reason, answer) => {
    const cleanings: Array<() => Promise<void>> = [];
    const { source, server, fake } = await begin((clean) => cleanings.push(clean));
    await until(() => source.knownUntilMs() !== null);
    const knownMs = source.knownUntilMs() ?? 0;
    server.answer(answer);
    await until(() => source.silentForMs() > 1200);
    const lost = requests(source, knownMs + 500, knownMs + 750, 'canary');
    expect(lost).toMatchObject({ status: 'error', reason: expect.stringMatching(reason) });
    server.answer(fakeAnswers(fake));
    await until(() => (source.knownUntilMs() ?? 0) >= knownMs + 1500);
    expect(requests(source, knownMs, knownMs + 1500, 'canary')).toMatchObject({ status: 'measured', samples: 60 });
    for (const clean of cleanings) await clean();
  });

  it('sends headers from the environment, and says which variable is missing', async ({ onTestFinished }) => {
    const seen: Array<string | undefined> = [];
    const fake: FakePrometheus = { skewMs: 0, valueAt: steady };
    const server = await startJsonServer((request, response) => {
      seen.push(request.headers.authorization);
      fakeAnswers(fake)(request, response);
    });
    onTestFinished(server.close);
    const { signal } = new AbortController();
    const options = { ...optionsFor(server.url), headersFromEnv: { authorization: 'PROM_AUTH' } };
    await probePrometheus({ ...options, environment: { PROM_AUTH: 'Bearer x' } }, signal);
    expect(new Set(seen)).toEqual(new Set(['Bearer x']));
    await expect(probePrometheus(options, signal)).rejects.toThrow(/PROM_AUTH for the header authorization is not set/);
  });
});

function requests(source: MetricSource, fromMs: number, toMs: number, arm: Arm): Measurement {
  return source.measure({ kind: 'requests', stratum: 'user' }, { fromMs, toMs }, arm);
}

async function until(done: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
