import { afterEach, expect, it } from 'vitest';
import { hostUp } from '../../../src/local-host/host-control.ts';
import type { TrafficCell } from '../../../src/model/traffic.ts';
import { ask, eventually } from '../../fixtures/http-client.ts';
import { createProcessPlace, type ProcessPlace, runs } from '../../fixtures/process-place.ts';

let place: ProcessPlace;
afterEach(() => place.close());

const signal = new AbortController().signal;

it('a new process warms up; one that a new host finds running is warm; a restarted one begins again', async () => {
  place = await createProcessPlace();
  await place.ship(place.revision('1.0.0'), 1);
  for (let index = 0; index < 60; index += 1) await ask(place.url);
  // Fifty answers are not enough while fifteen seconds have not passed.
  expect(await totals()).toEqual({ arrivals: 60, ended: 60, newUnits: 60, warming: 60, latencies: 0 });

  const pid = await place.hostPid();
  process.kill(pid, 'SIGKILL');
  await eventually(() => !runs(pid));
  await hostUp(place.target, signal);
  for (let index = 0; index < 5; index += 1) await ask(place.url);
  // The cells of the host that died are gone with it.
  expect(await totals()).toEqual({ arrivals: 5, ended: 5, newUnits: 5, warming: 0, latencies: 5 });

  await ask(`${place.url}/crash`).catch(() => undefined);
  await eventually(async () => (await place.target.inspect(signal)).revisions[0]?.instances[0]?.restarts === 1);
  await eventually(async () => (await place.target.inspect(signal)).revisions[0]?.instances[0]?.state === 'ready');
  for (let index = 0; index < 5; index += 1) await ask(place.url);
  expect(await totals()).toEqual({ arrivals: 11, ended: 11, newUnits: 11, warming: 5, latencies: 6 });
});

/** All that the host has counted for users. */
async function totals() {
  const ending = new AbortController();
  let cells: TrafficCell[] = [];
  for await (const frame of place.target.feed?.frames({ sinceMs: 0, signal: ending.signal }) ?? []) {
    cells = frame.cells.filter((cell) => cell.stratum === 'user');
    ending.abort();
  }
  const sum = (of: (cell: TrafficCell) => number): number => cells.reduce((total, cell) => total + of(cell), 0);
  return {
    arrivals: sum((cell) => cell.arrivals),
    ended: sum((cell) => cell.ended),
    newUnits: sum((cell) => cell.newUnits),
    warming: sum((cell) => cell.warming),
    latencies: sum((cell) => cell.latency.reduce((total, [, count]) => total + count, 0)),
  };
}
