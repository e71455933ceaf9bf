import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hostFiles } from '../../src/local-host/host/host-files.ts';
import { createPrometheusSource } from '../../src/metrics/prometheus-source.ts';
import type { MetricSource } from '../../src/model/metric-source.ts';
import { targetStateSchema } from '../../src/model/target.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { httpRequest } from '../../src/system/http.ts';
import { createHaproxyTarget } from '../../src/targets/haproxy/haproxy-target.ts';
import { seededRandom } from '../analysis/seeded-random.ts';
import { sleep } from '../e2e/scratch-project.ts';
import { createHaproxyPlace } from '../fixtures/haproxy-place.ts';
import { createProcessPlace } from '../fixtures/process-place.ts';
import { haproxyBinary } from '../fixtures/real-haproxy.ts';
import { everyMs, fakeAnswers, steady } from '../metrics/fake-prometheus.ts';
import { startJsonServer } from '../metrics/json-server.ts';
import { playRounds, type RoundFigures, type WiredPlace } from './driver-rounds.ts';
import { createFaultyWire, type FaultyWire } from './faulty-wire.ts';
import { proofCount, recordProof } from './record-proof.ts';

const seed = Number(process.env['SEATRIAL_SEED'] ?? 20261201);
const rounds = proofCount({ quick: 12, full: 300 });
const timeout = 60_000 + rounds * 10_000;
/** How long the metrics source is read over a bad wire. */
const watchMs = proofCount({ quick: 4000, full: 180_000 });
const haproxyMissing = haproxyBinary === undefined;
if (haproxyMissing)
  console.warn('SKIPPED the HAProxy part of driver-faults: haproxy is not installed (apt-get install haproxy)');

const cleanings: Array<() => Promise<void>> = [];
afterAll(async () => {
  for (const clean of cleanings.reverse()) await clean();
}, 120_000);

const bad = 'over a wire that is slow, cuts, loses, repeats and answers late';

function record(driver: string, { calls, done, refused, wrong }: RoundFigures, wire: FaultyWire): void {
  recordProof({
    promise: 'driver-faults',
    what: `calls of the driver ${driver} ${bad}: the wanted state, or a clear error and then the wanted state when asked again; no false success, no effect twice`,
    tried: calls,
    wrong: wrong.length,
    seed,
    figures: { done, 'told why not': refused, ...wireFigures(wire) },
  });
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(0);
  expect(done).toBeGreaterThan(0);
}

function wireFigures({ seen: { none, ...faults } }: FaultyWire): Record<string, number> {
  return { 'connections healthy': none, ...faults };
}

describe('drivers over a bad network', () => {
  it('process: the control socket of its host', { timeout }, async () => {
    const random = seededRandom(seed);
    const place = await createProcessPlace();
    cleanings.push(() => place.close());
    const [stable, candidate] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(stable);
    await place.target.provision({ revision: candidate, instances: 2 }, place.act());
    const { controlSocket } = hostFiles(place.hostDirectory);
    const moved = `${controlSocket}.moved`;
    renameSync(controlSocket, moved);
    const wire = await createFaultyWire({ path: controlSocket, behind: { path: moved } }, random);
    cleanings.push(async () => {
      await wire.close();
      renameSync(moved, controlSocket);
    });
    const look: WiredPlace['look'] = async ({ id }) => {
      const answer = await httpRequest({ url: 'http://host.invalid/state', socketPath: moved, timeoutMs: 30_000 });
      const { revisions } = targetStateSchema.parse(JSON.parse(answer.body).state);
      const found = revisions.find(({ revision }) => revision.id === id);
      return found === undefined
        ? null
        : { weightPercent: found.weightPercent, role: found.role, instances: found.instances.length };
    };
    const figures = await playRounds({ ...place, wire, faultRatio: 0.3, stable, candidate, look }, rounds, random);
    record('process', figures, wire);
  });

  it.skipIf(haproxyMissing)('haproxy: its runtime socket', { timeout }, async () => {
    const random = seededRandom(seed + 1);
    const place = await createHaproxyPlace();
    cleanings.push(() => place.close());
    const [stable, candidate] = [place.revision('1.0.0'), place.revision('2.0.0')];
    await place.ship(stable);
    await place.target.provision({ revision: candidate, instances: 2 }, place.act());
    const { statsSocket } = place.haproxy.settings;
    const socket = join(place.haproxy.directory, 'faulty.sock');
    const wire = await createFaultyWire({ path: socket, behind: { path: statsSocket } }, random);
    cleanings.push(() => wire.close());
    const target = createHaproxyTarget({ ...place.options, spec: { ...place.options.spec, socket } });
    const look: WiredPlace['look'] = async ({ id }) => {
      const { revisions } = await place.target.inspect(AbortSignal.timeout(30_000));
      const found = revisions.find(({ revision }) => revision.id === id);
      return found === undefined
        ? null
        : { weightPercent: found.weightPercent, role: found.role, instances: found.instances.length };
    };
    const figures = await playRounds(
      { ...place, target, wire, faultRatio: 0.06, stable, candidate, look },
      rounds,
      random,
    );
    record('haproxy', figures, wire);
  });

  it('prometheus: its HTTP interface', { timeout: 60_000 + watchMs * 3 }, async () => {
    const server = await startJsonServer(fakeAnswers({ skewMs: 0, valueAt: steady }));
    cleanings.push(() => server.close());
    const behind = { host: '127.0.0.1', port: Number(new URL(server.url).port) } as const;
    const wire = await createFaultyWire({ path: null, behind }, seededRandom(seed + 2));
    cleanings.push(() => wire.close());
    const source = createPrometheusSource({
      ...{ url: `http://127.0.0.1:${wire.port}`, everyMs, timeoutMs: 400, settleMs: 1000, headersFromEnv: {} },
      ...{ environment: {}, clock: createSystemClock() },
      queries: { requests: 'requests_total', failures: ['failures_total'], latency: null, inFlight: null, events: {} },
      match: { baseline: 'version="{{version}}"', canary: 'version="{{version}}"' },
      revisions: { baseline: { version: 'one', revisionId: 'rev-1' }, canary: { version: 'two', revisionId: 'rev-2' } },
    });
    const ending = new AbortController();
    cleanings.push(async () => ending.abort());
    wire.faultRatio = 0.3;
    await source.start({ baseline: 'rev-1', canary: 'rev-2' }, ending.signal);
    const startMs = await waitForKnown(source, 0);
    const told = { measured: 0, 'told nothing': 0 };
    const wrong: string[] = [];
    // Once more when it is over: what was lost for a while may be known by then.
    const read = (fromMs: number, toMs: number): void => {
      for (let at = fromMs; at + everyMs <= toMs; at += everyMs)
        for (const arm of ['baseline', 'canary'] as const) {
          const window = { fromMs: at, toMs: at + everyMs };
          const seen = source.measure({ kind: 'requests', stratum: 'user' }, window, arm);
          told[seen.status === 'measured' ? 'measured' : 'told nothing'] += 1;
          if (seen.status === 'measured' && (seen.samples !== 10 || seen.failures !== 0))
            wrong.push(`${arm} at ${at}: ${seen.failures} of ${seen.samples} instead of 0 of 10`);
        }
    };
    const endMs = startMs + watchMs;
    for (let known = startMs; known < endMs; ) {
      const next = await waitForKnown(source, known + everyMs);
      read(known, next);
      known = next;
    }
    wire.faultRatio = 0;
    const last = await waitForKnown(source, endMs + 3000);
    read(startMs, last - 2000);
    recordProof({
      promise: 'driver-faults',
      what: `windows read from Prometheus ${bad}: the true counts or nothing, never other numbers`,
      tried: told.measured + told['told nothing'],
      wrong: wrong.length,
      seed,
      figures: { ...told, ...wireFigures(wire) },
    });
    expect(wrong).toEqual([]);
    expect(told.measured).toBeGreaterThan(0);
    expect(wire.seen['answer cut'] + wire.seen['answer lost'] + wire.seen.refused).toBeGreaterThan(0);
  });
});

async function waitForKnown(source: MetricSource, atLeastMs: number): Promise<number> {
  for (let turn = 0; turn < 1200; turn += 1) {
    const known = source.knownUntilMs();
    if (known !== null && known >= atLeastMs) return known;
    await sleep(50);
  }
  throw new Error('the source was not heard any more');
}
