import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Scratch, type Session, sleep } from '../e2e/scratch-project.ts';
import { moveBehindHaproxy } from '../fixtures/haproxy-scratch.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy } from '../fixtures/real-haproxy.ts';

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
  const ship = async (version: string): Promise<{ plan: string; status: string; report: string }> => {
    expect((await session.call('preflight', { version })).text).not.toMatch(/BLOCKED/);
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
      return {
        plan: plan.text,
        status: head,
        report: (await session.call('deploy_report', { run_id: runId, detail: 'full' })).text,
      };
    }
    throw new Error('the run did not end');
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
