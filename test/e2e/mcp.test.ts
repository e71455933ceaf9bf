import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Reply, type Scratch, type Session, sleep } from './scratch-project.ts';
import { toolNames } from './tool-names.ts';

/** The whole path through a real client over stdio and the built bundle. Each release builds on the one before. */
describe('shipping through the MCP tools', () => {
  let scratch: Scratch;
  let session: Session;
  let runId = '';

  beforeAll(async () => {
    scratch = await createScratch();
    scratch.release({ version: '1.0.0' });
    scratch.release({ version: '2.0.0' });
    scratch.release({ version: '3.0.0', failRatio: 0.3 });
    scratch.release({ version: '4.0.0', crashOnStart: true });
    scratch.release({ version: '5.0.0' });
    scratch.release({ version: '6.0.0' });
    session = await scratch.connect();
  }, 60_000);

  afterAll(() => scratch?.close(), 60_000);

  const ship = async (version: string, from: Session = session): Promise<string> => {
    const gates = await from.call('preflight', { version });
    expect(gates.text).not.toMatch(/BLOCKED/);
    const plan = await from.call('rollout_plan', { version });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    expect(planId, plan.text).toHaveLength(64);
    const early = await from.call('rollout_start', { plan_id: planId });
    expect(early.isError && early.text).toMatch(/APPROVAL_REQUIRED/);
    const approved = await from.call('rollout_approve', {
      scope: 'start',
      plan_id: planId,
      service: 'shop',
      version,
      environment: 'production',
    });
    expect(approved.text).toMatch(/Approved by a person, asked by e2e \(client-dialog\)/);
    const started = await from.call('rollout_start', { plan_id: planId.slice(0, 12) });
    runId = /run ([0-9a-z]{26})/.exec(started.text)?.[1] ?? '';
    expect(runId, started.text).toHaveLength(26);
    const again = await from.call('rollout_start', { plan_id: planId });
    expect(again.text).toContain(`This plan was started before: run ${runId}`);
    return runId;
  };
  const toEnd = async (from: Session = session): Promise<Reply> => {
    for (let turn = 0; turn < 60; turn++) {
      const status = await from.call('rollout_status', { run_id: runId, wait_s: 5 });
      if (/succeeded|rolled_back|failed|aborted|unverified/i.test(status.text.split('\n').slice(0, 3).join(' ')))
        return status;
    }
    throw new Error('the run did not end');
  };

  it('lists the tools, prompts and resources', async () => {
    const { tools } = await session.client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(toolNames);
    expect(tools.find((tool) => tool.name === 'rollout_approve')?._meta).toEqual({
      'anthropic/requiresUserInteraction': true,
    });
    expect((await session.client.listPrompts()).prompts.map((prompt) => prompt.name)).toContain('phase-2-ship');
    expect((await session.client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0);
  });

  it('first deploy: direct, and the way back is down', async () => {
    await ship('1.0.0');
    const status = await toEnd();
    expect(status.text).toMatch(/succeeded/i);
    const answer = await fetch(`${scratch.url}/health`);
    expect(answer.headers.get('x-shop-version')).toBe('1.0.0');
  });

  it('a good release goes to everybody, and is recorded', async () => {
    const clients = await scratch.startClients();
    await ship('2.0.0');
    expect((await toEnd()).text).toMatch(/succeeded/i);
    const totals = await clients.stop();
    expect(totals).toMatchObject({ lost: 0, duplicated: 0 });
    expect(totals.byVersion['2.0.0']?.created).toBeGreaterThan(0);

    const report = await session.call('deploy_report', { run_id: runId, detail: 'full' });
    expect(report.text).toMatch(/\*\*Status\*\*: SUCCESS/);
    expect(report.text).toMatch(/Could not verify/);
    expect(existsSync(join(scratch.directory, '.seatrial', 'reports', `${runId}.json`))).toBe(true);
    const history = JSON.parse(
      readFileSync(
        join(scratch.directory, '.seatrial', 'history', new Date().toISOString().slice(0, 7), `${runId}.json`),
        'utf8',
      ),
    );
    expect(history).toMatchObject({ outcome: 'succeeded', version: '2.0.0', approval: 'client-dialog' });
    const { contents } = await session.client.readResource({ uri: `seatrial://runs/${runId}/report` });
    expect(JSON.stringify(contents)).toContain('2.0.0');
  }, 90_000);

  it('the review is drafted, refused while it is unfinished, kept, and acknowledged', async () => {
    const draft = await session.call('deploy_review', { action: 'draft', run_id: runId });
    expect(draft.text).toMatch(/Step 1/);
    const refused = await session.call('deploy_review', { action: 'submit', run_id: runId, text: 'All went well.' });
    expect(refused.isError && refused.text).toMatch(/REVIEW_INVALID/);
    const file = readFileSync(join(scratch.directory, '.seatrial', 'reviews', `${runId}.md`), 'utf8');
    const kept = await session.call('deploy_review', {
      action: 'submit',
      run_id: runId,
      text: file.replaceAll('(to complete)', 'nothing (opinion)'),
    });
    expect(kept.text, kept.text).toMatch(/is kept/);
    const acknowledged = await session.call('rollout_approve', { scope: 'review', run_id: runId });
    expect(acknowledged.text).toMatch(/acknowledged/);
    expect((await session.call('deploy_review', { run_id: runId })).text).toMatch(
      /acknowledged by a person, asked by e2e/,
    );
  });

  it('a bad release is rolled back by evidence', async () => {
    const clients = await scratch.startClients();
    await ship('3.0.0');
    const status = await toEnd();
    const totals = await clients.stop();
    expect(status.text).toMatch(/rolled_back/i);
    expect(totals).toMatchObject({ lost: 0, duplicated: 0 });
    expect(totals.byVersion['3.0.0']?.failed).toBeLessThan(400);
    const report = await session.call('deploy_report', { run_id: runId, detail: 'full' });
    expect(report.text).toMatch(/\*\*Status\*\*: ROLLBACK/);
    expect(report.text).toMatch(/evidence (over )?\d+:1/);
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('2.0.0');
    expect(readFileSync(join(scratch.directory, '.seatrial', 'learnings.md'), 'utf8')).toMatch(
      /Rollback Needed[\s\S]{0,80}★★☆☆☆ \(1\/3 - rare\)/,
    );
  }, 90_000);

  it('the draft of its review holds against its own events', async () => {
    await session.call('deploy_review', { action: 'draft', run_id: runId });
    const file = readFileSync(join(scratch.directory, '.seatrial', 'reviews', `${runId}.md`), 'utf8');
    expect(file).toMatch(/\*\*Rollback\*\*: for error-rate; users were off the candidate .*\(#\d+, #\d+\)/);
    const text = file.replaceAll('(to complete)', 'nothing');
    const kept = await session.call('deploy_review', { action: 'submit', run_id: runId, text });
    expect(kept.text, kept.text).toMatch(/is kept/);
  });

  it('the same commit is refused until cause and fix are recorded', async () => {
    const refused = await session.call('rollout_plan', { version: '3.0.0' });
    expect(refused.isError && refused.text).toMatch(/REVISION_REFUSED/);
    const half = await session.call('learnings', { action: 'add', run: runId, cause: 'payment pool too small' });
    expect(half.text).toContain('its cause is recorded, but no fix');
    const stillRefused = await session.call('rollout_plan', { version: '3.0.0' });
    expect(stillRefused.isError && stillRefused.text).toMatch(/REVISION_REFUSED.*its cause is recorded, but no fix/s);
    await session.call('learnings', { action: 'add', run: runId, fix: 'raised to 50' });
    expect((await session.call('rollout_plan', { version: '3.0.0' })).isError).toBe(false);
  });

  it('a release that crashes on start never has users', async () => {
    await ship('4.0.0');
    const status = await toEnd();
    expect(status.text).toMatch(/failed/i);
    const events = scratch
      .journal(runId)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.some((event) => event.type === 'step_completed' && event.data.evidence.weightPercent > 0)).toBe(
      false,
    );
  }, 60_000);

  it('the server is killed in mid-canary and the run still ends rightly', async () => {
    const clients = await scratch.startClients();
    const doomed = await scratch.connect();
    await ship('5.0.0', doomed);
    for (
      let turn = 0;
      turn < 80 && !/candidate 25 %|25 %/.test((await session.call('rollout_status', { run_id: runId })).text);
      turn++
    )
      await sleep(100);
    process.kill(doomed.pid, 'SIGKILL');
    expect((await toEnd()).text).toMatch(/succeeded/i);
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('5.0.0');
  }, 90_000);

  it('rollback after the run makes the former revision stable again, without approval', async () => {
    const reply = await session.call('rollback', { reason: 'orders are missing' });
    runId = /run ([0-9a-z]{26})/.exec(reply.text)?.[1] ?? '';
    expect((await toEnd()).text).toMatch(/succeeded/i);
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('2.0.0');
  }, 60_000);

  it('a person at another process pauses, resumes and aborts', async () => {
    const clients = await scratch.startClients();
    // Long enough that each of the commands comes in time, also on a busy machine.
    scratch.writeConfig({
      strategy: '{ kind: canary, maxBake: 120s, steps: [{ weight: 25%, bake: 60s }, { weight: 100%, bake: 1s }] }',
    });
    scratch.git('commit', '--quiet', '--all', '--message', 'chore: a slower canary');
    await ship('6.0.0');
    for (
      let turn = 0;
      turn < 80 && !/25 %/.test((await session.call('rollout_status', { run_id: runId })).text);
      turn++
    )
      await sleep(100);
    const paused = scratch.cli(['pause', '--reason', 'looking']);
    expect(paused.stdout, paused.stderr).toMatch(/the weight stays/);
    await sleep(3000);
    expect((await session.call('rollout_status', { run_id: runId })).text).toMatch(/held/i);
    const promote = await session.call('rollout_control', { action: 'promote', run_id: runId });
    expect(promote.isError && promote.text).toMatch(/APPROVAL_REQUIRED/);
    expect((await session.call('rollout_control', { action: 'resume', run_id: runId })).text).toMatch(/goes on/);
    expect(scratch.cli(['abort', '--reason', 'support calls', '--json']).code).toBe(0);
    expect((await toEnd()).text).toMatch(/aborted/i);
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('2.0.0');
  }, 90_000);
});
