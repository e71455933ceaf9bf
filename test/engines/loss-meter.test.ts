import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { hostDown } from '../../src/local-host/host-control.ts';
import type { Revision } from '../../src/model/revision.ts';
import { createProcessPlace, type ProcessPlace } from '../fixtures/process-place.ts';

const requests = Number(process.env['LOSS_METER_REQUESTS'] ?? 200_000);
const perSecond = Number(process.env['LOSS_METER_RATE'] ?? 1600);
const generator = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'load-generator.mjs');

const resultSchema = z.object({
  sent: z.number(),
  statuses: z.record(z.string(), z.number()),
  revisions: z.record(z.string(), z.number()),
  lost: z.array(
    z.object({ id: z.number(), post: z.boolean(), status: z.union([z.number(), z.string()]), atMs: z.number() }),
  ),
  peak: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p99: z.number(),
});

let place: ProcessPlace;
let folder: string;
let load: ChildProcess | null = null;
let next = 1;
const changes: Record<string, number> = {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'seatrial-loss-'));
  place = await createProcessPlace({
    health: { interval: '500ms', timeout: '2s' },
    drain: '10s',
    stop: '5s',
    requestTimeout: '20s',
  });
});
afterAll(async () => {
  load?.kill('SIGKILL');
  await place.close();
  rmSync(folder, { recursive: true, force: true });
});

const revision = (): Revision => place.revision(`${next++}.0.0`, { recordTo: join(folder, 'served') });
const act = () => place.act({ deadlineMs: 60_000 });
const breathe = (ms = 400): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const count = (name: string): number => (changes[name] = (changes[name] ?? 0) + 1);

async function weight(of: Revision, weightPercent: number): Promise<void> {
  await place.target.traffic?.setWeight({ revisionId: of.id, weightPercent }, act());
  count('weight changes');
  await breathe();
}

async function end(of: Revision): Promise<void> {
  await place.target.traffic?.drain({ revisionId: of.id, deadlineMs: 10_000 }, act());
  await place.target.retire({ revisionId: of.id }, act());
  count('retirements');
}

async function canary(stable: Revision): Promise<Revision> {
  const candidate = revision();
  await place.target.provision({ revision: candidate, instances: 2 }, act());
  for (const weightPercent of [5, 25, 50, 100]) await weight(candidate, weightPercent);
  await place.target.promote({ revision: candidate, standbyMs: 0 }, act());
  count('canary promotions');
  await end(stable);
  return candidate;
}

async function rolledBack(stable: Revision): Promise<Revision> {
  const candidate = revision();
  await place.target.provision({ revision: candidate, instances: 2 }, act());
  for (const weightPercent of [5, 50, 0]) await weight(candidate, weightPercent);
  count('rollbacks');
  await end(candidate);
  return stable;
}

async function blueGreen(blue: Revision): Promise<Revision> {
  const green = revision();
  await place.target.provision({ revision: green, instances: 2 }, act());
  await weight(green, 100);
  await place.target.promote({ revision: green, standbyMs: 60_000 }, act());
  count('blue-green cutovers');
  await breathe();
  await place.target.promote({ revision: blue, standbyMs: 60_000 }, act());
  count('returns to standby');
  await breathe();
  await place.target.promote({ revision: green, standbyMs: 600 }, act());
  await breathe(2500);
  return green;
}

async function rolling(stable: Revision): Promise<Revision> {
  const candidate = revision();
  const replace = async (candidateInstances: number, stableInstances: number): Promise<void> => {
    await place.target.batches?.replaceBatch({ candidate, candidateInstances, stableInstances }, act());
    count('rolling batches');
    await breathe();
  };
  await replace(1, 1);
  await replace(0, 2);
  await replace(1, 1);
  await replace(2, 0);
  await place.target.promote({ revision: candidate, standbyMs: 0 }, act());
  await end(stable);
  return candidate;
}

it(`loses, doubles and misdirects none of ${requests} open-loop requests through every kind of change`, async () => {
  let stable = revision();
  await place.ship(stable, 2);
  const resultFile = join(folder, 'result.json');
  const running = spawn(process.execPath, [generator, place.url, String(requests), String(perSecond), resultFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  load = running;
  running.stdout.resume();
  const over = once(running, 'exit');
  let finished = false;
  void over.then(() => (finished = true));
  for (let round = 0; !finished; round += 1) {
    stable = await ([canary, rolledBack, blueGreen, rolling][round % 4] ?? canary)(stable);
  }
  await over;
  const cut = (await place.target.inspect(new AbortController().signal)).cut;
  // Instances tell what they served when they end.
  await hostDown(place.target, AbortSignal.timeout(30_000));

  const result = resultSchema.parse(JSON.parse(readFileSync(resultFile, 'utf8')));
  const lines = existsSync(join(folder, 'served'))
    ? readFileSync(join(folder, 'served'), 'utf8').trim().split('\n')
    : [];
  const served = lines.map((line) => line.split(' ')[0]);
  const figures = {
    sent: result.sent,
    'answered 200': result.statuses['200'] ?? 0,
    lost: result.lost.length,
    duplicated: served.length - new Set(served).size,
    'answered by a stopped instance': lines.filter((line) => line.endsWith(' late')).length,
    'served, as the instances tell': new Set(served).size,
    cut,
    'revisions that answered': Object.keys(result.revisions).length,
    ...changes,
    'requests per second': Math.round(result.sent / result.seconds),
    'most in flight': result.peak,
    'p50 ms': Math.round(result.p50 * 100) / 100,
    'p99 ms': Math.round(result.p99 * 100) / 100,
  };
  console.table(figures);
  if (result.lost.length > 0) console.log(result.lost.slice(0, 20));
  expect(figures).toMatchObject({
    sent: requests,
    'answered 200': requests,
    lost: 0,
    duplicated: 0,
    'answered by a stopped instance': 0,
    'served, as the instances tell': requests,
    cut: 0,
  });
  expect(Object.keys(changes).sort()).toEqual([
    'blue-green cutovers',
    'canary promotions',
    'retirements',
    'returns to standby',
    'rollbacks',
    'rolling batches',
    'weight changes',
  ]);
}, 600_000);
