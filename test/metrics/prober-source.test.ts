import { describe, expect, it } from 'vitest';
import { createProberSource, type ProberSourceOptions } from '../../src/metrics/prober-source.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import type { Arm, Measurement, MetricSource } from '../../src/model/metric-source.ts';
import { cellMs } from '../../src/model/traffic.ts';
import type { HttpAnswer, HttpRequest } from '../../src/system/http.ts';
import { createVirtualClock, type VirtualClock } from '../fixtures/virtual-clock.ts';

const start = Date.UTC(2026, 0, 5, 10);
const arms = { baseline: 'rev-1', canary: 'rev-2' };
const answer = (status: number, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers,
  body: '',
  truncated: false,
  durationMs: 1,
});

type Sent = { atMs: number; url: string; headers: HttpRequest['headers']; timeoutMs: number };
type Scene = {
  clock: VirtualClock;
  source: MetricSource;
  sent: Sent[];
  requests(fromMs: number, toMs: number, arm?: Arm): Measurement;
};

async function begin(
  reply: (request: HttpRequest, clock: VirtualClock) => Promise<HttpAnswer>,
  options: Partial<ProberSourceOptions> = {},
): Promise<Scene> {
  const clock = createVirtualClock(start);
  const sent: Sent[] = [];
  const source = createProberSource({
    baselineUrl: async () => 'http://stable',
    canaryUrl: async () => 'http://canary/',
    path: '/ping',
    ratePerSecond: 8,
    timeoutMs: 2000,
    clock,
    send: (request) => {
      sent.push({ atMs: clock.now(), url: request.url, headers: request.headers, timeoutMs: request.timeoutMs });
      return reply(request, clock);
    },
    ...options,
  });
  const ending = new AbortController();
  await source.start(arms, ending.signal);
  const requests: Scene['requests'] = (fromMs, toMs, arm = 'canary') =>
    source.measure({ kind: 'requests', stratum: 'probe' }, { fromMs: start + fromMs, toMs: start + toMs }, arm);
  return { clock, source, sent, requests };
}

const canaryOnly = (request: HttpRequest): boolean => request.url.startsWith('http://canary');
/** What the HTTP layer throws, with the error of the network as its cause. */
const httpError = (code: string): DeployError =>
  new DeployError('HTTP_FAILED', { method: 'GET', url: 'u', reason: code }, Object.assign(new Error(code), { code }));

describe('prober source', () => {
  it('fires at exact times to both arms, whatever the answers do', async () => {
    const { clock, sent } = await begin(() => new Promise(() => undefined), { ratePerSecond: 8, timeoutMs: 2000 });
    await clock.advance(1000);
    const times = (prefix: string): number[] =>
      sent.filter((one) => one.url.startsWith(prefix)).map((one) => one.atMs - start);
    expect(times('http://stable')).toEqual([0, 125, 250, 375, 500, 625, 750, 875, 1000]);
    expect(times('http://canary')).toEqual(times('http://stable'));
    expect(new Set(sent.map((one) => one.url))).toEqual(new Set(['http://stable/ping', 'http://canary/ping']));
    expect(sent.every((one) => one.headers?.['x-seatrial-probe'] === '1')).toBe(true);
  });

  it('counts 5xx and lost connections of the service as failures of its arm only', async () => {
    const { clock, requests } = await begin(async (request) => {
      if (!canaryOnly(request)) return answer(200);
      if (request.url.endsWith('ping')) throw httpError('ECONNREFUSED');
      return answer(500);
    });
    await clock.advance(3000);
    expect(requests(0, 1000)).toMatchObject({ status: 'measured', samples: 8, failures: 8, value: 1 });
    expect(requests(0, 1000, 'baseline')).toMatchObject({ status: 'measured', samples: 8, failures: 0 });
    expect(requests(2000, 3000).status).toBe('error');
  });

  it('tells open probes from failed ones until the time-out, and each failure is a unit', async () => {
    const { clock, requests, source } = await begin(async (request, at) => {
      if (!canaryOnly(request)) return answer(200);
      await at.sleep(2000);
      throw httpError('ETIMEDOUT');
    });
    await clock.advance(1500);
    expect(requests(0, 1000)).toMatchObject({ samples: 8, failures: 0, open: 8, failedUnits: 0, newUnits: null });
    expect(requests(0, 1000, 'baseline')).toMatchObject({ samples: 8, failures: 0, open: 0 });
    const window = { fromMs: start, toMs: start + 1000 };
    expect(source.latency(window, 'canary', 'probe')).toMatchObject({ counts: [], open: 8 });
    await clock.advance(1000);
    expect(requests(0, 1000)).toMatchObject({ samples: 8, failures: 5, open: 3, failedUnits: 5 });
    await clock.advance(1000);
    expect(requests(0, 1000)).toMatchObject({ samples: 8, failures: 8, open: 0, failedUnits: 8, value: 1 });
    // Probes go to one arm each on purpose, so nothing is split and nothing can be said of a split.
    expect(source.traits).toEqual({ windowMs: cellMs, countedBy: 'arrival', settleMs: 0, latency: 'fine', events: [] });
  });

  it.each([400, 401, 404, 429])('counts an answer with status %i as a failure, in both arms alike', async (status) => {
    for (const arm of ['canary', 'baseline'] as const) {
      const { clock, requests } = await begin(async (request) =>
        answer(canaryOnly(request) === (arm === 'canary') ? status : 302),
      );
      await clock.advance(3000);
      expect(requests(0, 1000, arm)).toMatchObject({ status: 'measured', samples: 8, failures: 8 });
      expect(requests(0, 1000, arm === 'canary' ? 'baseline' : 'canary')).toMatchObject({ samples: 8, failures: 0 });
    }
  });

  it.each(['EMFILE', 'EADDRNOTAVAIL', 'EAI_AGAIN'])(
    'a probe that could not be sent (%s) is an error of the source, never a failure',
    async (code) => {
      const { clock, source, requests } = await begin(async (request) => {
        if (canaryOnly(request)) throw httpError(code);
        return answer(200);
      });
      await clock.advance(5000);
      expect(requests(0, 1000)).toMatchObject({ status: 'error', reason: expect.stringContaining(code) });
      expect(requests(0, 1000, 'baseline').status).toBe('measured');
      expect(source.silentForMs()).toBeGreaterThan(4000);
    },
  );

  it('too many open probes are an error of the source', async () => {
    const { clock, requests } = await begin(() => new Promise(() => undefined), { maxOpen: 3 });
    await clock.advance(3000);
    expect(requests(0, 250)).toMatchObject({ status: 'measured', samples: 2 });
    expect(requests(250, 1000)).toMatchObject({
      status: 'error',
      reason: expect.stringContaining('3 probes are open'),
    });
  });

  it('measures latency from the intended time', async () => {
    const { clock, source } = await begin(async (_request, at) => {
      await at.sleep(300);
      return answer(200);
    });
    await clock.advance(3000);
    const window = { fromMs: start, toMs: start + 1000 };
    expect(source.measure({ kind: 'slower_than', aboveMs: 290, stratum: 'probe' }, window, 'canary')).toMatchObject({
      value: 1,
    });
    expect(source.measure({ kind: 'slower_than', aboveMs: 310, stratum: 'probe' }, window, 'canary')).toMatchObject({
      value: 0,
    });
  });

  it('an arm without an address has no data; it begins when there is one', async () => {
    let url: string | null = null;
    const { clock, requests, source } = await begin(async () => answer(200), { canaryUrl: async () => url });
    await clock.advance(3000);
    expect(requests(0, 1000)).toMatchObject({ status: 'no_data' });
    url = 'http://canary';
    await clock.advance(4000);
    expect(requests(4500, 5500)).toMatchObject({ status: 'measured', failures: 0 });
    expect(source.silentForMs()).toBeLessThan(500);
  });

  it('an address that cannot be looked up is an error, and recovers', async () => {
    let down = true;
    const canaryUrl = async (): Promise<string> => {
      if (down) throw new Error('host is down');
      return 'http://canary';
    };
    const { clock, requests, source } = await begin(async () => answer(200), { canaryUrl });
    await clock.advance(3000);
    expect(requests(0, 1000)).toMatchObject({ status: 'error', reason: expect.stringContaining('host is down') });
    expect(source.silentForMs()).toBeGreaterThan(2500);
    down = false;
    await clock.advance(4000);
    expect(requests(4500, 5500).status).toBe('measured');
    expect(source.silentForMs()).toBeLessThan(500);
  });

  it('compares the version header of each arm', async () => {
    const { clock, source } = await begin(async () => answer(200, { 'x-version': '1' }), {
      versionHeader: { name: 'X-Version', baseline: '1', canary: '2' },
    });
    await clock.advance(3000);
    const wrong = (arm: Arm): Measurement =>
      source.measure({ kind: 'wrong_revision', stratum: 'probe' }, { fromMs: start, toMs: start + 1000 }, arm);
    expect(wrong('canary')).toMatchObject({ failures: 8, samples: 8 });
    expect(wrong('baseline')).toMatchObject({ failures: 0, samples: 8 });
  });

  it('does not blame the service for the time in which this process stood still', async () => {
    const clock = createVirtualClock(start);
    let jumpMs = 0;
    const jumping = { ...clock, now: () => clock.now() + jumpMs, monotonic: () => clock.monotonic() + jumpMs };
    const source = createProberSource({
      baselineUrl: async () => 'http://stable',
      canaryUrl: async () => 'http://canary',
      path: '/',
      ratePerSecond: 4,
      timeoutMs: 2000,
      clock: jumping,
      send: async () => answer(200),
    });
    await source.start(arms, new AbortController().signal);
    await clock.advance(2000);
    jumpMs = 30_000;
    await clock.advance(5000);
    const requests = (fromMs: number, toMs: number): Measurement =>
      source.measure({ kind: 'requests', stratum: 'probe' }, { fromMs: start + fromMs, toMs: start + toMs }, 'canary');
    expect(requests(0, 1000)).toMatchObject({ status: 'measured', failures: 0 });
    expect(requests(10_000, 11_000)).toMatchObject({
      status: 'error',
      reason: expect.stringContaining('could not be sent'),
    });
    expect(requests(34_000, 35_000)).toMatchObject({ status: 'measured', failures: 0, samples: 4 });
  });
});
