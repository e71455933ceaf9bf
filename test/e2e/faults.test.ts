import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle, createScratch, type Scratch, sleep } from './scratch-project.ts';

/** What people and machines do wrong. Every case: a stated reason, a remedy, nothing left running, nothing lost. */
describe('wrong input', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await createScratch();
    scratch.writeConfig({ approval: '{ how: none }' });
  });
  afterEach(async () => {
    await scratch.close();
    expect(scratch.processes()).toEqual([]);
  }, 60_000);

  const shipIt = (version: string, timeoutMs = 60_000): ReturnType<Scratch['cli']> =>
    scratch.cli(['ship', version, '--yes'], { timeoutMs });

  it('no configuration', () => {
    rmSync(join(scratch.directory, 'seatrial.yaml'));
    const result = scratch.cli(['ship', '1.0.0', '--yes']);
    expect(result.code).toBe(3);
    expect(result.stderr).toMatch(/CONFIG_MISSING.*seatrial\.yaml[\s\S]*seatrial init/);
  });

  it('broken YAML and an unknown key: line, key, what is near', () => {
    writeFileSync(join(scratch.directory, 'seatrial.yaml'), 'version: 1\nservice: [shop\n');
    expect(scratch.cli(['preflight', '1.0.0'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/CONFIG_UNREADABLE.*line \d/),
    });
    scratch.writeConfig({ extra: '    stratgy: { kind: canary }' });
    expect(scratch.cli(['preflight', '1.0.0'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/stratgy[\s\S]*strategy/),
    });
  });

  it('an unknown version, and one that is no version', () => {
    scratch.release({ version: '1.0.0' });
    const result = scratch.cli(['plan', '1.0.1', '--json']);
    expect(result.code).toBe(8);
    expect(JSON.parse(result.stdout)).toMatchObject({
      ok: false,
      error: { code: 'VERSION_UNKNOWN', remedy: expect.stringContaining('1.0.0') },
    });
    expect(scratch.cli(['plan', '../../etc']).stderr).toMatch(/VERSION_INVALID/);
    expect(scratch.cli(['plan', '--', '--upload-pack=x']).stderr).toMatch(/VERSION_INVALID|USAGE/);
  });

  it('an environment, a run, a plan, a command that does not exist', () => {
    scratch.release({ version: '1.0.0' });
    expect(scratch.cli(['plan', '1.0.0', '--environment', 'prodction']).stderr).toMatch(
      /ENVIRONMENT_UNKNOWN[\s\S]*production/,
    );
    expect(scratch.cli(['status']).stderr).toMatch(/RUN_NONE/);
    expect(scratch.cli(['status', '01m7zbydnpyzvks35kg5y8vnas']).stderr).toMatch(/RUN_UNKNOWN/);
    expect(scratch.cli(['start', 'deadbeefdead']).stderr).toMatch(/PLAN_UNKNOWN/);
    expect(scratch.cli(['shp', '1.0.0'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/ship/) });
  });

  it('uncommitted changes stop it before anything is started', () => {
    scratch.release({ version: '1.0.0' });
    writeFileSync(join(scratch.directory, 'server.mjs'), '// changed\n');
    const result = shipIt('1.0.0');
    expect(result.code).toBe(4);
    expect(`${result.stdout}${result.stderr}`).toMatch(/server\.mjs/);
    expect(scratch.processes()).toEqual([]);
  });

  it('the port is in use', async () => {
    scratch.release({ version: '1.0.0' });
    const server = http.createServer((_request, response) => response.end('somebody else'));
    await new Promise<void>((resolve) => server.listen(scratch.port, '127.0.0.1', resolve));
    try {
      const result = shipIt('1.0.0');
      expect(result.code).not.toBe(0);
      expect(`${result.stdout}${result.stderr}`).toMatch(new RegExp(`[Pp]ort ${scratch.port}[^\\n]*in use`));
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
    expect(scratch.processes().filter(({ command }) => command.includes('server.mjs'))).toEqual([]);
  }, 60_000);

  it('a service that never gets healthy has failed, with the last line of its log', () => {
    scratch.release({ version: '1.0.0' });
    expect(shipIt('1.0.0').code).toBe(0);
    scratch.release({ version: '2.0.0', crashOnStart: true });
    const result = shipIt('2.0.0');
    expect(result.code).toBe(21);
    expect(result.stdout).toMatch(/FAILED/);
    expect(result.stdout).toMatch(/cannot read the price list/);
  }, 60_000);

  it('a service that hangs on SIGTERM does not hang the run', () => {
    scratch.release({ version: '1.0.0' });
    const stubborn = readFileSync(join(scratch.directory, 'server.mjs'), 'utf8').replace(
      /process\.on\('SIGTERM'[\s\S]*?\n\}\);/,
      "process.on('SIGTERM', () => {});",
    );
    writeFileSync(join(scratch.directory, 'server.mjs'), stubborn);
    scratch.release({ version: '2.0.0' });
    expect(stubborn).toContain("process.on('SIGTERM', () => {});");
    expect(shipIt('2.0.0').code).toBe(0);
    const started = performance.now();
    expect(scratch.cli(['host', 'down'], { timeoutMs: 30_000 }).code).toBe(0);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(scratch.processes()).toEqual([]);
  }, 90_000);

  it('a dead service is seen by pre-flight, and host up brings it back', async () => {
    scratch.release({ version: '1.0.0' });
    expect(shipIt('1.0.0').code).toBe(0);
    scratch.release({ version: '2.0.0' });
    for (const { pid } of scratch.processes()) process.kill(pid, 'SIGKILL');
    await sleep(300);
    const gates = scratch.cli(['preflight', '2.0.0']);
    expect(gates.code).toBe(4);
    expect(gates.stdout).toMatch(/seatrial host up/);
    expect(scratch.cli(['host', 'up'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/is up/) });
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('1.0.0');
  }, 60_000);

  it('a second run at the same time is refused and names the first', async () => {
    scratch.release({ version: '1.0.0' });
    expect(shipIt('1.0.0').code).toBe(0);
    scratch.release({ version: '2.0.0' });
    scratch.release({ version: '3.0.0' });
    const plans = ['2.0.0', '3.0.0'].map(
      (version) => JSON.parse(scratch.cli(['plan', version, '--json']).stdout).data.planId,
    );
    const first = JSON.parse(scratch.cli(['start', plans[0], '--json']).stdout).data.runId;
    const second = scratch.cli(['start', plans[1], '--json']);
    expect(JSON.parse(second.stdout).error.code).toMatch(/RUN_ACTIVE|PLAN_CHANGED/);
    const third = scratch.cli(['plan', '3.0.0', '--json']);
    expect(JSON.parse(third.stdout).error).toMatchObject({
      code: 'RUN_ACTIVE',
      message: expect.stringContaining(first),
    });
    expect(third.code).toBe(6);
  }, 60_000);

  it('ten starters of one plan make one run', async () => {
    scratch.release({ version: '1.0.0' });
    const plan = JSON.parse(scratch.cli(['plan', '1.0.0', '--json']).stdout).data.planId;
    const script = `for i in 1 2 3 4 5 6 7 8 9 10; do ${process.execPath} ${bundle} start ${plan} --json & done; wait`;
    const output = execFileSync('sh', ['-c', script], {
      cwd: scratch.directory,
      env: scratch.env,
      encoding: 'utf8',
      timeout: 60_000,
    });
    const answers = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.length).toBe(10);
    const ids = new Set(answers.filter((answer) => answer.ok).map((answer) => answer.data.runId));
    expect(ids.size).toBe(1);
    const runs = JSON.parse(scratch.cli(['runs', '--json']).stdout).data.runs;
    expect(runs.length).toBe(1);
  }, 90_000);
});

describe('approval', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await createScratch();
    scratch.release({ version: '1.0.0' });
  });
  afterEach(() => scratch.close(), 60_000);

  it('production asks a person by default, and an unknown client cannot answer for one', async () => {
    scratch.writeConfig({ approval: '{ how: client-dialog }' });
    scratch.git('commit', '--all', '--quiet', '--message', 'chore: strict');
    const session = await scratch.connect('some-agent');
    const plan = await session.call('rollout_plan', { version: '1.0.0' });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    const refused = await session.call('rollout_approve', { scope: 'start', plan_id: planId });
    expect(refused.isError && refused.text).toMatch(/APPROVAL_NOT_ACCEPTED[\s\S]*seatrial approve/);
    const started = await session.call('rollout_start', { plan_id: planId });
    expect(started.isError && started.text).toMatch(/APPROVAL_REQUIRED/);
    expect(scratch.cli(['ship', '1.0.0', '--yes'])).toMatchObject({ code: 5 });
    expect(scratch.cli(['approve', planId])).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/no person is at this terminal/),
    });
    expect(scratch.processes().filter(({ command }) => command.includes('supervise'))).toEqual([]);
  }, 60_000);

  it('what the dialog shows must be what the plan says, and a changed world needs a new plan', async () => {
    const session = await scratch.connect();
    const plan = await session.call('rollout_plan', { version: '1.0.0' });
    const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
    const lie = await session.call('rollout_approve', { scope: 'start', plan_id: planId, version: '0.9.0' });
    expect(lie.isError && lie.text).toMatch(/version was given as "0.9.0", but the plan has "1.0.0"/);
    expect((await session.call('rollout_approve', { scope: 'start', plan_id: planId })).isError).toBe(false);
    scratch.writeConfig({ strategy: '{ kind: canary, steps: [{ weight: 100%, bake: 2s }] }' });
    const changed = await session.call('rollout_start', { plan_id: planId });
    expect(changed.isError && changed.text).toMatch(/PLAN_CHANGED[\s\S]*the configuration/);
  }, 60_000);

  it('an approval is used once, and a tag that moves makes another plan', async () => {
    const session = await scratch.connect();
    const planId =
      /planId: ([0-9a-f]{64})/.exec((await session.call('rollout_plan', { version: '1.0.0' })).text)?.[1] ?? '';
    await session.call('rollout_approve', { scope: 'start', plan_id: planId });
    writeFileSync(join(scratch.directory, 'release.json'), '{"version":"1.0.0","failRatio":0.9}');
    scratch.git('commit', '--all', '--quiet', '--message', 'feat: sneaked in');
    scratch.git('tag', '--force', 'v1.0.0');
    const moved = await session.call('rollout_start', { plan_id: planId });
    expect(moved.isError && moved.text).toMatch(/PLAN_CHANGED[\s\S]*the commit/);
  }, 60_000);
});

describe('deaths in mid-canary', () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await createScratch();
    scratch.writeConfig({
      approval: '{ how: none }',
      strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 25%, bake: 12s }, { weight: 100%, bake: 1s }] }',
    });
    scratch.release({ version: '1.0.0' });
    scratch.release({ version: '2.0.0' });
    expect(scratch.cli(['ship', '1.0.0', '--strategy', 'direct', '--yes']).code).toBe(0);
  }, 60_000);
  afterEach(() => scratch.close(), 60_000);

  const startCanary = async (): Promise<string> => {
    const plan = JSON.parse(scratch.cli(['plan', '2.0.0', '--json']).stdout).data.planId;
    const { runId } = JSON.parse(scratch.cli(['start', plan, '--json']).stdout).data;
    for (let turn = 0; turn < 100 && !scratch.journal(runId).includes('"stepId":"03-set-weight-25"'); turn++)
      await sleep(100);
    return runId;
  };
  const pidsOf = (word: string): number[] =>
    scratch
      .processes()
      .filter(({ command }) => command.includes(` ${word} `))
      .map(({ pid }) => pid);
  const outcomeOf = async (runId: string): Promise<string> => {
    for (let turn = 0; turn < 120; turn++) {
      const { record } = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data;
      if (record.status === 'ended') return record.outcome;
      await sleep(250);
    }
    throw new Error('the run did not end');
  };

  it('the supervisor is killed: the watchdog takes users back and the run says so', async () => {
    const clients = await scratch.startClients();
    const runId = await startCanary();
    for (const pid of pidsOf('supervise')) process.kill(pid, 'SIGKILL');
    expect(await outcomeOf(runId)).toBe('rolled_back');
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    for (let turn = 0; turn < 20; turn++)
      expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('1.0.0');
    expect(scratch.journal(runId)).toContain('"trigger":"owner-lost"');
  }, 90_000);

  it('supervisor and watchdog are killed: the next look at the run starts the way back', async () => {
    const runId = await startCanary();
    for (const pid of [...pidsOf('watchdog'), ...pidsOf('supervise')]) process.kill(pid, 'SIGKILL');
    await sleep(500);
    expect(scratch.cli(['status', runId]).stdout).toMatch(/Nobody attends to this run/);
    expect(await outcomeOf(runId)).toBe('rolled_back');
    for (let turn = 0; turn < 20; turn++)
      expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('1.0.0');
  }, 90_000);

  it('the supervisor is stopped: the watchdog ends it and takes users back', async () => {
    const clients = await scratch.startClients(50);
    const runId = await startCanary();
    expect(pidsOf('supervise').length).toBe(1);
    for (const pid of pidsOf('supervise')) process.kill(pid, 'SIGSTOP');
    expect(await outcomeOf(runId)).toBe('rolled_back');
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    for (let turn = 0; turn < 20; turn++)
      expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('1.0.0');
  }, 120_000);

  it('the host is killed: routing and instances come back, and the run ends on stable', async () => {
    const clients = await scratch.startClients(100);
    const runId = await startCanary();
    for (const pid of pidsOf('host-daemon')) process.kill(pid, 'SIGKILL');
    expect(await outcomeOf(runId)).toBe('succeeded');
    // While the host was away nobody could be answered; what was answered came once.
    expect(await clients.stop()).toMatchObject({ duplicated: 0 });
    expect((await fetch(`${scratch.url}/health`)).status).toBe(200);
  }, 120_000);
});
