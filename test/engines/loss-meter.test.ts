import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLossMeter, type LossMeter, type MeteredChange, meteredRequests } from '../fixtures/loss-meter.ts';
import { createProcessPlace, type ProcessPlace } from '../fixtures/process-place.ts';

let place: ProcessPlace;
let meter: LossMeter;

beforeAll(async () => {
  place = await createProcessPlace({
    health: { interval: '500ms', timeout: '2s' },
    drain: '10s',
    stop: '5s',
    requestTimeout: '20s',
  });
  meter = createLossMeter(place, 400);
});
afterAll(async () => {
  meter.close();
  await place.close();
});

const canary: MeteredChange = async (stable) => {
  const candidate = await meter.bring();
  for (const weightPercent of [5, 25, 50, 100]) await meter.weight(candidate, weightPercent);
  await meter.promote(candidate, 0);
  meter.count('canary promotions');
  await meter.end(stable);
  return candidate;
};

const rolledBack: MeteredChange = async (stable) => {
  const candidate = await meter.bring();
  for (const weightPercent of [5, 50, 0]) await meter.weight(candidate, weightPercent);
  meter.count('rollbacks');
  await meter.end(candidate);
  return stable;
};

const blueGreen: MeteredChange = async (blue) => {
  const green = await meter.bring();
  await meter.weight(green, 100);
  await meter.promote(green, 60_000);
  meter.count('blue-green cutovers');
  await meter.breathe();
  await meter.promote(blue, 60_000);
  meter.count('returns to standby');
  await meter.breathe();
  await meter.promote(green, 600);
  await meter.breathe(2500);
  return green;
};

const rolling: MeteredChange = async (stable) => {
  const candidate = meter.revision();
  const replace = async (candidateInstances: number, stableInstances: number): Promise<void> => {
    await place.target.batches?.replaceBatch({ candidate, candidateInstances, stableInstances }, meter.act());
    meter.count('rolling batches');
    await meter.breathe();
  };
  await replace(1, 1);
  await replace(0, 2);
  await replace(1, 1);
  await replace(2, 0);
  await meter.promote(candidate, 0);
  await meter.end(stable);
  return candidate;
};

// A lost request stays lost: not tried twice.
it(`loses, doubles and misdirects none of ${meteredRequests} open-loop requests through every kind of change`, {
  timeout: 600_000,
  retry: 0,
}, async () => {
  await meter.run(place.url, [canary, rolledBack, blueGreen, rolling]);
  expect(Object.keys(meter.changes).sort()).toEqual([
    'blue-green cutovers',
    'canary promotions',
    'retirements',
    'returns to standby',
    'rollbacks',
    'rolling batches',
    'weight changes',
  ]);
});
