import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answers, createScratch, type Scratch, sleep } from './scratch-project.ts';

/** What the people do who look after a project: stop and thaw, ask the doctor, open a lock, run in ci. */
let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
}, 30_000);
afterEach(async () => {
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 120_000);

const shownCode: Answers[number] = [/Type \w{6} to go on/, (output) => /Type (\w{6}) to go on/.exec(output)?.[1] ?? ''];
const statusOf = (): { status: string; outcome: string | null; holds: Array<{ trigger: string }> } =>
  JSON.parse(scratch.cli(['status', '--json']).stdout).data.record;

async function untilStatus(wanted: (status: ReturnType<typeof statusOf>) => boolean): Promise<void> {
  for (const end = performance.now() + 240_000; performance.now() < end; await sleep(250))
    if (wanted(statusOf())) return;
  throw new Error(`it is ${JSON.stringify(statusOf().status)}`);
}

describe('an emergency stop', () => {
  it('holds the run that goes on, lets nothing new begin, and is ended by a person only', async () => {
    const strategy = '{ kind: canary, maxBake: 10m, steps: [{ weight: 25%, bake: 6s }, { weight: 100%, bake: 1s }] }';
    const metrics = '{ source: prober, path: /health, rate: 50/s }';
    scratch.writeConfig({ approval: '{ how: none }', strategy, metrics });
    scratch.release({ version: '1.0.0' });
    expect(scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 240_000 }).code).toBe(0);
    scratch.release({ version: '2.0.0' });
    const { planId } = JSON.parse(scratch.cli(['plan', '2.0.0', '--json']).stdout).data;
    expect(scratch.cli(['start', planId]).code).toBe(0);
    const frozen = scratch.cli(['freeze', 'payments are down', '--env', 'production']);
    expect(frozen.stdout).toMatch(/production: stopped by .*until a person thaws it: payments are down/);
    await untilStatus(({ status }) => status === 'held');
    expect(scratch.cli(['status']).stdout).toMatch(
      /Emergency stop, production: stopped by .*payments are down[\s\S]*nobody lets it past before that/,
    );
    expect(scratch.cli(['doctor']).stdout).toMatch(/attention +stops +production: stopped by/);
    expect(scratch.cli(['thaw'])).toMatchObject({ code: 5, stderr: expect.stringContaining('PERSON_NEEDED') });
    expect(scratch.cli(['freeze', 'no, go on', '--until', '1s']).code).toBe(0);
    await sleep(3000);
    expect(statusOf().status).toBe('held');
    const thawed = await scratch.onTerminal(['thaw'], [shownCode]);
    expect(thawed.output).toMatch(/Ended: production: stopped by .*payments are down/);
    await untilStatus(({ status }) => status === 'ended');
    expect(statusOf()).toMatchObject({ outcome: 'succeeded' });
    expect(statusOf().holds.map(({ trigger }) => trigger)).toContain('freeze');
    scratch.cli(['freeze', 'for the night']);
    scratch.release({ version: '3.0.0' });
    const refused = scratch.cli(['plan', '3.0.0']);
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/EMERGENCY_STOP.*for the night[\s\S]*seatrial thaw/),
    });
    expect(scratch.cli(['preflight', '3.0.0', '--gate', 'freeze'])).toMatchObject({ code: 4 });
    expect(scratch.cli(['rollback', '--follow'], { timeoutMs: 240_000 }).stdout).toMatch(/SUCCEEDED: 1\.0\.0/);
  }, 900_000);
});

describe('a lock that a dead owner left behind', () => {
  it('is opened by a person who says why, and the next run tells of it', async () => {
    scratch.writeConfig({ approval: '{ how: none }', metrics: '{ source: prober, path: /health, rate: 50/s }' });
    scratch.release({ version: '1.0.0' });
    expect(scratch.cli(['unlock', '--force', '--reason', 'why not']).code).toBe(0);
    expect(scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 240_000 }).code).toBe(0);
    const locks = join(scratch.stateHome, 'locks');
    const place = join(locks, readdirSync(locks)[0] ?? '');
    const generation = readdirSync(place).filter((name) => /^g-/.test(name)).length + 1;
    const identity = { pid: 4_000_000, start: '1', boot: 'another' };
    const holder = { v: 1, generation, runId: '01aaaaaaaaaaaaaaaaaaaaaaaa', identity, sinceMs: Date.now() };
    writeFileSync(join(place, `g-${generation}.json`), JSON.stringify(holder));
    scratch.release({ version: '2.0.0' });
    expect(scratch.cli(['plan', '2.0.0']).stderr).toMatch(/RUN_ACTIVE/);
    expect(scratch.cli(['doctor']).stdout).toMatch(/attention +locks .*01a{24}.*is dead/);
    expect(scratch.cli(['unlock', '--reason', 'its project is gone']).stderr).toMatch(
      /LOCK_NOT_OPENED.*gives that run up/,
    );
    const force = ['unlock', '--force', '--reason', 'its project is gone'];
    expect(scratch.cli([...force, '--code', 'ABCDEF'])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('PERSON_NEEDED'),
    });
    const opened = await scratch.onTerminal(force, [shownCode]);
    expect(opened.output).toMatch(/Opened: the lock of production/);
    const ship = ['ship', '2.0.0', '--yes', '--strategy', 'direct', '--json'];
    const ran = scratch.cli(ship, { timeoutMs: 240_000 });
    expect(ran.code, `${ran.stdout}${ran.stderr}`).toBe(0);
    const shipped = JSON.parse(ran.stdout);
    expect(scratch.journal(shipped.data.runId)).toMatch(/LOCK_FORCED.*its project is gone/);
    expect(scratch.cli(['doctor']).stdout).toMatch(/ok +locks .*was opened by .*its project is gone/);
  }, 600_000);

  it('is not opened while its owner lives, whatever is typed', async () => {
    scratch.writeConfig({ approval: '{ how: none }', strategy: '{ kind: direct, bake: 10m }' });
    scratch.release({ version: '1.0.0' });
    const { planId } = JSON.parse(scratch.cli(['plan', '1.0.0', '--json']).stdout).data;
    expect(scratch.cli(['start', planId]).code).toBe(0);
    const tried = await scratch.onTerminal(['unlock', '--force', '--reason', 'I want to'], [[/Type/, 'ABCDEF']]);
    expect(tried.output).toMatch(/LOCK_NOT_OPENED.*its owner lives[\s\S]*seatrial abort/);
    expect(scratch.cli(['doctor']).stdout).toMatch(/ok +runs .*attended by pid \d+ and its watchdog/);
  }, 400_000);
});

describe('ci mode', () => {
  it('goes by the protected branch, names what it ignores, and runs no file that differs from it', () => {
    const extra =
      '    gates: { allowFriday: true, minFreeDisk: 50MiB, evidence: { tests: { command: [sh, check.sh] } } }';
    const text = (gates: string, approval: string): void => {
      scratch.writeConfig({ approval });
      const path = join(scratch.directory, 'seatrial.yaml');
      const plain = scratch.git('show', ':seatrial.yaml');
      writeFileSync(
        path,
        plain.replace(/ {4}gates: .*/, gates).replace(/ {4}approval: .*/, `    approval: ${approval}`),
      );
    };
    writeFileSync(join(scratch.directory, 'check.sh'), 'echo fine\n');
    scratch.git('add', '--all');
    text(extra, '{ how: terminal }');
    scratch.release({ version: '1.0.0' });
    scratch.git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    // A tag of that name must not pass for the branch.
    scratch.git('tag', 'origin/main', 'HEAD');
    const ci = (...args: string[]): ReturnType<Scratch['cli']> =>
      scratch.cli([...args, '--ci', '--base', 'origin/main'], { untrusted: true });
    expect(scratch.cli(['preflight', '1.0.0'], { untrusted: true }).stderr).toMatch(/NOT_TRUSTED/);
    expect(ci('preflight', '1.0.0', '--gate', 'tests').stdout).toMatch(
      /ci mode: configuration of origin\/main at [0-9a-f]{12}\n/,
    );
    text(extra.replace('check.sh', 'other.sh'), '{ how: none }');
    const ignoring = ci('preflight', '1.0.0', '--gate', 'tests');
    expect(ignoring.stdout).toMatch(
      /ignored of the working tree: production\.approval\.how, production\.gates\.evidence\.tests\.command/,
    );
    const planned = JSON.parse(ci('plan', '1.0.0', '--json').stdout || '{}');
    expect(planned.data?.approval ?? 'terminal').toBe('terminal');
    writeFileSync(join(scratch.directory, 'check.sh'), 'echo evil\n');
    expect(ci('preflight', '1.0.0')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/CI_MODE.*check\.sh.*not as in origin\/main/),
    });
    expect(scratch.cli(['preflight', '1.0.0', '--ci'], { untrusted: true }).stderr).toMatch(
      /CI_MODE.*names no branch[\s\S]*SEATRIAL_BASE/,
    );
    expect(scratch.cli(['preflight', '1.0.0', '--ci', '--base', 'origin/gone'], { untrusted: true }).stderr).toMatch(
      /CI_MODE.*no branch origin\/gone/,
    );
    expect(scratch.cli(['preflight', '1.0.0', '--base', 'x'], { untrusted: true }).stderr).toMatch(
      /--base goes with --ci/,
    );
  }, 400_000);
});
