import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Scratch, type Session, sleep } from '../e2e/scratch-project.ts';
import { moveBehindHaproxy } from '../fixtures/haproxy-scratch.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy } from '../fixtures/real-haproxy.ts';
import { type ShippedThroughTools, shipThroughTools } from '../fixtures/ship-through-tools.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-ship.test.ts: haproxy is not installed (apt-get install haproxy)');

let scratch: Scratch;
let haproxy: RealHaproxy;

beforeAll(async () => {
  if (missing) return;
  scratch = await createScratch();
  haproxy = await startHaproxy('', undefined, scratch.port);
  moveBehindHaproxy(scratch, haproxy);
});
afterAll(async () => {
  if (missing) return;
  // What ends the project takes its configuration for that of the embedded target.
  scratch.cli(['host', 'down']);
  await scratch.close();
  await haproxy.close();
});

describe.skipIf(missing)('through the tools, behind a real HAProxy', () => {
  let session: Session;
  const ship = async (version: string): Promise<ShippedThroughTools> => {
    expect((await session.call('preflight', { version })).text).not.toMatch(/BLOCKED/);
    return shipThroughTools(session, version);
  };

  it('ships a good release and brings a bad one back, under load', async () => {
    session = await scratch.connect();
    scratch.release({ version: '1.0.0' });
    expect((await ship('1.0.0')).status).toMatch(/succeeded/i);
    const clients = await scratch.startClients();
    await sleep(3000);
    scratch.release({ version: '2.0.0' });
    const good = await ship('2.0.0');
    expect(good.status).toMatch(/succeeded/i);
    expect(good.plan).toMatch(/latencyP99 is not judged: the metrics source proxy has no latencies/);
    for (const gate of ['target-prepared', 'target-config-file'])
      expect(scratch.cli(['preflight', '2.0.0', '--gate', gate, '--json']).stdout).toMatch(/all \d+ are there/);
    scratch.release({ version: '3.0.0', failRatio: 0.2 });
    const bad = await ship('3.0.0');
    expect(bad.status).toMatch(/rolled_back/i);
    expect(bad.report).toMatch(/no request went to the candidate any more, \d+ms after the decision/);
    const told = await clients.stop();
    console.info(JSON.stringify(told.byVersion), `lost ${told.lost}, duplicated ${told.duplicated} of ${told.sent}`);
    console.info(/no request went to the candidate any more, \d+ms after the decision/.exec(bad.report)?.[0]);
    expect(told).toMatchObject({ lost: 0, duplicated: 0 });
  }, 400_000);
});
