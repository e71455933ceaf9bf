import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { exitCode } from '../../src/model/error-catalogue.ts';
import { createDoorWorld } from '../fixtures/door-operations.ts';
import { runId } from '../fixtures/door-record.ts';
import { createMemoryIo, type MemoryIoOptions } from './memory-io.ts';

async function run(
  commandLine: string,
  options: MemoryIoOptions & { world?: ReturnType<typeof createDoorWorld> } = {},
) {
  const world = options.world ?? createDoorWorld();
  const io = createMemoryIo(options);
  const code = await runCli(commandLine === '' ? [] : commandLine.split(' '), {
    io,
    version: '9.8.7',
    operations: world.operations,
  });
  return { code, out: io.out.join(''), err: io.errors.join(''), world, io };
}

describe('a command of an operation', () => {
  it('takes positionals and flags named after the fields, and prints the text', async () => {
    const { code, out, err, world } = await run('plan 1.4.0 --environment production --strategy canary');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toBe(`plan ${'ab'.repeat(32)}\n`);
    expect(world.calls[0]?.input).toEqual({ version: '1.4.0', environment: 'production', strategy: 'canary' });
    expect(world.calls[0]?.context.caller).toEqual({ door: 'cli', name: 'ada', client: null, interactive: false });
  });

  it('knows --env, numbers, switches that are on, lists, and commands of two words', async () => {
    expect((await run('preflight 1.4.0 --env staging')).world.calls[0]?.input).toEqual({
      version: '1.4.0',
      environment: 'staging',
    });
    expect((await run('status --wait-s 5')).world.calls[0]?.input).toEqual({ wait_s: 5 });
    expect((await run('host up')).world.calls[0]?.input).toEqual({ force: false, wait: true });
    expect((await run('host up --force --no-wait')).world.calls[0]?.input).toEqual({ force: true, wait: false });
    expect((await run('explain a b')).world.calls[0]?.input).toEqual({ key: ['a', 'b'] });
  });

  it.each(['--project /other status', 'status --project /other', 'status --project ../../other'])(
    'looks where --project says: %s',
    async (line) => {
      expect((await run(line)).world.calls[0]?.context.projectDirectory).toBe('/other');
    },
  );

  it('prints one JSON object with --json, before or after the command', async () => {
    for (const line of ['control abort --json', '--json control abort']) {
      const { code, out, err } = await run(line);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out.trim().split('\n')).toHaveLength(1);
      expect(JSON.parse(out)).toEqual({ ok: true, data: { action: 'abort' } });
    }
  });

  it('strips control characters of what it prints', async () => {
    expect((await run('control abort')).out).toBe('red abort accepted\n');
  });

  it('gives the exit code of an answer that is no success, and says so in JSON', async () => {
    const world = createDoorWorld();
    world.preflightExitCode = exitCode.gate;
    const { code, out } = await run('preflight 1.4.0 --json', { world });
    expect(code).toBe(4);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      error: { code: 'GATE', message: 'pre-flight: 12 passed', remedy: 'See data.' },
      data: { failed: [] },
    });
  });

  it('prints the summary of the demo itself as the last line of --json', async () => {
    const { out, err } = await run('demo --json');
    expect(JSON.parse(out.trim().split('\n').at(-1) ?? '')).toEqual({
      runs: [{ version: '3.0.0', outcome: 'rolled_back' }],
      learnings: 1,
    });
    expect(err).toContain('building the shop');
    expect(err).toContain('run started: shop 1.4.0 to production');
  });
});

describe('what is wrong', () => {
  it('is on stderr with its code and what to do', async () => {
    const { code, out, err } = await run('start unknown');
    expect({ code, out }).toEqual({ code: exitCode.notFound, out: '' });
    expect(err).toBe(
      'error PLAN_UNKNOWN: There is no plan unknown.\ndo: Make one with rollout_plan (or `seatrial plan`) and use the planId that it prints.\n',
    );
  });

  it('is one object on stdout with --json', async () => {
    const { code, out, err } = await run('start unknown --json');
    expect({ code, err }).toEqual({ code: exitCode.notFound, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      error: { code: 'PLAN_UNKNOWN', message: 'There is no plan unknown.' },
    });
  });

  it.each([
    { line: 'shp 1.4.0', says: /unknown command 'shp' \(Did you mean ship\?\)/ },
    { line: 'plan 1.4.0 --strategi canary', says: /unknown option '--strategi' \(Did you mean --strategy\?\)/ },
    { line: 'plan', says: /missing required argument 'version'/ },
    { line: 'plan 1.4.0 extra', says: /too many arguments/ },
    {
      line: 'plan 1.4.0 --strategy canry',
      says: /--strategy is "canry"; allowed: direct, canary, blue-green, rolling\. Did you mean canary\?/,
    },
    {
      line: 'control abrt',
      says: /<action> is "abrt"; allowed: pause, resume, promote, abort, rollback\. Did you mean abort\?/,
    },
    { line: 'status --wait-s soon', says: /--wait-s is "soon": Invalid input: expected number/ },
    { line: 'status --wait-s 99', says: /--wait-s is 99: Too big: expected number to be <=60\./ },
    { line: 'ship', says: /missing required argument 'version'/ },
    { line: 'ship 1.4.0 --strategy canry --dry-run', says: /--strategy is "canry"; allowed/ },
  ])('is a usage error with a hint: $line', async ({ line, says }) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: exitCode.usage, out: '' });
    expect(err).toMatch(/^error (USAGE|INPUT_INVALID): /);
    expect(err).toMatch(/\ndo: /);
    expect(err).toMatch(says);
    const asJson = await run(`${line} --json`);
    expect(JSON.parse(asJson.out)).toMatchObject({ ok: false, error: { remedy: expect.any(String) } });
  });

  it('is a defect when something unforeseen is thrown', async () => {
    const world = createDoorWorld();
    world.onSmoke = async () => {
      throw new TypeError('undefined is not a function');
    };
    const { code, err } = await run('smoke', { world });
    expect(code).toBe(exitCode.internal);
    expect(err).toContain('error INTERNAL: Unexpected: undefined is not a function');
  });

  it('is coloured only on a terminal without NO_COLOR', async () => {
    expect((await run('start unknown', { isTty: true })).err).toContain('\u001b[31m');
    expect((await run('start unknown', { isTty: true, environment: { NO_COLOR: '1' } })).err).not.toContain('\u001b');
    expect((await run('start unknown')).err).not.toContain('\u001b');
  });
});

describe('help', () => {
  it('lists commands, examples and exit codes', async () => {
    const { code, out } = await run('--help', { columns: 120 });
    expect(code).toBe(0);
    for (const text of [
      'ship ',
      'plan ',
      'Title of rollout_plan',
      'Examples:',
      'seatrial ship 1.4.0 --dry-run',
      'Exit codes:',
      '20  the run ended as rolled_back',
      '30  Ctrl-C left the view',
    ]) {
      expect(out).toContain(text);
    }
    for (const value of Object.values(exitCode)) expect(out).toMatch(new RegExp(`^ +${value}  \\S`, 'm'));
  });

  it('describes flags, choices and defaults of a command', async () => {
    const { out } = await run('plan --help', { columns: 160 });
    expect(out).toContain('--env, --environment <name>');
    expect(out).toContain('(direct | canary | blue-green | rolling)');
    expect(out).toContain('seatrial plan 1.4.0 --env production');
    expect((await run('status --help', { columns: 160 })).out).toContain('(default: 0)');
  });

  it('comes instead of an error when nothing is asked, with a usage exit code', async () => {
    const { code, err } = await run('');
    expect(code).toBe(exitCode.usage);
    expect(err).toContain('Usage: seatrial');
  });

  it('prints the version', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: '9.8.7\n' });
  });
});

describe('following a run', () => {
  it('prints a line for each change and ends with the exit code of the outcome', async () => {
    const { code, out } = await run('status --follow');
    expect(code).toBe(0);
    expect(out).toContain('10:00:01Z start 2 × 1.4.0 and wait until healthy …');
    expect(out).toContain('SUCCEEDED: live answers come from 1.4.0\nreport: .seatrial/reports/r.md');
    expect(out.match(/run started/g)).toHaveLength(1);
  });

  it('stays with the run that it began with', async () => {
    const { world } = await run('status --follow');
    expect(world.calls.map((call) => call.input['run_id'])).toEqual([undefined, runId, runId]);
  });

  it('leaves the run alone at Ctrl-C, says how to go on, and exits with 30', async () => {
    const world = createDoorWorld();
    world.records.pop();
    const io = createMemoryIo();
    const pending = runCli(['start', 'abc', '--follow'], { io, version: '1', operations: world.operations });
    await expect.poll(() => world.calls.some((call) => call.name === 'rollout_status')).toBe(true);
    io.interrupt();
    expect(await pending).toBe(exitCode.detached);
    expect(io.out.join('')).toContain(
      `Detached. Run ${runId} goes on without this terminal.\n  follow it: seatrial status ${runId} --follow\n  stop it:   seatrial control abort ${runId}\n`,
    );
    expect(world.calls.filter((call) => call.name === 'rollout_control')).toEqual([]);
    expect(world.calls.every((call) => !call.context.signal.aborted)).toBe(true);
  });

  it('cancels through the signal at Ctrl-C what is no run', async () => {
    const world = createDoorWorld();
    world.onSmoke = (context) =>
      new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('stopped'))));
    const io = createMemoryIo();
    const pending = runCli(['smoke'], { io, version: '1', operations: world.operations });
    await expect.poll(() => world.calls.length).toBe(1);
    io.interrupt();
    expect(await pending).toBe(exitCode.aborted);
    expect(io.errors.join('')).toContain('error CANCELLED: The command was cancelled.');
  });
});

describe('approve', () => {
  it('hands the person at an interactive terminal on to the operation, and nobody elsewhere', async () => {
    const typed = await run('approve abc', { isInteractive: true, answers: ['abababab'] });
    expect(typed.world.calls[0]?.input).toEqual({ plan_id: 'abc', scope: 'start' });
    const person = typed.world.calls[0]?.context.person;
    person?.show('read \u001b[31mthis');
    expect(typed.io.out.join('')).toContain('read this\n');
    expect(await person?.ask('code? ')).toBe('abababab');
    expect(typed.io.asked).toEqual(['code? ']);
    const given = await run('approve abc --code abababab');
    expect(given.io.asked).toEqual([]);
    expect(given.world.calls[0]?.context.person).toBeUndefined();
    expect(given.world.calls[0]?.input['code']).toBe('abababab');
  });

  it('shows it on standard error where standard output is for machines', async () => {
    const { world, io } = await run('approve abc --json', { isInteractive: true });
    const before = io.out.length;
    world.calls[0]?.context.person?.show('the screen');
    expect(io.out).toHaveLength(before);
    expect(io.errors.join('')).toContain('the screen');
  });
});
