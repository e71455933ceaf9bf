import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScratch, type Scratch, sleep } from './scratch-project.ts';

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
  scratch.writeConfig({ approval: '{ how: none }' });
}, 30_000);
afterEach(async () => {
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 60_000);

type Shipped = { outcome: string; runId: string };
const ship = (version: string, ...more: string[]): Shipped => {
  const result = scratch.cli(['ship', version, '--yes', '--json', ...more], { timeoutMs: 120_000 });
  const answer = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '{}');
  if (answer.data?.outcome === undefined) throw new Error(`${result.stdout}\n${result.stderr}`);
  return answer.data;
};
const reconfigure = (changes: Parameters<Scratch['writeConfig']>[0]): void => {
  scratch.writeConfig({ approval: '{ how: none }', ...changes });
  scratch.git('commit', '--all', '--quiet', '--message', 'chore: settings');
};
const servedVersion = async (): Promise<string | null> =>
  (await fetch(`${scratch.url}/health`)).headers.get('x-shop-version');

describe('strategies under load', () => {
  it('blue-green: cutover, standby, instant way back; nothing is lost', async () => {
    scratch.release({ version: '1.0.0' });
    expect(ship('1.0.0').outcome).toBe('succeeded');
    reconfigure({ strategy: '{ kind: blue-green, bake: 2s, standby: 10m, maxBake: 60s }' });
    scratch.release({ version: '2.0.0' });
    const clients = await scratch.startClients();
    await sleep(3000);
    expect(ship('2.0.0').outcome).toBe('succeeded');
    expect(scratch.cli(['host', 'status']).stdout).toMatch(/standby 1\.0\.0/);
    const back = scratch.cli(['rollback', '--reason', 'orders are missing', '--follow'], { timeoutMs: 60_000 });
    expect(back.code, back.stderr).toBe(0);
    expect(await servedVersion()).toBe('1.0.0');
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    const twice = scratch.cli(['rollback']);
    expect(twice.stderr).toMatch(/ROLLBACK_IMPOSSIBLE[\s\S]*already taken users back to 1\.0\.0/);
    expect(scratch.cli(['plan', '2.0.0']).stderr).toMatch(/REVISION_REFUSED/);
  }, 120_000);

  it('rolling: a person between the batches, then back in the middle; nothing is lost', async () => {
    scratch.release({ version: '1.0.0' });
    expect(ship('1.0.0').outcome).toBe('succeeded');
    reconfigure({ strategy: '{ kind: rolling, batch: 1, bake: 1s, finalBake: 1s, maxBake: 60s }' });
    scratch.release({ version: '2.0.0' });
    scratch.release({ version: '3.0.0' });
    const clients = await scratch.startClients();
    for (const [version, word, outcome] of [
      ['2.0.0', 'promote', 'succeeded'],
      ['3.0.0', 'abort', 'aborted'],
    ] as const) {
      const planned = JSON.parse(scratch.cli(['plan', version, '--json']).stdout).data.planId;
      const { runId } = JSON.parse(scratch.cli(['start', planned, '--json']).stdout).data;
      let record = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data.record;
      for (let turn = 0; turn < 120 && record.status === 'running'; turn++) {
        await sleep(250);
        record = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data.record;
      }
      expect(record.status, JSON.stringify(record.reason)).toBe('held');
      expect(record.holds.at(-1).gate).toBe('batch-1-of-2');
      expect(scratch.cli([word, runId]).code).toBe(0);
      for (let turn = 0; turn < 160 && record.status !== 'ended'; turn++) {
        await sleep(250);
        record = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data.record;
      }
      expect(record.outcome).toBe(outcome);
    }
    expect(await servedVersion()).toBe('2.0.0');
    expect(await clients.stop()).toMatchObject({ lost: 0, duplicated: 0 });
  }, 150_000);

  it('a service without users: the prober brings a good release through and a bad one back', async () => {
    const metrics = '{ source: prober, path: /products, rate: 60/s, timeout: 1s }';
    scratch.writeConfig({ approval: '{ how: none }', metrics });
    scratch.release({ version: '1.0.0' });
    expect(ship('1.0.0').outcome).toBe('succeeded');
    scratch.release({ version: '2.0.0' });
    expect(ship('2.0.0').outcome).toBe('succeeded');
    // The page that is probed fails, the health check does not.
    const server = `${scratch.directory}/server.mjs`;
    const broken = readFileSync(server, 'utf8').replace(/('\/products'\)\s*return answer\(response, )200/, '$1503');
    expect(broken).toContain('answer(response, 503');
    writeFileSync(server, broken);
    scratch.release({ version: '3.0.0' });
    const bad = ship('3.0.0');
    expect(bad.outcome).toBe('rolled_back');
    expect(await servedVersion()).toBe('2.0.0');
    const report = scratch.cli(['report', bad.runId, '--detail', 'full']).stdout;
    expect(report).toMatch(/\*\*Status\*\*: ROLLBACK/);
  }, 150_000);

  it('the way back works also when seatrial.yaml is broken in the middle', async () => {
    scratch.release({ version: '1.0.0' });
    expect(ship('1.0.0').outcome).toBe('succeeded');
    reconfigure({
      strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 50%, bake: 30s }, { weight: 100%, bake: 1s }] }',
    });
    scratch.release({ version: '2.0.0' });
    const planned = JSON.parse(scratch.cli(['plan', '2.0.0', '--json']).stdout).data.planId;
    const { runId } = JSON.parse(scratch.cli(['start', planned, '--json']).stdout).data;
    for (let turn = 0; turn < 100 && !scratch.journal(runId).includes('"stepId":"03-set-weight-50"'); turn++)
      await sleep(100);
    writeFileSync(join(scratch.directory, 'seatrial.yaml'), 'version: [\n');
    for (const { pid, command } of scratch.processes())
      if (command.includes(' supervise ')) process.kill(pid, 'SIGKILL');
    let record = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data.record;
    for (let turn = 0; turn < 120 && record.status !== 'ended'; turn++) {
      await sleep(250);
      record = JSON.parse(scratch.cli(['status', runId, '--json']).stdout).data.record;
    }
    expect(record.outcome).toBe('rolled_back');
    for (let turn = 0; turn < 20; turn++) expect(await servedVersion()).toBe('1.0.0');
  }, 90_000);
});

describe('a person at a terminal', () => {
  it('types the code of the plan: a wrong one starts nothing, the right one ships', async () => {
    scratch.writeConfig({ approval: '{ how: terminal }' });
    scratch.release({ version: '1.0.0' });
    const untrusted = await scratch.onTerminal(['ship', '1.0.0'], [[/Type \w{6} to go on/, 'NOPE12']]);
    expect(untrusted.output).toMatch(/It starts these programs[\s\S]*PERSON_NEEDED/);
    expect(untrusted.output).not.toContain('Checks:');
    const wrong = await scratch.onTerminal(
      ['ship', '1.0.0'],
      [
        [/Type \w{6} to go on/, (output) => /Type (\w{6}) to go on/.exec(output)?.[1] ?? ''],
        [/by typing its code[^\n]*anything else stops/, 'NOPE12'],
      ],
    );
    expect(wrong.output).toMatch(/Trusted: [\s\S]*Checks: [\s\S]*APPROVAL_NOT_ACCEPTED/);
    expect(scratch.processes()).toEqual([]);
    const planId = /planId: ([0-9a-f]{64})/.exec(scratch.cli(['plan', '1.0.0']).stdout)?.[1] ?? '';
    const right = await scratch.onTerminal(['ship', '1.0.0'], [[/anything else stops/, planId.slice(0, 6)]]);
    expect(right.output).toMatch(/SUCCEEDED/);
    expect(await servedVersion()).toBe('1.0.0');
    const session = await scratch.connect();
    const refused = await session.call('rollout_approve', { scope: 'start', plan_id: planId });
    expect(refused.isError && refused.text).toMatch(/needs a person at a terminal|PLAN_UNKNOWN/);
  }, 90_000);
});
