import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scratch, sleep } from '../e2e/scratch-project.ts';
import { toolPrefix } from './approval-ways.ts';
import { runOf, startsRelease, tool } from './conversation.ts';
import { clientProgram, runClient } from './real-client.ts';
import type { Turn } from './scripted-model.ts';
import { createShop, deployFirst } from './shop-with-users.ts';

describe.skipIf(clientProgram === null)('the real client dies in mid-canary', () => {
  let scratch: Scratch;

  beforeAll(async () => {
    scratch = await createShop([{ version: '1.4.0' }], {
      strategy: '{ kind: canary, maxBake: 90s, steps: [{ weight: 25%, bake: 5s }, { weight: 100%, bake: 1s }] }',
    });
    await deployFirst(scratch);
  });

  afterAll(() => scratch?.close());

  it('and the run goes to its end, unseen', async () => {
    const users = await scratch.startClients(200);
    const midCanary = /^status: running[\s\S]*\b25 %/m;
    const watch: Turn = {
      until: midCanary,
      say: (seen) => [tool('rollout_status', { run_id: runOf(seen), wait_s: 1 })],
    };
    let runId = '';
    const run = await runClient({
      scratch,
      prompt: '/seatrial:phase-2-ship canary 1.4.0 production',
      args: ['--allowedTools', `${toolPrefix}*`],
      person: () => true,
      script: [...startsRelease('1.4.0'), watch, (seen) => [{ type: 'text', text: `In mid-canary: ${runOf(seen)}` }]],
      watch: (event, kill) => {
        const said = /In mid-canary: ([0-9a-z]{26})/.exec(JSON.stringify(event))?.[1];
        if (said === undefined || runId !== '') return;
        runId = said;
        kill();
      },
      timeoutMs: 150_000,
    });
    expect(run.code, run.stderr).toBeNull();
    expect(runId).toHaveLength(26);
    expect(scratch.cli(['status', runId]).stdout).toMatch(/^status: running/m);
    expect(scratch.processes().filter(({ command }) => /claude|seatrial\.mjs mcp/.test(command))).toEqual([]);

    let status = '';
    for (let turn = 0; turn < 120 && !/^outcome: /m.test(status); turn++) {
      await sleep(1000);
      status = scratch.cli(['status', runId]).stdout;
    }
    expect(status).toMatch(/^outcome: succeeded/m);
    expect(await users.stop()).toMatchObject({ lost: 0, duplicated: 0 });
    expect((await fetch(`${scratch.url}/health`)).headers.get('x-shop-version')).toBe('1.4.0');
  });
});
