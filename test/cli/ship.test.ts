import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { exitCode } from '../../src/model/error-catalogue.ts';
import { createDoorWorld, type DoorWorld, endedRecord } from '../fixtures/door-operations.ts';
import { createDoorRecord, runId } from '../fixtures/door-record.ts';
import { createMemoryIo, type MemoryIoOptions } from './memory-io.ts';

const planId = 'ab'.repeat(32);

async function ship(args: string, options: MemoryIoOptions & { change?: (world: DoorWorld) => void } = {}) {
  const world = createDoorWorld();
  options.change?.(world);
  const io = createMemoryIo(options);
  const code = await runCli(['ship', ...args.split(' ')], { io, version: '1', operations: world.operations });
  return {
    code,
    out: io.out.join(''),
    err: io.errors.join(''),
    names: world.calls.map((call) => call.name),
    world,
    io,
  };
}

describe('seatrial ship', () => {
  it('goes from pre-flight to report, each through its operation', async () => {
    const { code, names, out, world } = await ship('1.4.0 --env production --strategy canary --yes');
    expect(code).toBe(0);
    expect(names).toEqual([
      'preflight',
      'rollout_plan',
      'rollout_start',
      'rollout_status',
      'rollout_status',
      'deploy_report',
    ]);
    expect(world.calls[0]?.input).toEqual({ version: '1.4.0', environment: 'production' });
    expect(world.calls[1]?.input).toEqual({ version: '1.4.0', environment: 'production', strategy: 'canary' });
    expect(world.calls[2]?.input).toEqual({ plan_id: planId });
    expect(out.indexOf('pre-flight: 12 passed')).toBeLessThan(out.indexOf(`plan ${planId}`));
    expect(out).toMatch(/SUCCEEDED: live answers come from 1\.4\.0\nreport: \.seatrial\/reports\/r\.md\n$/);
  });

  it('ends a dry run after the plan', async () => {
    const { code, names, out, world } = await ship('1.4.0 --dry-run');
    expect(world.calls[1]?.input).toEqual({ version: '1.4.0', quiet: true });
    expect({ code, names }).toEqual({ code: 0, names: ['preflight', 'rollout_plan'] });
    expect(out).toContain('Dry run: nothing was started.');
  });

  it('stops where pre-flight is blocked', async () => {
    const { code, names } = await ship('1.4.0 --yes', {
      change: (world) => Object.assign(world, { preflightExitCode: exitCode.gate }),
    });
    expect({ code, names }).toEqual({ code: exitCode.gate, names: ['preflight'] });
  });

  it.each([
    { outcome: 'rolled_back', code: 20 },
    { outcome: 'failed', code: 21 },
    { outcome: 'aborted', code: 22 },
    { outcome: 'rollback_failed', code: 23 },
    { outcome: 'unverified', code: 24 },
  ] as const)('exits with $code when the run ends as $outcome, and is not ok', async ({ outcome, code }) => {
    const { code: actual, out } = await ship('1.4.0 --yes --json', {
      change: (world) => Object.assign(world, { records: [endedRecord(outcome, 'because')] }),
    });
    expect(actual).toBe(code);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      error: { code: outcome.toUpperCase(), message: 'because' },
      data: { runId, outcome, version: '1.4.0', environment: 'production', report: '.seatrial/reports/r.md' },
    });
  });

  it('prints one JSON object, and what people read on stderr', async () => {
    const { code, out, err } = await ship('1.4.0 --yes --json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ ok: true, data: { runId, outcome: 'succeeded' } });
    expect(err).toContain('pre-flight: 12 passed');
  });
});

describe('the approval of ship', () => {
  it('asks y/N where none is needed, and takes only a yes', async () => {
    expect(await ship('1.4.0', { isInteractive: true, answers: ['y'] })).toMatchObject({
      code: 0,
      names: expect.arrayContaining(['rollout_start']),
    });
    for (const answer of ['', 'n', 'yeah', null]) {
      const { code, names, err } = await ship('1.4.0', { isInteractive: true, answers: [answer] });
      expect(code).toBe(exitCode.aborted);
      expect(names).toEqual(['preflight', 'rollout_plan']);
      expect(err).toContain('error CANCELLED: The start was cancelled.');
    }
  });

  it('refuses to guess where nobody can answer', async () => {
    const { code, names, err } = await ship('1.4.0');
    expect({ code, names }).toEqual({ code: exitCode.approval, names: ['preflight', 'rollout_plan'] });
    expect(err).toContain('do: Add --yes, or run it in a terminal.');
  });

  const person = (approval: 'terminal' | 'client-dialog') => (world: DoorWorld) => Object.assign(world, { approval });

  it.each(['terminal', 'client-dialog'] as const)(
    'refuses --yes where a person must approve (%s)',
    async (approval) => {
      const { code, names, err } = await ship('1.4.0 --yes', {
        change: person(approval),
        isInteractive: true,
        answers: ['y'],
      });
      expect({ code, names }).toEqual({ code: exitCode.approval, names: ['preflight', 'rollout_plan'] });
      expect(err).toContain('error APPROVAL_REQUIRED');
      expect(err).toContain(`seatrial approve ${planId.slice(0, 12)} --scope start`);
    },
  );

  it('has the person type the code of the plan', async () => {
    const { code, names, world, io } = await ship('1.4.0', {
      change: person('terminal'),
      isInteractive: true,
      answers: ['ABABABAB'],
    });
    expect(code).toBe(0);
    expect(names.slice(0, 4)).toEqual(['preflight', 'rollout_plan', 'rollout_approve', 'rollout_start']);
    expect(world.calls[2]?.input).toEqual({ plan_id: planId, scope: 'start', code: 'abababab' });
    expect(io.asked[0]).toContain('abababab');
  });

  it('starts nothing on another code, a plain yes, or no terminal', async () => {
    for (const answers of [['y'], ['abababac']]) {
      const { code, names } = await ship('1.4.0', { change: person('terminal'), isInteractive: true, answers });
      expect({ code, names }).toEqual({ code: exitCode.approval, names: ['preflight', 'rollout_plan'] });
    }
    expect(await ship('1.4.0', { change: person('terminal') })).toMatchObject({ code: exitCode.approval });
  });

  it('detaches at Ctrl-C and leaves the run alone', async () => {
    const world = createDoorWorld();
    world.records = [createDoorRecord()];
    const io = createMemoryIo();
    const pending = runCli(['ship', '1.4.0', '--yes', '--json'], { io, version: '1', operations: world.operations });
    await expect.poll(() => world.calls.some((call) => call.name === 'rollout_status')).toBe(true);
    io.interrupt();
    expect(await pending).toBe(exitCode.detached);
    expect(JSON.parse(io.out.join(''))).toMatchObject({
      ok: false,
      error: { code: 'DETACHED' },
      data: { runId, detached: true },
    });
    expect(world.calls.filter((call) => call.name === 'rollout_control')).toEqual([]);
  });
});
