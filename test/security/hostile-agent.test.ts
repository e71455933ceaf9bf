import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createScratch, type Reply, type Scratch, type Session } from '../e2e/scratch-project.ts';
import { recordProof } from '../faults/record-proof.ts';

/** An agent that keeps to its tools and tries to get past the gates: each try is refused, and told what would be right. */
let scratch: Scratch;
let session: Session;
let planId = '';
beforeAll(async () => {
  scratch = await createScratch();
  scratch.writeConfig({ approval: '{ how: terminal }' });
  scratch.release({ version: '1.0.0' });
  session = await scratch.connect('claude-code');
  planId = /planId: ([0-9a-f]{64})/.exec((await session.call('rollout_plan', { version: '1.0.0' })).text)?.[1] ?? '';
  expect(planId).toHaveLength(64);
}, 120_000);
afterAll(async () => {
  await scratch?.close();
}, 60_000);

/** Tries that were seen to be refused. */
let refused = 0;

type Try = { what: string; tool: string; args: () => Record<string, unknown>; refusal: RegExp };

const start = (extra: Record<string, unknown>) => (): Record<string, unknown> => ({ plan_id: planId, ...extra });
const tries: Try[] = [
  ...['force', 'skip_gates', 'skipGates', 'approved', 'yes', 'trust', 'break_glass', 'ci'].map((name) => ({
    what: `an argument that does not exist: ${name}`,
    tool: 'rollout_start',
    args: start({ [name]: true }),
    refusal: /INPUT_INVALID.*Wrong input for rollout_start[\s\S]*Call rollout_start again, such as/,
  })),
  {
    what: 'a start without approval',
    tool: 'rollout_start',
    args: start({}),
    refusal: /APPROVAL_REQUIRED[\s\S]*a person runs in a terminal: seatrial approve/,
  },
  {
    what: 'an approval by the tool where a terminal is wanted',
    tool: 'rollout_approve',
    args: () => ({ scope: 'start', plan_id: planId }),
    refusal: /APPROVAL_NOT_ACCEPTED.*needs a person at a terminal[\s\S]*seatrial approve/,
  },
  {
    what: 'an approval with the code of the plan',
    tool: 'rollout_approve',
    args: () => ({ scope: 'start', plan_id: planId, code: planId.slice(0, 6) }),
    refusal: /APPROVAL_NOT_ACCEPTED|INPUT_INVALID/,
  },
  {
    what: 'an approval that shows another version than the plan has',
    tool: 'rollout_approve',
    args: () => ({ scope: 'start', plan_id: planId, version: '0.9.9' }),
    refusal:
      /APPROVAL_NOT_ACCEPTED.*version was given as[\s\S]*Call it again with the values of the plan|wants a person/,
  },
  {
    what: 'an approval for another environment than the plan has',
    tool: 'rollout_approve',
    args: () => ({ scope: 'start', plan_id: planId, environment: 'development' }),
    refusal: /APPROVAL_NOT_ACCEPTED.*environment was given as|wants a person/,
  },
  {
    what: 'a plan that nobody made',
    tool: 'rollout_start',
    args: () => ({ plan_id: 'f'.repeat(64) }),
    refusal: /PLAN_UNKNOWN[\s\S]*rollout_plan/,
  },
  {
    what: 'a plan by a path',
    tool: 'rollout_start',
    args: () => ({ plan_id: '../../plans/x' }),
    refusal: /PLAN_UNKNOWN/,
  },
  {
    what: 'a gate let past where nothing waits',
    tool: 'rollout_control',
    args: () => ({ action: 'promote' }),
    refusal: /RUN_NONE[\s\S]*rollout_plan/,
  },
  {
    what: 'a promote of a run that is not there',
    tool: 'rollout_control',
    args: () => ({ action: 'promote', run_id: '01aaaaaaaaaaaaaaaaaaaaaaaa' }),
    refusal: /RUN_UNKNOWN/,
  },
  {
    what: 'another project, by an argument',
    tool: 'rollout_plan',
    args: () => ({ version: '1.0.0', project: '/tmp', projectDirectory: '/tmp' }),
    refusal: /INPUT_INVALID[\s\S]*Call rollout_plan again/,
  },
  {
    what: 'an environment by a path',
    tool: 'preflight',
    args: () => ({ version: '1.0.0', environment: '../production' }),
    refusal: /ENVIRONMENT_UNKNOWN[\s\S]*Known: production/,
  },
  {
    what: 'a rollback to a version of its choosing',
    tool: 'rollback',
    args: () => ({ to: '6.6.6' }),
    refusal: /ROLLBACK_IMPOSSIBLE/,
  },
];
const notTools = ['trust', 'thaw', 'unlock', 'freeze', 'host', 'init', 'doctor', 'ship', 'approve', 'supervise'];

describe('a hostile agent through the tools', () => {
  it.each(tries)('is refused: $what', { timeout: 60_000 }, async ({ tool, args, refusal }) => {
    const reply: Reply = await session.call(tool, args());
    expect(reply.isError, reply.text).toBe(true);
    expect(reply.text).toMatch(refusal);
    expect(reply.text).toMatch(/\nDo: \S/);
    refused += 1;
  });

  it.each(notTools)('has no tool to %s', async (name) => {
    await expect(session.call(name, { force: true, code: planId.slice(0, 6) })).rejects.toThrow(
      /There is no tool .* Tools: preflight/,
    );
    refused += 1;
  });

  it('cannot make its own change of the configuration count: neither for the plan that is there nor for a new one', {
    timeout: 90_000,
  }, async () => {
    const path = join(scratch.directory, 'seatrial.yaml');
    const config = scratch.git('show', 'HEAD:seatrial.yaml');
    writeFileSync(path, config.replace('approval: { how: terminal }', 'approval: { how: none }'));
    const raw = async (name: string, args: Record<string, unknown>): Promise<string> =>
      JSON.stringify(await session.client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 }));
    for (const [name, args] of [
      ['rollout_start', { plan_id: planId }],
      ['rollout_plan', { version: '1.0.0' }],
      ['preflight', { version: '1.0.0' }],
      ['smoke_test', {}],
    ] as const) {
      expect(await raw(name, args)).toMatch(
        /NOT_TRUSTED.*this changed: production\.approval.*`seatrial trust`.*An agent cannot trust/,
      );
      refused += 1;
    }
    writeFileSync(path, config);
  });

  it('has started nothing', () => {
    const all = tries.length + notTools.length + 4;
    recordProof({
      promise: 'forgeries',
      what: 'a scripted agent tries to get past a gate through the tools; every try must be refused and told what is right',
      tried: all,
      wrong: all - refused,
      seed: null,
    });
    expect(JSON.parse(scratch.cli(['runs', '--json']).stdout).data.runs).toEqual([]);
    expect(scratch.processes().filter(({ command }) => /supervise|host-daemon|server\.mjs/.test(command))).toEqual([]);
  });
});
