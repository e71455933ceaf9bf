import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serverInstructions } from '../../src/mcp/instructions.ts';
import type { Scratch } from '../e2e/scratch-project.ts';
import { toolNames } from '../e2e/tool-names.ts';
import { clientVersion, toolPrefix } from './approval-ways.ts';
import { loadTools, tool } from './conversation.ts';
import { type ClientRun, clientProgram, pluginFolder, runClient } from './real-client.ts';
import { contextOf } from './scripted-model.ts';
import { createShop } from './shop-with-users.ts';

const init = z.looseObject({
  subtype: z.literal('init'),
  claude_code_version: z.string(),
  plugins: z.array(z.looseObject({ name: z.string(), path: z.string() })),
  slash_commands: z.array(z.string()),
  skills: z.array(z.string()),
  agents: z.array(z.string()),
});

describe.skipIf(clientProgram === null)('the plugin in the real client', () => {
  let scratch: Scratch;
  let run: ClientRun;

  beforeAll(async () => {
    scratch = await createShop([{ version: '1.4.0' }]);
    run = await runClient({
      scratch,
      prompt: '/seatrial:phase-2-ship canary 1.4.0 production',
      args: ['--allowedTools', `${toolPrefix}*`],
      script: [loadTools, [tool('preflight', { version: '1.4.0' })]],
    });
  });

  afterAll(() => scratch?.close());

  const namesIn = (folder: string): string[] =>
    readdirSync(join(pluginFolder, folder))
      .filter((name) => !name.includes('.') || name.endsWith('.md'))
      .map((name) => `seatrial:${name.replace(/\.md$/, '')}`);

  it('lists the plugin, its commands, skills and agents', () => {
    const said = init.parse(run.events.find((event) => init.safeParse(event).success));
    expect(said.claude_code_version).toBe(clientVersion);
    expect(said.plugins).toContainEqual(expect.objectContaining({ name: 'seatrial', path: pluginFolder }));
    expect(said.slash_commands).toEqual(expect.arrayContaining(namesIn('commands')));
    expect(said.skills).toEqual(expect.arrayContaining(namesIn('skills')));
    expect(said.agents).toEqual(expect.arrayContaining(namesIn('agents')));
  });

  it('tells the model the names of all tools, and the instructions to their end', () => {
    const told = run.requests.map(contextOf).join('\n');
    const loaded = run.requests.flatMap(({ tools = [] }) => tools.map(({ name }) => name));
    expect(toolNames.filter((name) => !loaded.includes(`${toolPrefix}${name}`))).toEqual([]);
    expect(told.includes('Use these tools instead of kubectl')).toBe(true);
    expect(told.includes(serverInstructions.trim().split('\n').at(-1) ?? '?')).toBe(true);
  });

  it('expands /seatrial:phase-2-ship with all of its arguments', () => {
    const [first] = run.requests;
    const asked = first === undefined ? '' : contextOf(first);
    expect(asked).toContain('<command-name>/seatrial:phase-2-ship</command-name>');
    expect(asked).toContain('<command-args>canary 1.4.0 production</command-args>');
    expect(asked).toMatch(/^# Phase 2: ship$/m);
    expect(asked).toMatch(/^ {4}canary 1\.4\.0 production$/m);
    expect(asked).not.toMatch(/\$[0-9]|\$ARGUMENTS/);
  });

  it('says nothing of its own accord where nothing is open', () => {
    expect(run.requests.map(contextOf).some((text) => text.includes('seatrial, the deploys of this project'))).toBe(
      false,
    );
  });

  it('runs a tool that reads without asking anybody', () => {
    const last = run.requests.at(-1);
    expect(JSON.stringify(last?.messages)).toContain('Next: rollout_plan {version: \\"1.4.0\\"');
    expect(run.code).toBe(0);
  });

  it('understands the bare /phase-2-ship, with and without the alias of `seatrial init`', async () => {
    const typed = async (): Promise<string> => {
      const { requests, stderr } = await runClient({
        scratch,
        prompt: '/phase-2-ship canary 1.4.0 production',
        script: [],
      });
      expect(requests, stderr).toHaveLength(1);
      return requests.map(contextOf).join('\n');
    };
    expect(await typed()).toMatch(/its full name is \/seatrial:phase-2-ship.*"canary 1\.4\.0 production"/);
    expect(scratch.cli(['init', '--agents']).stdout).toContain('.claude/commands/phase-2-ship.md');
    const aliased = await typed();
    expect(aliased).toContain('<command-name>/phase-2-ship</command-name>');
    expect(aliased).toContain('canary 1.4.0 production');
    expect(aliased).not.toMatch(/its full name is|\$ARGUMENTS/);
  });

  it('wants nobody but the model', () => {
    expect(run.wentOut).toEqual([]);
  });
});
