import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scratch } from '../e2e/scratch-project.ts';
import { type ClientOptions, type ClientRun, clientProgram, runClient } from './real-client.ts';
import { contextOf, type ToolResult, toolResults } from './scripted-model.ts';
import { createShop, deployFirst } from './shop-with-users.ts';

const startContext = 'seatrial, the deploys of this project:';

describe.skipIf(clientProgram === null)('hooks of the plugin in the real client', () => {
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await createShop([]);
  });

  afterAll(() => scratch?.close());

  /** A session in which the model wants to deploy with kubectl, which leaves a file behind when it runs. */
  const deployByHand = async (
    rawDeploys: string,
    options: Partial<ClientOptions> = {},
  ): Promise<{ run: ClientRun; applied: boolean; results: ToolResult[] }> => {
    scratch.writeConfig({ extra: `agent: { rawDeploys: ${rawDeploys} }` });
    const [programs, trace] = [join(scratch.directory, '..', 'programs'), join(scratch.directory, '..', 'applied')];
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'kubectl'), `#!/bin/sh\ntouch '${trace}'\necho deployment.apps/shop configured\n`);
    chmodSync(join(programs, 'kubectl'), 0o755);
    rmSync(trace, { force: true });
    const run = await runClient({
      scratch,
      prompt: 'Put the new version online.',
      args: ['--allowedTools', 'Bash', '--permission-mode', 'bypassPermissions'],
      env: { IS_SANDBOX: '1', PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}` },
      script: [
        [{ type: 'tool_use', name: 'Bash', input: { command: 'git log --oneline -1', description: 'Look' } }],
        [{ type: 'tool_use', name: 'Bash', input: { command: 'kubectl apply -f shop.yaml', description: 'Deploy' } }],
      ],
      ...options,
    });
    const last = run.requests.at(-1);
    return { run, applied: existsSync(trace), results: last === undefined ? [] : toolResults(last) };
  };

  it('deny: kubectl apply does not run, whatever is allowed, and the model reads what is right', async () => {
    const { run, applied, results } = await deployByHand('deny');
    expect(applied, run.stderr).toBe(false);
    expect(results[0]).toMatchObject({ isError: false, text: expect.stringContaining('release 1.0.0') });
    expect(results[1]).toMatchObject({ isError: true, text: expect.stringContaining('goes around seatrial') });
    expect(results[1]?.text).toMatch(/preflight, then rollout_plan.*This project denies it/s);
  });

  it('ask: the person is asked although rules and mode allow it, and a No holds', async () => {
    const { run, applied, results } = await deployByHand('ask', { person: () => false });
    expect(run.asked.map(({ tool, input }) => [tool, input['command']])).toEqual([
      ['Bash', 'kubectl apply -f shop.yaml'],
    ]);
    expect(applied).toBe(false);
    expect(results[1]).toMatchObject({ isError: true, text: expect.stringContaining('The person said no.') });
  });

  it('warn: it runs, the model is told, and what was done by hand is on record', async () => {
    mkdirSync(join(scratch.directory, '.seatrial'), { recursive: true });
    const { run, applied } = await deployByHand('warn');
    const told = run.requests.map(contextOf).join('\n');
    expect(applied, run.stderr).toBe(true);
    expect(told).toMatch(/`kubectl apply` went around seatrial and is recorded/);
    expect(readdirSync(join(scratch.directory, '.seatrial', 'history', 'by-hand'))).toHaveLength(1);
  });

  it('at the start of a session the model knows the open review, and is asked for it once when it stops', async () => {
    scratch.writeConfig({ approval: '{ how: client-dialog, clients: [e2e] }' });
    scratch.git('add', '--all');
    scratch.git('commit', '--quiet', '--message', 'chore: back to the former rules');
    await deployFirst(scratch);
    const stop = (): Promise<ClientRun> =>
      runClient({ scratch, prompt: 'What is new?', script: [[{ type: 'text', text: 'Nothing.' }]] });
    const [first, second] = [await stop(), await stop()];
    const texts = [first, second].map(({ requests }) => requests.map(contextOf));
    const asksForReview = /has ended: succeeded, and its review is not written/;
    expect(texts.map((each) => each[0]?.includes(startContext))).toEqual([true, true]);
    expect(texts[0]?.[0]).toMatch(/\(shop 1\.0\.0 to production, succeeded\) waits for its review/);
    expect(texts.map((each) => each.map((text) => asksForReview.test(text)))).toEqual([[false, true], [false]]);
  });
});
