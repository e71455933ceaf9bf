import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Scratch, type Session, sleep } from '../e2e/scratch-project.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy } from '../fixtures/real-haproxy.ts';

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
  const { statsSocket, backends, serversPerSlot, splitMap, revisionsMap, stateFile } = haproxy.settings;
  scratch.writeConfig({ strategy });
  const path = join(scratch.directory, 'seatrial.yaml');
  const block = [
    'kind: haproxy',
    `socket: ${statsSocket}`,
    `slots: { a: ${backends.a}, b: ${backends.b} }`,
    `places: ${serversPerSlot}`,
    `splitMap: ${splitMap}`,
    `revisionsMap: ${revisionsMap}`,
    `stateFile: ${stateFile}`,
    `configFile: ${join(haproxy.directory, 'haproxy.cfg')}`,
    'requestLog: true',
  ].join('\n      ');
  writeFileSync(path, readFileSync(path, 'utf8').replace('kind: process', block));
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
  const ship = async (version: string): Promise<{ plan: string; status: string; report: string }> => {
    const plan = await session.call('rollout_plan', { version });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    expect(planId, plan.text).toHaveLength(64);
    const asked = { scope: 'start', plan_id: planId, service: 'shop', version, environment: 'production' };
    expect((await session.call('rollout_approve', asked)).text).toMatch(/Approved by a person/);
    const started = await session.call('rollout_start', { plan_id: planId });
    const runId = /run ([0-9a-z]{26})/.exec(started.text)?.[1] ?? '';
    expect(runId, started.text).toHaveLength(26);
    for (let turn = 0; turn < 60; turn++) {
      const { text } = await session.call('rollout_status', { run_id: runId, wait_s: 5 });
      const head = text.split('\n').slice(0, 3).join(' ');
      if (!/succeeded|rolled_back|failed|aborted|unverified/i.test(head)) continue;
      const report = (await session.call('deploy_report', { run_id: runId, detail: 'full' })).text;
      return { plan: plan.text, status: head, report };
    }
    throw new Error('the run did not end');
  };

  it('is rolled back for its p99, with no failure in it', async () => {
    session = await scratch.connect();
    answerIn(15);
    scratch.release({ version: '1.0.0' });
    expect((await ship('1.0.0')).status).toMatch(/succeeded/i);
    const clients = await scratch.startClients();
    await sleep(3000);
    for (const gate of ['target-prepared', 'target-config-file', 'metrics-source']) {
      const told = scratch.cli(['preflight', '1.0.0', '--gate', gate, '--json']).stdout;
      expect(told).toMatch(/all \d+ are there|requests in the last minute|there was no request in the last minute/);
    }
    answerIn(45);
    scratch.release({ version: '2.0.0' });
    const slower = await ship('2.0.0');
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
