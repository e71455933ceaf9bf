import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scratch } from '../e2e/scratch-project.ts';
import { allowedTools, allowingHooks, toolPrefix, waysWithoutPerson } from './approval-ways.ts';
import { loadTools, planOf, tool } from './conversation.ts';
import { type ClientOptions, type ClientRun, clientProgram, pluginFolder, runClient } from './real-client.ts';
import { type Turn, toolResults } from './scripted-model.ts';
import { createShop } from './shop-with-users.ts';

const version = '1.0.0';
describe.skipIf(clientProgram === null)('approval in the real client', () => {
  let scratch: Scratch;
  let planId = '';

  beforeAll(async () => {
    scratch = await createShop([]);
    const session = await scratch.connect();
    planId = /planId: ([0-9a-f]{64})/.exec((await session.call('rollout_plan', { version })).text)?.[1] ?? '';
    await session.close();
  });

  afterAll(() => scratch?.close());

  const dialog = { scope: 'start', service: 'shop', version, environment: 'production', strategy: 'direct' };
  const approve: Turn[] = [
    loadTools,
    [tool('rollout_plan', { version })],
    (seen) => [tool('rollout_approve', { ...dialog, plan_id: planOf(seen) })],
  ];
  const start: Turn = (seen) => [tool('rollout_start', { plan_id: planOf(seen) })];
  const approveAndStart = (options: Partial<ClientOptions>): Promise<ClientRun> =>
    runClient({
      scratch,
      prompt: 'Ship it, and do not ask me.',
      script: [...approve, start],
      ...options,
    });
  const approvalFolder = (): string => {
    const [project = ''] = readdirSync(join(scratch.stateHome, 'projects'));
    return join(scratch.stateHome, 'projects', project, 'approvals');
  };
  const approvals = (): string[] => (existsSync(approvalFolder()) ? readdirSync(approvalFolder()) : []);
  const answered = (event: string): boolean => existsSync(join(scratch.directory, '..', `answered-${event}`));
  const answers = (run: ClientRun): Array<{ text: string; isError: boolean }> => {
    const last = run.requests.at(-1);
    return last === undefined ? [] : toolResults(last).slice(2);
  };

  it.each(waysWithoutPerson)('is refused without a person under $name', async ({ args, env = {} }) => {
    const run = await approveAndStart({ args, env });
    const [approved, started] = answers(run);
    expect(approved, run.stderr).toMatchObject({ isError: true, text: expect.stringMatching(/permission/i) });
    expect(started).toMatchObject({ isError: true, text: expect.stringContaining('APPROVAL_REQUIRED') });
    expect(approvals()).toEqual([]);
  });

  it('asks the person although hooks have said yes', async () => {
    const run = await approveAndStart({ args: [...allowedTools, ...allowingHooks], person: () => false });
    expect(run.asked.map(({ tool: asked }) => asked)).toEqual([`${toolPrefix}rollout_approve`]);
    expect([answered('PreToolUse'), answered('PermissionRequest')]).toEqual([true, true]);
    expect(answers(run)[0]).toMatchObject({ isError: true, text: expect.stringContaining('The person said no.') });
    expect(approvals()).toEqual([]);
  });

  it('is held by the mark of the tool: without it the same rules let an agent approve', async () => {
    const plugin = join(scratch.directory, '..', 'unmarked');
    for (const part of ['.claude-plugin', '.mcp.json', 'dist'])
      cpSync(join(pluginFolder, part), join(plugin, part), { recursive: true });
    const bundle = join(plugin, 'dist', 'seatrial.mjs');
    writeFileSync(bundle, readFileSync(bundle, 'utf8').replaceAll('anthropic/requiresUserInteraction', 'no/mark'));
    const [approved] = answers(await approveAndStart({ args: allowedTools, plugin, script: approve }));
    expect(approved?.text).toMatch(/Approved by a person/);
    rmSync(approvalFolder(), { recursive: true });
  });

  it('is refused by a No of the person, who saw what it was about', async () => {
    const run = await approveAndStart({ args: allowedTools, person: () => false });
    expect(run.asked).toEqual([
      { tool: `${toolPrefix}rollout_approve`, input: { ...dialog, plan_id: planId }, allowed: false },
    ]);
    const [approved, started] = answers(run);
    expect(approved).toMatchObject({ isError: true, text: expect.stringContaining('The person said no.') });
    expect(started).toMatchObject({ isError: true, text: expect.stringContaining('APPROVAL_REQUIRED') });
    expect(approvals()).toEqual([]);
  });

  it('is given by a Yes of the person, once for this plan', async () => {
    const run = await approveAndStart({ args: allowedTools, person: () => true });
    expect(run.asked.map(({ tool: asked }) => asked)).toEqual([`${toolPrefix}rollout_approve`]);
    const [approved, started] = answers(run);
    expect(approved?.text).toMatch(/Approved by a person, asked by claude-code \(client-dialog\)/);
    expect(started?.text).toMatch(/run [0-9a-z]{26}/);
    expect(run.wentOut).toEqual([]);
  });
});
