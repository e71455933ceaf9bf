import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type History, historySchema } from '../../src/model/history.ts';
import { shipThroughTools } from '../fixtures/ship-through-tools.ts';
import { createScratch, type Scratch, type Session } from './scratch-project.ts';

const versions = ['1.0.0', '1.1.0', '1.2.0'];

/** A pitfall that keeps coming back becomes a gate by a person's word, and only by that. */
describe('the loop of learning', () => {
  let scratch: Scratch;
  let session: Session;

  beforeAll(async () => {
    scratch = await createScratch();
    for (const version of [...versions, '1.3.0']) scratch.release({ version });
    await scratch.startClients(200);
    session = await scratch.connect();
  }, 60_000);
  afterAll(() => scratch?.close(), 60_000);

  /** Runs on record, newest first. */
  const runIds = (): string[] =>
    readdirSync(join(scratch.directory, '.seatrial', 'history'))
      .flatMap((month) => readdirSync(join(scratch.directory, '.seatrial', 'history', month)))
      .map((name) => name.replace('.json', ''))
      .sort()
      .reverse();
  const entryOf = (runId: string): History => {
    const history = join(scratch.directory, '.seatrial', 'history');
    const month = readdirSync(history).find((name) => readdirSync(join(history, name)).includes(`${runId}.json`)) ?? '';
    return historySchema.parse(JSON.parse(readFileSync(join(history, month, `${runId}.json`), 'utf8')));
  };
  const learningsText = (): string => readFileSync(join(scratch.directory, '.seatrial', 'learnings.md'), 'utf8');

  it('a pitfall is met in three runs', async () => {
    // However a run ends, nobody was told of it.
    for (const version of versions) await shipThroughTools(session, version);
    for (let turn = 0; turn < 120 && runIds().length < 3; turn++) await new Promise((done) => setTimeout(done, 500));
    expect(runIds()).toHaveLength(3);
    expect(scratch.cli(['learnings', 'rebuild']).code).toBe(0);
    expect(learningsText()).toContain('**Frequency**: ★★★☆☆ (3/3 - occasional)');
    // What was shipped over a former revision brought the commits since then; a first deploy replaced none.
    const entries = runIds().map(entryOf);
    expect(entries.map(({ changes }) => changes?.commits ?? 0)).toEqual(
      entries.map(({ fromVersion, version }) =>
        fromVersion === null ? 0 : versions.indexOf(version) - versions.indexOf(fromVersion),
      ),
    );
  }, 400_000);

  it('proposes itself as a gate, and does not stop anything yet', async () => {
    const checks = await session.call('preflight', { version: '1.3.0' });
    expect(checks.text).not.toMatch(/BLOCKED|Blocked/);
    expect(checks.text).toContain('Silent Deploy (3 of the last 3 runs');
    expect((await session.call('learnings', { action: 'list' })).text).toContain(
      'Proposed gate: `notify`; a person accepts it: seatrial learnings accept silent-deploy',
    );
    const shown = scratch.cli(['learnings', 'show', 'silent-deploy']).stdout;
    expect(shown).toContain('Proposed gate: `notify` must pass in production, because it was met in 3 runs:');
    for (const runId of runIds()) expect(shown).toContain(runId);
  }, 60_000);

  it('nobody but a person makes it one', async () => {
    const code = /--code ([0-9A-F]{6})/.exec(scratch.cli(['learnings', 'show', 'silent-deploy']).stdout)?.[1] ?? '';
    expect(code).toHaveLength(6);
    const typed = scratch.cli(['learnings', 'accept', 'silent-deploy', '--code', code]);
    expect(typed).toMatchObject({ code: 5, stderr: expect.stringContaining('no person is at this terminal') });
    const stranger = await scratch.connect('stranger');
    const asked = await stranger.call('rollout_approve', { scope: 'gate', pitfall: 'silent-deploy' });
    expect(asked).toMatchObject({ isError: true, text: expect.stringContaining('is not known to ask a person') });
    const stray = await session.call('rollout_approve', { scope: 'gate', pitfall: 'silent-deploy', version: '1.3.0' });
    expect(stray).toMatchObject({ isError: true, text: expect.stringContaining('version has no meaning') });
    const never = await session.call('rollout_approve', { scope: 'gate', pitfall: 'slow-deploy' });
    expect(never).toMatchObject({ isError: true, text: expect.stringContaining('There is nothing to decide') });
    expect((await session.call('preflight', { version: '1.3.0' })).text).not.toMatch(/Blocked/);
  }, 60_000);

  it('a person accepts, and the next pre-flight stops with the reason and the three runs', async () => {
    const plan = await session.call('rollout_plan', { version: '1.3.0' });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    const accepted = await session.call('rollout_approve', { scope: 'gate', pitfall: 'silent-deploy' });
    expect(accepted.text).toContain('Accepted by a person, asked by e2e (client-dialog): `notify` must pass');
    const checks = scratch.cli(['preflight', '1.3.0']);
    expect(checks.code).toBe(4);
    expect(checks.stdout).toContain('required since “Silent Deploy” was met in runs');
    for (const runId of runIds()) expect(checks.stdout).toContain(runId);
    expect(checks.stdout).toContain('accepted by a person, asked by e2e');
    expect(learningsText()).toContain('**Gate**: `notify` must pass (production), accepted by a person, asked by e2e');

    // A plan from before the decision is stopped under the lock, by the same gate.
    await session.call('rollout_approve', { scope: 'start', plan_id: planId });
    const started = await session.call('rollout_start', { plan_id: planId });
    const runId = /run ([0-9a-z]{26})/.exec(started.text)?.[1] ?? '';
    const ended = await session.call('rollout_status', { run_id: runId, wait_s: 45 });
    expect(ended.text).toMatch(/outcome: failed/);
    expect(ended.text).toContain('required since “Silent Deploy”');
  }, 120_000);

  it('what was asked for lets it pass', async () => {
    scratch.writeConfig({ extra: '    notify: [{ file: notices.jsonl }]' });
    scratch.git('add', '--all');
    scratch.git('commit', '--quiet', '--message', 'chore: tell somebody');
    const checks = scratch.cli(['preflight', '1.3.0']);
    expect(checks.stdout).not.toContain('required since');
    expect(checks.code).toBe(0);
  }, 60_000);
});
