import { describe, expect, it } from 'vitest';
import {
  createJsonEndpointSource,
  createJsonReader,
  type JsonEndpointOptions,
} from '../../src/metrics/json-endpoint-source.ts';
import { fillExpression } from '../../src/metrics/json-expression.ts';
import type { Arm, Measurement, MetricSource } from '../../src/model/metric-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { type Answer, json, startJsonServer } from './json-server.ts';

const { signal } = new AbortController();
const counters = (requests: number, failures: number, more: object = {}) => ({ requests, failures, ...more });

function optionsFor(url: JsonEndpointOptions['url'], extra: Partial<JsonEndpointOptions> = {}): JsonEndpointOptions {
  return {
    url,
    everyMs: 250,
    timeoutMs: 200,
    settleMs: 1000,
    headersFromEnv: {},
    environment: {},
    select: { baseline: 'arms.baseline', canary: 'arms.canary' },
    since: null,
    requests: { kind: 'counter', part: 'failures', of: 'requests' },
    latency: null,
    events: {},
    revisions: { baseline: { version: '1', revisionId: 'rev-1' }, canary: { version: '2\'"]', revisionId: 'rev-2' } },
    clock: createSystemClock(),
    ...extra,
  };
}

describe('json-endpoint reader', () => {
  const good = { arms: { baseline: counters(10, 1), canary: counters(4, 0) } };
  const broken: Array<[string, RegExp, Answer]> = [
    ['text', /no JSON/, (_, response) => void response.end('hello')],
    ['nothing', /nothing/, (_, response) => void response.end()],
    ['status 500', /status 500/, (_, response) => void response.writeHead(500).end('{}')],
    ['a redirect', /redirect \(301\)/, (_, response) => void response.writeHead(301, { location: '/' }).end()],
    [
      'half an answer',
      /aborted|cut in the middle/,
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"arms":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['a huge body', /longer than is read/, (_, response) => void response.end(Buffer.alloc(2_000_000, 32))],
    ['a slow one', /no complete answer within 200 ms/, () => undefined],
    ['counts as text', /requests is text, not a count/, json({ arms: { baseline: { requests: '10', failures: 0 } } })],
    ['NaN', /no JSON/, (_, response) => void response.end('{"arms":{"baseline":{"requests":NaN}}}')],
    ['null', /requests is missing/, json({ arms: { baseline: { requests: null, failures: 0 } } })],
    ['a fraction', /1\.5, not a count/, json({ arms: { baseline: counters(1.5, 0) } })],
    ['below zero', /-1, not a count/, json({ arms: { baseline: counters(-1, 0) } })],
  ];
  it.each(broken)('refuses %s, with its reason', async (_, reason, answer) => {
    const server = await startJsonServer(answer);
    await expect(createJsonReader(optionsFor(server.url))(signal)).rejects.toThrow(reason);
    await server.close();
  });

  it('reads one arm where the other is not there or is broken', async ({ onTestFinished }) => {
    const server = await startJsonServer(json({ arms: { baseline: counters(10, 1) } }));
    onTestFinished(server.close);
    const read = createJsonReader(optionsFor(server.url));
    expect(await read(signal)).toMatchObject({ baseline: { status: 'read' }, canary: { status: 'no_data' } });
    server.answer(json({ arms: { ...good.arms, canary: { requests: 'x' } } }));
    expect(await read(signal)).toMatchObject({ baseline: { status: 'read' }, canary: { status: 'error' } });
  });

  it('asks an address for each arm, with what the placeholders stand for', async ({ onTestFinished }) => {
    const asked: string[] = [];
    const server = await startJsonServer((request, response) => {
      asked.push(request.url ?? '');
      json(counters(10, 1))(request, response);
    });
    onTestFinished(server.close);
    const select = { baseline: '@', canary: '@' };
    const read = createJsonReader(optionsFor(`${server.url}/of/{{version}}?id={{revisionId}}`, { select }));
    expect(await read(signal)).toMatchObject({ baseline: { status: 'read' }, canary: { status: 'read' } });
    expect(asked.sort()).toEqual(['/of/1?id=rev-1', "/of/2'%22%5D?id=rev-2"]);
  });

  it('fails when it is made for what is no JMESPath', () => {
    const wrong = (extra: Partial<JsonEndpointOptions>) => () => createJsonReader(optionsFor('http://x', extra));
    expect(wrong({ latency: 'a[' })).toThrow(/latency: a\[ is no JMESPath/);
    expect(wrong({ requests: { kind: 'counter', part: 'a', of: '(' } })).toThrow(/counts: \( is no JMESPath/);
    expect(wrong({ select: { baseline: '@@', canary: '@' } })).toThrow(/select.baseline/);
  });

  it('lets no version leave its quotes', () => {
    const values = { version: `a'b"c\\d`, revisionId: 'rev' };
    expect(fillExpression(`by."{{version}}"`, values)).toBe('by."a\'b\\"c\\\\d"');
    expect(fillExpression(`[?v=='{{ version }}'].x`, values)).toBe(`[?v=='a\\'b"c\\\\d'].x`);
    expect(fillExpression('{{version}}', values)).toBe('{{version}}');
  });
});

describe('json-endpoint source', () => {
  const begin = async (
    onTestFinished: (clean: () => Promise<void>) => void,
    first: unknown,
    extra: Partial<JsonEndpointOptions> = {},
  ) => {
    let told = first;
    const server = await startJsonServer((request, response) => json(told)(request, response));
    const source = createJsonEndpointSource(optionsFor(server.url, extra));
    const ending = new AbortController();
    onTestFinished(async () => {
      ending.abort();
      await server.close();
    });
    await source.start({ baseline: 'rev-1', canary: 'rev-2' }, ending.signal);
    await until(() => source.knownUntilMs() !== null);
    /** Tells something else from now on; the window in which that shows. */
    const tell = async (next: unknown): Promise<number> => {
      const fromMs = source.knownUntilMs() ?? 0;
      told = next;
      await until(() => (source.knownUntilMs() ?? 0) > fromMs);
      return (source.knownUntilMs() ?? 0) - 250;
    };
    return { source, tell };
  };
  const both = (canary: object) => ({ arms: { baseline: counters(100, 0), canary } });

  it('takes differences of totals', async ({ onTestFinished }) => {
    const { source, tell } = await begin(onTestFinished, both(counters(100, 2)));
    const fromMs = await tell(both(counters(110, 5)));
    expect(requests(source, fromMs, 'canary')).toMatchObject({
      status: 'measured',
      samples: 10,
      failures: 3,
      value: 0.3,
    });
    expect(requests(source, fromMs, 'baseline')).toMatchObject({ status: 'no_data', reason: 'nothing was counted' });
  });

  it('gives up the window in which totals fall, and goes on from there', async ({ onTestFinished }) => {
    const { source, tell } = await begin(onTestFinished, both(counters(100, 2)));
    const fellMs = await tell(both(counters(7, 0)));
    expect(requests(source, fellMs, 'canary')).toMatchObject({
      status: 'error',
      reason: expect.stringMatching(/fell \(100 → 7/),
    });
    const nextMs = await tell(both(counters(9, 1)));
    expect(requests(source, nextMs, 'canary')).toMatchObject({ samples: 2, failures: 1 });
  });

  it('counts from 0 when it is told that the totals began anew', async ({ onTestFinished }) => {
    const { source, tell } = await begin(onTestFinished, both(counters(5, 2, { start: 'a' })), { since: 'start' });
    const fromMs = await tell(both(counters(7, 1, { start: 'b' })));
    expect(requests(source, fromMs, 'canary')).toMatchObject({ samples: 7, failures: 1 });
  });

  it('makes counts of a ratio with its sample size', async ({ onTestFinished }) => {
    const told = (ratio: number, size: number) => ({
      arms: { baseline: { ratio: 0, size: 0 }, canary: { ratio, size } },
    });
    const { source, tell } = await begin(onTestFinished, told(0.25, 8), {
      requests: { kind: 'gauge', ratio: 'ratio', samples: 'size' },
    });
    const fromMs = await tell(told(0.1, 51));
    expect(requests(source, fromMs, 'canary')).toMatchObject({ samples: 51, failures: 5 });
    expect(requests(source, fromMs, 'baseline')).toMatchObject({ status: 'no_data' });
    const wrongMs = await tell(told(1.5, 10));
    expect(requests(source, wrongMs, 'canary')).toMatchObject({
      status: 'error',
      reason: 'ratio is 1.5, not a ratio from 0 to 1',
    });
  });

  it('tells counted events, and latencies by their own edges', async ({ onTestFinished }) => {
    const told = (orders: number, visits: number, fast: number) =>
      both(counters(visits, 0, { orders, latency: { '100': fast, '+Inf': visits } }));
    const { source, tell } = await begin(onTestFinished, told(1, 10, 5), {
      latency: 'latency',
      events: { orders: { kind: 'counter', part: 'orders', of: 'requests' } },
    });
    const fromMs = await tell(told(4, 20, 8));
    const window = { fromMs, toMs: fromMs + 250 };
    expect(source.measure({ kind: 'events', name: 'orders' }, window, 'canary')).toMatchObject({
      samples: 10,
      failures: 3,
    });
    expect(source.latency(window, 'canary', 'user')).toEqual({
      edgesMs: [100],
      counts: [
        [0, 3],
        [1, 7],
      ],
      open: 0,
    });
    expect(source.measure({ kind: 'slower_than', aboveMs: 100, stratum: 'user' }, window, 'canary')).toMatchObject({
      samples: 10,
      failures: 7,
    });
  });
});

function requests(source: MetricSource, fromMs: number, arm: Arm): Measurement {
  return source.measure({ kind: 'requests', stratum: 'user' }, { fromMs, toMs: fromMs + 250 }, arm);
}

async function until(done: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!done()) {
    if (performance.now() > end) throw new Error('did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
