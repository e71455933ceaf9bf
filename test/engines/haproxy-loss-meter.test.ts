import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHaproxyPlace, type HaproxyPlace } from '../fixtures/haproxy-place.ts';
import { createLossMeter, type LossMeter, type MeteredChange, meteredRequests } from '../fixtures/loss-meter.ts';
import { haproxyBinary } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-loss-meter.test.ts: haproxy is not installed (apt-get install haproxy)');

let place: HaproxyPlace;
let meter: LossMeter;

beforeAll(async () => {
  if (missing) return;
  // What is metered is the moving of users, not how soon a busy instance is taken for dead.
  const health = { path: '/health', intervalMs: 200, rise: 2, fall: 25 };
  place = await createHaproxyPlace({ drain: '10s', stop: '5s', requestTimeout: '20s' }, { health });
  meter = createLossMeter(place, 300, 'HAProxy');
});
afterAll(async () => {
  if (missing) return;
  meter.close();
  await place.close();
});

async function reload(): Promise<void> {
  await place.haproxy.reload();
  meter.count('reloads');
  await meter.breathe();
}

const canary: MeteredChange = async (stable) => {
  const candidate = await meter.bring();
  for (const weightPercent of [5, 25]) await meter.weight(candidate, weightPercent);
  await reload();
  for (const weightPercent of [50, 100]) await meter.weight(candidate, weightPercent);
  await meter.promote(candidate, 0);
  meter.count('promotions');
  await meter.end(stable);
  return candidate;
};

const rolledBack: MeteredChange = async (stable) => {
  const candidate = await meter.bring();
  for (const weightPercent of [5, 50]) await meter.weight(candidate, weightPercent);
  await reload();
  await meter.weight(candidate, 0);
  meter.count('rollbacks');
  await meter.end(candidate);
  return stable;
};

const blueGreen: MeteredChange = async (blue) => {
  const green = await meter.bring();
  await meter.weight(green, 100);
  await meter.promote(green, 60_000);
  meter.count('promotions');
  await meter.breathe();
  await meter.promote(blue, 60_000);
  meter.count('returns to standby');
  await meter.breathe();
  await meter.end(green);
  return blue;
};

describe.skipIf(missing)('behind HAProxy', () => {
  // A lost request stays lost: not tried twice.
  it(`none of ${meteredRequests} open-loop requests is lost, doubled or misdirected through every kind of change`, {
    timeout: 600_000,
    retry: 0,
  }, async () => {
    await meter.run(place.haproxy.url, [canary, rolledBack, blueGreen]);
    if (meteredRequests < 200_000) return;
    expect(meter.changes['weight changes']).toBeGreaterThanOrEqual(20);
    expect(meter.changes['reloads']).toBeGreaterThanOrEqual(5);
    expect(meter.changes['rollbacks']).toBeGreaterThanOrEqual(3);
  });
});
