import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Scratch, type Session, sleep } from '../e2e/scratch-project.ts';
import { moveBehindHaproxy } from '../fixtures/haproxy-scratch.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy } from '../fixtures/real-haproxy.ts';
import { shipThroughTools } from '../fixtures/ship-through-tools.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-latency.test.ts: haproxy is not installed (apt-get install haproxy)');

const strategy = '{ kind: canary, steps: [{ weight: 30%, bake: 60s }, { weight: 100%, bake: 1s }] }';
let scratch: Scratch;
let haproxy: RealHaproxy;

beforeAll(async () => {
  if (missing) return;
  scratch = await createScratch();
  haproxy = await startHaproxy('', undefined, scratch.port, { requestLog: true });
  scratch.writeConfig({ strategy });
  moveBehindHaproxy(scratch, haproxy, ['requestLog: true']);
});
afterAll(async () => {
  if (missing) return;
  scratch.cli(['host', 'down']);
  await scratch.close();
  await haproxy.close();
});

/** Answers after an exponential time, whose 99 % point is 4.6 times its mean. */
function answerIn(meanMs: number): void {
  const path = join(scratch.directory, 'server.mjs');
  const text = readFileSync(path, 'utf8').replace(
    /return (setTimeout\(\(\) => )?answer\(response, 201, (\{.*\})\).*;/,
    `return setTimeout(() => answer(response, 201, $2), -Math.log(1 - Math.random()) * ${meanMs});`,
  );
  writeFileSync(path, text);
}

describe.skipIf(missing)('a slower release behind HAProxy, whose log is read', () => {
  let session: Session;
  it('is rolled back for its p99, with no failure in it', async () => {
    session = await scratch.connect();
    answerIn(15);
    scratch.release({ version: '1.0.0' });
    expect((await shipThroughTools(session, '1.0.0')).status).toMatch(/succeeded/i);
    const clients = await scratch.startClients();
    await sleep(3000);
    for (const gate of ['target-prepared', 'target-config-file', 'metrics-source']) {
      const told = scratch.cli(['preflight', '1.0.0', '--gate', gate, '--json']).stdout;
      expect(told).toMatch(/all \d+ are there|requests in the last minute|there was no request in the last minute/);
    }
    answerIn(45);
    scratch.release({ version: '2.0.0' });
    const slower = await shipThroughTools(session, '2.0.0');
    console.info(slower.status, /latencyP99[^\n]*/.exec(slower.report)?.[0]);
    expect(slower.plan).not.toMatch(/latencyP99 is not judged/);
    expect(slower.plan).toMatch(/websockets and event streams are not judged/);
    expect(slower.status).toMatch(/rolled_back/i);
    expect(slower.report).toMatch(/latencyP99/);
    expect(slower.report).toMatch(/no request went to the candidate any more, \d+ms after the decision/);
    const told = await clients.stop();
    console.info(JSON.stringify(told.byVersion), `lost ${told.lost}, duplicated ${told.duplicated} of ${told.sent}`);
    expect(told).toMatchObject({ lost: 0, duplicated: 0 });
  }, 300_000);
});
