import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prometheusBinary } from '../fixtures/real-prometheus.ts';
import { type Event, openScrapedShop, pause, renderEvent, type ScrapedShop } from '../fixtures/scraped-shop.ts';

const missing = prometheusBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/prometheus-run.test.ts: prometheus is not installed (apt-get install prometheus)');

const scrapeMs = 1000;
const usersPerSecond = 80;
const outageMs = 60_000;
const bakeMs = 12_000;

const strategyOf = (firstBakeMs: number): string =>
  `{ kind: canary, maxBake: 5m, steps: [{ weight: 20%, bake: ${firstBakeMs}ms }, { weight: 100%, bake: 2s }] }`;
const strategy = strategyOf(bakeMs);
const judged = `    judge: { sourceGrace: 15s }
    triggers: { errorRate: { above: 5pp } }`;
const match = `match: 'service="shop",version="{{version}}"'`;
const metricsAt = (url: string, queries = 'template: http'): string =>
  `{ source: prometheus, url: "${url}", every: 1s, timeout: 2s, ${queries}, ${match} }`;
const conversionAt = (url: string): string => `    business:
      - name: conversion
        lag: 2s
        from: { source: prometheus, url: "${url}", every: 1s, ${match}, events: shop_orders_total, opportunities: shop_visits_total }`;

/** Each release builds on the one that serves; only the last one replaces it. */
describe.skipIf(missing)('a run that a real Prometheus judges', () => {
  let shop: ScrapedShop;

  beforeAll(async () => {
    shop = await openScrapedShop(scrapeMs, usersPerSecond);
    shop.configure({ metrics: metricsAt(shop.prometheus.url), strategy, more: judged });
    shop.release({ version: '1.0.0', buyShare: 0.5 });
    const runId = await shop.start('1.0.0');
    expect((await shop.untilEvent(runId, isEnd)).data['outcome']).toBe('succeeded');
    await shop.untilScraped('1.0.0');
  }, 120_000);
  afterAll(async () => {
    await shop?.close();
  }, 60_000);

  it('does not begin while Prometheus is dead or refuses a query, and says which', async () => {
    shop.release({ version: '1.1.0' });
    const before = shop.seen.length;
    const broken = `requests: 'http_requests_total{code=~"["}', failures: 'http_requests_total{code=~"5.."}'`;
    for (const [metrics, more, reason] of [
      [
        metricsAt('http://127.0.0.1:1'),
        '',
        /: POST http:\/\/127\.0\.0\.1:1\/api\/v1\/query failed: connect ECONNREFUSED/,
      ],
      [
        metricsAt(shop.prometheus.url, broken),
        '',
        /: http_requests_total\{code=~"\[",.*\}: Prometheus: bad_data: .*regexp/,
      ],
      ['{ source: proxy }', conversionAt('http://127.0.0.1:1'), /: business metric conversion: POST .* ECONNREFUSED/],
    ] as const) {
      shop.configure({ metrics, strategy, more: `${judged}\n${more}` });
      const preflight = await shop.cli('preflight', '1.1.0');
      expect(preflight.code, preflight.stdout).toBe(4);
      expect(preflight.stdout).toMatch(/BLOCKED by 1\n/);
      expect(preflight.stdout).toMatch(new RegExp(`✗ Metrics source answers \\(failed, stops\\)${reason.source}`));
      expect(preflight.stdout).not.toContain('Unexpected');
      expect((await shop.cli('ship', '1.1.0', '--yes')).code).toBe(4);
    }
    // A plan that was made before is refused by the checks that are repeated when it starts.
    const runId = await shop.start('1.1.0');
    const end = await shop.untilEvent(runId, isEnd);
    expect(end.data).toMatchObject({ outcome: 'failed', error: { code: 'PREFLIGHT_BLOCKED' } });
    expect(end.data['reason']).toContain('business metric conversion');
    expect(shop.seen.slice(before).every(({ weightPercent }) => weightPercent === 0)).toBe(true);
  }, 120_000);

  it('rolls a bad release back by what Prometheus scraped alone', async () => {
    shop.configure({ metrics: metricsAt(shop.prometheus.url), strategy, more: judged });
    shop.release({ version: '1.2.0', errorShare: 0.3 });
    const runId = await shop.start('1.2.0');
    const exposed = await shop.untilEvent(runId, isStep('step_completed', '03-set-weight-20'));
    const back = await shop.untilEvent(runId, ({ type }) => type === 'rollback_started');
    expect((await shop.untilEvent(runId, isEnd)).data['outcome']).toBe('rolled_back');
    expect(back.data['trigger']).toBe('error-rate');
    const served = shop.answers.filter(({ version }) => version === '1.2.0');
    const failed = served.filter(({ ok }) => !ok).length;
    console.log(
      `30 % errors at 20 %, scraped every ${scrapeMs} ms: rolled back ${back.atMs - exposed.atMs} ms after the first user; ${failed} of ${served.length} of its answers failed`,
    );
    expect(failed).toBeGreaterThan(0);
    expect(shop.answers.filter(({ version, ok }) => version === '1.0.0' && !ok)).toEqual([]);
    const report = (await shop.cli('report', runId, '--detail', 'full')).stdout;
    expect(report).toMatch(/Rollback Trigger: slo-breach \(error-rate\)/);
    // Its instances may be scraped only seconds after they have users, and then that is said.
    const told = /Exposure\*\*: (At least )?([\d,]+) requests of users/.exec(report);
    const counted = Number(told?.[2]?.replaceAll(',', ''));
    expect(counted).toBeLessThanOrEqual(served.length);
    if (counted < served.length - 2 * usersPerSecond) expect(told?.[1], report).toBe('At least ');
    expect(report).toContain('Users are split as it was asked: not measured');
  }, 120_000);

  it('hears of instances that exit, which Prometheus does not tell', async () => {
    shop.release({ version: '1.3.0' });
    const runId = await shop.start('1.3.0');
    await shop.untilEvent(runId, isStep('step_started', '04-bake-20'));
    for (let kills = 0; kills < 2; kills++) {
      process.kill(await pidOfCandidate('1.3.0'), 'SIGKILL');
      await shop.untilEvent(runId, (event) => isExit(event) && shop.events(runId).filter(isExit).length > kills);
    }
    expect((await shop.untilEvent(runId, isEnd)).data['outcome']).toBe('rolled_back');
    expect(shop.events(runId).find(({ type }) => type === 'rollback_started')?.data['trigger']).toBe('canary-exits');
  }, 120_000);

  it('rolls back a release that sells less, beside the proxy that counts requests', async () => {
    const { url } = shop.prometheus;
    const more = `${judged}\n${conversionAt(url)}`;
    shop.configure({ metrics: '{ source: proxy }', strategy: strategyOf(10 * bakeMs), more });
    shop.release({ version: '1.4.0', buyShare: 0.2 });
    const runId = await shop.start('1.4.0');
    expect((await shop.untilEvent(runId, isEnd)).data['outcome']).toBe('rolled_back');
    const back = shop.events(runId).find(({ type }) => type === 'rollback_started');
    expect(back?.data['trigger']).toBe('conversion');
    expect(back?.data['reason']).toMatch(
      /^conversion per opportunity: canary \d+ %, baseline \d+ %, at least 80 % of it/,
    );
    const report = (await shop.cli('report', runId, '--detail', 'full')).stdout;
    const [baseline, current, change] = /### Conversion Rate\n(.*)\n(.*)\n(.*)\n/.exec(report)?.slice(1) ?? [];
    expect(baseline).toMatch(/^- Baseline: (4[0-9]|5[0-9])(\.\d+)? % of [\d,]+ opportunities \(#\d+\)$/);
    expect(current).toMatch(/^- Post-Deployment: ([1-9]|[123][0-9])(\.\d+)? % of [\d,]+ opportunities \(#\d+\)$/);
    expect(change).toMatch(/^- Change: -\d+(\.\d)? % \(at most -20 % is allowed: broken for certain\) \(#\d+\)$/);
    expect(report).toMatch(/Throughput[\s\S]*Evidence: .*successful answers per request/i);
    expect(report).not.toContain('Business metrics (conversion rate, user activity): not measured');
  }, 120_000);

  it('holds while Prometheus is dead, and then goes on', async () => {
    shop.configure({ metrics: metricsAt(shop.prometheus.url), strategy, more: judged });
    shop.release({ version: '2.0.0', buyShare: 0.5 });
    const runId = await shop.start('2.0.0');
    await shop.untilEvent(runId, ({ type, data }) => type === 'counts' && requestsOf(data, 'canary') > 0);
    await shop.prometheus.kill();
    const killedMs = Date.now();
    const held = await shop.untilEvent(runId, ({ type }) => type === 'held');
    expect(held.data).toMatchObject({ gate: null, trigger: 'metrics-source' });
    expect(held.data['reason']).toMatch(
      /^the metrics source prometheus has not answered for more than 15s \(POST http:\/\/127\.0\.0\.1:\d+\/api\/v1\/query failed: .+\); no data is not a pass$/,
    );
    await pause(killedMs + outageMs / 2 - Date.now());
    const status = (await shop.cli('status', runId)).stdout;
    expect(status).toMatch(/^status: held$/m);
    expect(status).toMatch(
      /^step: 4\/\d+, watch at 20 % [^;]*; (\d(\.\d)?s|\d+ms) of it observed, and the clock stands still/m,
    );
    expect(status).toMatch(/^weight: 20 % of users on 2\.0\.0$/m);
    expect(status).toMatch(/^HELD for [12]\d(\.\d)?s \(#\d+\): The metrics source prometheus has not answered/m);
    await pause(killedMs + outageMs - Date.now());
    const restartedMs = Date.now();
    await shop.prometheus.start();
    const resumed = await shop.untilEvent(runId, ({ type }) => type === 'resumed');
    const end = await shop.untilEvent(runId, isEnd);
    const events = shop.events(runId);
    const story = events.filter(({ type }) => type !== 'counts' && type !== 'verdict').map(renderEvent);
    expect(end.data['outcome'], story.join('\n')).toBe('succeeded');

    // One outage is one hold, and nothing went back.
    expect(events.filter(({ type }) => type === 'held')).toEqual([held]);
    expect(events.filter(({ type }) => type === 'rollback_started')).toEqual([]);
    expect(resumed.atMs).toBeGreaterThan(restartedMs);
    const during = <T extends { atMs: number }>(list: readonly T[]): T[] =>
      list.filter(({ atMs }) => atMs > killedMs && atMs < resumed.atMs);
    expect(new Set(during(shop.seen).map(({ weightPercent }) => weightPercent))).toEqual(new Set([20]));
    const unseen = during(shop.answers);
    const share = unseen.filter(({ version }) => version === '2.0.0').length / unseen.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);

    // What was not scraped is in no count, and not made up for by what the counters had grown to afterwards.
    const counts = events.filter(({ type }) => type === 'counts');
    const inGap = counts.filter(
      ({ data }) => timeOf(data, 'toMs') > killedMs + 2 * scrapeMs && timeOf(data, 'fromMs') < restartedMs,
    );
    expect(inGap.map(renderEvent)).toEqual([]);
    const counted = counts.reduce(
      (sum, { data }) => sum + requestsOf(data, 'canary') + requestsOf(data, 'baseline'),
      0,
    );
    const begun = timeOf(counts[0]?.data ?? {}, 'fromMs');
    const answered = shop.answers.filter(({ atMs }) => atMs >= begun && atMs <= end.atMs).length;
    expect(counted).toBeLessThan(answered - unseen.length + 3 * usersPerSecond);

    // The time of the bake was observed, and the time in which nothing was seen is no part of it.
    const began = events.find(isStep('step_started', '04-bake-20'));
    const done = events.find(isStep('step_completed', '04-bake-20'));
    expect((done?.atMs ?? 0) - (began?.atMs ?? 0) - (resumed.atMs - held.atMs)).toBeGreaterThan(bakeMs - 1000);
    expect(done?.data['evidence']).toMatchObject({ reason: expect.stringContaining('→ safe') });

    const report = (await shop.cli('report', runId, '--detail', 'full')).stdout;
    expect(report).toMatch(/\*\*Status\*\*: SUCCESS/);
    expect(report).toMatch(/Exposure\*\*: At least [\d,]+ requests of users .* Those of 1m [\d.]+s were not counted\./);
    expect(report).toMatch(
      /- Requests from .* not counted for 1m [\d.]+s: the metrics source did not tell of this time/,
    );
    expect(report.match(/Issue: Held: the metrics source prometheus/g)).toHaveLength(1);
    expect(report).toMatch(/Resolution: went on \(#[\d, #]+\)\n {3}- Time to Resolve: 4\d(\.\d)?s/);
    if (process.env['SHOW_TEXTS'] !== undefined) console.log(status, '\n', report, '\n', story.join('\n'));
  }, 200_000);

  async function pidOfCandidate(version: string): Promise<number> {
    for (const end = performance.now() + 30_000; performance.now() < end; await pause(250)) {
      const answer = hostSchema.parse(JSON.parse((await shop.cli('host', 'status', '--json')).stdout));
      const placed = answer.data.state.revisions.find(({ revision }) => revision.version === version);
      const ready = placed?.instances.find(({ state, pid }) => state === 'ready' && pid !== null);
      if (ready?.pid != null) return ready.pid;
    }
    throw new Error(`no instance of ${version} is ready`);
  }
});

const hostSchema = z.object({
  data: z.object({
    state: z.object({
      revisions: z.array(
        z.object({
          revision: z.object({ version: z.string() }),
          instances: z.array(z.object({ state: z.string(), pid: z.number().nullable() })),
        }),
      ),
    }),
  }),
});

function isEnd({ type }: Event): boolean {
  return type === 'run_ended';
}

function isExit({ type, data }: Event): boolean {
  return type === 'instance' && data['what'] === 'exited';
}

function isStep(wanted: string, stepId: string): (event: Event) => boolean {
  return ({ type, data }) =>
    type === wanted &&
    (data['stepId'] === stepId || z.object({ id: z.literal(stepId) }).safeParse(data['step']).success);
}

function requestsOf(data: Event['data'], arm: 'canary' | 'baseline'): number {
  return z.object({ requests: z.number() }).parse(data[arm]).requests;
}

function timeOf(data: Event['data'], key: 'fromMs' | 'toMs'): number {
  return z.number().parse(data[key]);
}
