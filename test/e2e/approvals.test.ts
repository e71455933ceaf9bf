import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordProof } from '../faults/record-proof.ts';
import { bundle, createScratch, type Scratch, sleep } from './scratch-project.ts';
import { atTerminal, type Dialogue } from './terminal.ts';

vi.setConfig({ testTimeout: 240_000 });

let scratch: Scratch;
let key: string;
let bare: string;
let tried = 0;
let wrong = 0;
const phrase = 'a phrase of grace';

beforeAll(async () => {
  scratch = await createScratch();
  const base = dirname(scratch.directory);
  [key, bare] = [join(base, 'grace'), join(base, 'bare')];
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', phrase, '-f', key]);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', bare]);
  scratch.writeConfig({ approval: '{ how: signature }' });
  scratch.release({ version: '1.0.0' });
}, 60_000);

afterAll(async () => {
  recordProof({
    promise: 'forgeries',
    what: 'a pseudo-terminal, a held key and a written request against a real run that wants signatures: none starts it or lets it go on',
    tried,
    wrong,
    seed: null,
  });
  await scratch.close();
}, 120_000);

function atTty(args: string[], dialogue: Dialogue, env: Record<string, string> = {}) {
  return atTerminal([process.execPath, bundle, ...args], {
    cwd: scratch.directory,
    env: { ...scratch.env, ...env },
    dialogue,
  });
}

function plan(version: string): string {
  const answer = scratch.cli(['plan', version, '--json']);
  return JSON.parse(answer.stdout).data.planId;
}

const typeCode: Dialogue = [{ when: /type ([0-9A-F]{6});/, type: (match) => match[1] ?? '' }];
const typePhrase: Dialogue = [{ when: /Enter passphrase/, type: phrase }];
const forged = (failed: boolean): void => {
  tried += 1;
  if (!failed) wrong += 1;
};

describe('approvers', () => {
  it('are enrolled by a person who types a code, and it is recorded', async () => {
    const list = join(scratch.env['HOME'] ?? '', '.config', 'seatrial', 'allowed_signers');
    const add = ['approvers', 'add', 'grace', '--key', `${key}.pub`, '--kind', 'passphrase', '--account', 'none'];
    expect(scratch.cli(add).stderr).toContain('no person is at this terminal');
    const mistyped = await atTty(add, [{ when: /anything else stops/, type: '000000' }]);
    expect([mistyped.code, existsSync(list)]).toEqual([5, false]);
    const added = await atTty(add, typeCode);
    expect([added.code, added.text]).toEqual([0, expect.stringContaining('grace is enrolled (SHA256:')]);
    expect(readFileSync(list, 'utf8')).toMatch(
      /^grace namespaces="seatrial-approval-v1" ssh-ed25519 \S+ kind=passphrase/,
    );
    const open = await atTty(['approvers', 'add', 'eve', '--key', `${bare}.pub`, '--kind', 'passphrase'], typeCode);
    expect([open.code, open.text]).toEqual([5, expect.stringContaining('it has no passphrase')]);
    const twice = await atTty(['approvers', 'add', 'eve', '--key', `${key}.pub`, '--kind', 'passphrase'], typeCode);
    expect(twice.text).toContain('enrolled for grace already');
    const log = readFileSync(join(dirname(list), 'approvers.log'), 'utf8')
      .trim()
      .split('\n');
    expect(log.map((line) => JSON.parse(line).action)).toEqual(['add']);
    expect(scratch.cli(['approvers', 'list']).stdout).toContain('an agent with a shell of this account can too');
  });
});

describe('a plan that wants a signature', () => {
  it('is not approved by whoever imitates a terminal, nor by a key that an agent holds', async () => {
    const planId = plan('1.0.0');
    const typed = await atTty(['approve', planId, '--code', planId.slice(0, 6)], []);
    forged(typed.code === 5);
    expect(typed.text).toContain('can be forged and does not count');
    const unlocked = await atTty(['approve', planId, '--sign', '--key', bare], []);
    forged(unlocked.code === 5);
    expect(unlocked.text).toContain('it is enrolled for nobody');
    // A held key signs for every program, and seatrial does not go there.
    const socket = join(dirname(key), 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    for (let turn = 0; turn < 100 && !existsSync(socket); turn++) await sleep(50);
    const askPass = join(dirname(key), 'answer');
    writeFileSync(askPass, `#!/bin/sh\necho '${phrase}'\n`, { mode: 0o755 });
    const env = { SSH_AUTH_SOCK: socket, SSH_ASKPASS: askPass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' };
    execFileSync('ssh-add', [key], { env: { ...scratch.env, ...env }, stdio: 'ignore' });
    const held = await atTty(['approve', planId, '--sign', '--key', key], [{ when: /passphrase/, type: 'no' }], env);
    agent.kill();
    forged(held.code === 5);
    expect(held.text).toContain('ssh-keygen made no signature');
    expect(scratch.cli(['start', planId]).code).toBe(5);
  });

  it('starts once a person has signed it, and the approval is used up before the first step', async () => {
    const planId = plan('1.0.0');
    const approved = await atTty(['approve', planId, '--sign', '--key', key], typePhrase);
    expect([approved.code, approved.text]).toEqual([0, expect.stringContaining('Approved by grace (signature)')]);
    expect(approved.text).toContain('- target.command: ');
    const started = JSON.parse(scratch.cli(['start', planId, '--json']).stdout).data;
    const record = await ended(started.runId);
    expect(record.outcome).toBe('succeeded');
    const types = eventsOf(started.runId).map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['run_started', 'owner_acquired', 'approval_consumed']);
    expect(types.indexOf('approval_consumed')).toBeLessThan(types.indexOf('step_started'));
    const report = JSON.parse(scratch.cli(['report', started.runId, '--json']).stdout).data;
    expect(readFileSync(report.path, 'utf8')).toContain('**Approval used**: a signature of grace (key SHA256:');
  });

  it('waits at a gate for a signature for that step; a request without one is answered and left out', async () => {
    scratch.writeConfig({
      approval: '{ how: signature }',
      strategy: '{ kind: canary, maxBake: 2s, steps: [{ weight: 25%, bake: 1s }, { weight: 100%, bake: 1s }] }',
    });
    scratch.release({ version: '1.1.0' });
    const planId = plan('1.1.0');
    await atTty(['approve', planId, '--sign', '--key', key], typePhrase);
    const { runId } = JSON.parse(scratch.cli(['start', planId, '--json']).stdout).data;
    await until(() => eventsOf(runId).some(({ type }) => type === 'held'));
    const inbox = join(folderOf(runId), 'inbox');
    mkdirSync(inbox, { recursive: true });
    const request = { requestId: 'forged', action: 'promote', by: 'grace (signature)', reason: null, atMs: 1 };
    writeFileSync(join(inbox, '01m8qaz8rr2dhnb6g5qkahhay9.json'), JSON.stringify(request));
    await until(() => eventsOf(runId).some(({ type }) => type === 'control'));
    const [answer] = eventsOf(runId).filter(({ type }) => type === 'control');
    forged(answer?.data['accepted'] === false);
    expect(answer?.data).toMatchObject({
      accepted: false,
      answer: expect.stringMatching(/^not approved: .*signature, for promote:/),
    });
    expect(scratch.cli(['promote', runId]).stderr).toContain(
      `seatrial approve --scope promote --run-id ${runId} --sign`,
    );
    const promoted = await atTty(
      ['approve', '--scope', 'promote', '--run-id', runId, '--sign', '--key', key],
      typePhrase,
    );
    expect(promoted.text).toContain('promote, approved by grace (signature)');
    await until(() => eventsOf(runId).some(({ type, data }) => type === 'control' && data['accepted'] === true));
    scratch.cli(['abort', runId]);
    expect((await ended(runId)).outcome).toBe('aborted');
  });
});

describe('a gate that blocks', () => {
  it('is passed only by people who broke the glass for this plan, with a reason, and all is told', async () => {
    scratch.writeConfig({ approval: '{ how: terminal }', extra: '    judge: { mustPass: [] }' });
    const config = readFileSync(join(scratch.directory, 'seatrial.yaml'), 'utf8');
    writeFileSync(
      join(scratch.directory, 'seatrial.yaml'),
      config.replace('minFreeDisk: 50MiB', 'minFreeDisk: 900000GiB'),
    );
    scratch.release({ version: '1.2.0' });
    const blocked = plan('1.2.0');
    await atTty(['approve', blocked], typeCode);
    const stopped = JSON.parse(scratch.cli(['start', blocked, '--json']).stdout).data;
    expect(await ended(stopped.runId)).toMatchObject({ outcome: 'failed', error: { code: 'PREFLIGHT_BLOCKED' } });

    const planId = plan('1.2.0');
    const glass = ['approve', planId, '--scope', 'break-glass:disk-space'];
    expect((await atTty(glass, typeCode)).text).toContain('nobody says why the gate disk-space may be passed');
    expect((await atTty(['approve', planId, '--scope', 'break-glass:all', '--reason', 'x'], typeCode)).text).toContain(
      'there is no gate "all"',
    );
    expect(scratch.cli([...glass, '--reason', 'outage 42']).code).toBe(5);
    const broken = await atTty([...glass, '--reason', 'outage 42'], typeCode);
    expect(broken.text).toContain('BREAK THE GLASS: START ALTHOUGH THE GATE disk-space BLOCKS');
    expect(scratch.cli(['start', planId]).stderr).toContain('APPROVAL_REQUIRED');
    await atTty(['approve', planId], typeCode);
    const { runId } = JSON.parse(scratch.cli(['start', planId, '--json']).stdout).data;
    await ended(runId);
    const [override] = eventsOf(runId).filter(({ type }) => type === 'gate_overridden');
    expect(override?.data).toMatchObject({ gate: 'disk-space', reason: 'outage 42', status: 'failed' });
    const types = eventsOf(runId).map(({ type }) => type);
    expect(types.indexOf('gate_overridden')).toBeLessThan(types.indexOf('step_started'));
    const report = JSON.parse(scratch.cli(['report', runId, '--json']).stdout).data;
    const text = readFileSync(report.path, 'utf8');
    expect(text).toMatch(/Overridden gate: Enough disk space: FAIL/);
    expect(text).toContain('[overridden-gate]');
  });
});

type Line = { type: string; data: Record<string, unknown> };

function folderOf(runId: string): string {
  const projects = join(scratch.stateHome, 'projects');
  const [project = ''] = execFileSync('ls', [projects], { encoding: 'utf8' }).trim().split('\n');
  return join(projects, project, 'runs', runId);
}

function eventsOf(runId: string): Line[] {
  return scratch
    .journal(runId)
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line));
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    if (holds()) return;
    await sleep(200);
  }
  throw new Error('it did not come about within a minute');
}

async function ended(runId: string): Promise<{ outcome: string; error: { code: string } | null }> {
  const isEnd = ({ type }: Line): boolean => type === 'run_ended';
  await until(() => eventsOf(runId).some(isEnd));
  // The owner writes its memory down and lets go of the target.
  for (let turn = 0; turn < 150 && scratch.processes().some(({ command }) => command.includes('supervise')); turn++)
    await sleep(200);
  return eventsOf(runId).findLast(isEnd)?.data as { outcome: string; error: { code: string } | null };
}
