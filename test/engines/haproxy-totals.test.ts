import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Revision } from '../../src/model/revision.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { createHaproxyPlace, type HaproxyPlace } from '../fixtures/haproxy-place.ts';
import { createKeepAliveClient, type KeepAliveClient } from '../fixtures/keep-alive-client.ts';
import { haproxyBinary, waitFor } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-totals.test.ts: haproxy is not installed (apt-get install haproxy)');

const signal = new AbortController().signal;
const clock = createSystemClock();
let place: HaproxyPlace;
let client: KeepAliveClient;
let one: Revision;

beforeAll(async () => {
  if (missing) return;
  client = createKeepAliveClient();
  place = await createHaproxyPlace();
  one = place.revision('1.0.0');
  await place.ship(one);
});
afterAll(async () => {
  if (missing) return;
  client.close();
  await place.close();
});

const totals = async () => {
  const { totals: told } = place.target;
  if (told === undefined) throw new Error('no totals');
  // What ended without an answer counts when two readings agree.
  await told.read(signal);
  const found = (await told.read(signal)).get(one.id);
  if (found === undefined) throw new Error('the revision has no totals');
  return found;
};
/** What the totals grew by. */
const counting = async (work: () => Promise<unknown>): Promise<{ requests: number; failures: number }> => {
  const before = await totals();
  await work().catch(() => undefined);
  await clock.sleep(100);
  const after = await totals();
  expect(after.epoch).toBe(before.epoch);
  return { requests: after.requests - before.requests, failures: after.failures - before.failures };
};
const get = (path: string, method = 'GET') => client.get(`${place.haproxy.url}${path}`, {}, method);

describe.skipIf(missing)('what HAProxy counts of users', () => {
  it('is every request once, and as failed what a user would call so', async () => {
    expect(await counting(() => client.many(40, () => get('/')))).toEqual({ requests: 40, failures: 0 });
    expect(await counting(() => client.many(10, () => get('/error')))).toEqual({ requests: 10, failures: 10 });
    expect(await counting(() => get('/half'))).toEqual({ requests: 1, failures: 1 });
    expect(await counting(() => get('/headers', 'POST'))).toEqual({ requests: 1, failures: 0 });
  });

  it('is nothing of a request that is still open', async () => {
    let slow: Promise<unknown> = Promise.resolve();
    expect(
      await counting(async () => {
        slow = get('/slow?ms=600');
        await clock.sleep(100);
      }),
    ).toEqual({ requests: 0, failures: 0 });
    expect(await counting(() => slow)).toEqual({ requests: 1, failures: 0 });
  });

  it('counts a POST that died with its instance, although its client never got an answer', async () => {
    expect(await counting(() => get('/crash', 'POST'))).toEqual({ requests: 1, failures: 1 });
    await waitFor('the instance to be back', async () => {
      const [placed] = (await place.target.inspect(signal)).revisions;
      return placed?.instances.every((instance) => instance.state === 'ready') ?? false;
    });
  });

  it('begins anew with another worker', async () => {
    const before = await totals();
    await place.haproxy.reload();
    await get('/');
    const after = await totals();
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.requests).toBeLessThan(before.requests);
  });
});
