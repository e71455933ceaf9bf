import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clients, Scratch } from '../e2e/scratch-project.ts';
import { toolPrefix } from './approval-ways.ts';
import { runOf, seesItThrough, startsRelease } from './conversation.ts';
import { type ClientRun, clientProgram, runClient } from './real-client.ts';
import { type Seen, toolResults } from './scripted-model.ts';
import { createShop, deployFirst } from './shop-with-users.ts';

describe.skipIf(clientProgram === null)('/phase-2-ship from its gates to its review in the real client', () => {
  let scratch: Scratch;
  let users: Clients;

  beforeAll(async () => {
    scratch = await createShop([{ version: '1.4.0' }, { version: '1.5.0', failRatio: 0.3 }]);
    await deployFirst(scratch);
  });

  afterAll(() => scratch?.close());

  const ship = async (version: string): Promise<ClientRun> => {
    users = await scratch.startClients(200);
    const script = [...startsRelease(version), ...seesItThrough(scratch, version)];
    const run = await runClient({
      scratch,
      prompt: `/seatrial:phase-2-ship canary ${version} production`,
      args: ['--allowedTools', `${toolPrefix}*`],
      person: () => true,
      script,
      timeoutMs: 150_000,
    });
    expect(run.reached, texts(run)).toBe(script.length);
    expect(run.code, run.stderr).toBe(0);
    expect(run.wentOut).toEqual([]);
    expect(seenBy(run).results.filter(({ isError }) => isError)).toEqual([]);
    const runId = runOf(seenBy(run));
    expect(texts(run)).toMatch(
      new RegExp(`The review of run ${runId} is kept[\\s\\S]*The review of run ${runId} is acknowledged`),
    );
    expect(run.asked.map(({ input }) => input['scope'])).toEqual(['start', `review:${runId}`]);
    return run;
  };
  const seenBy = (run: ClientRun): Seen => {
    const last = run.requests.at(-1);
    const results = last === undefined ? [] : toolResults(last);
    return { results, newest: results.at(-1) ?? { text: '', isError: false } };
  };
  const texts = (run: ClientRun): string =>
    seenBy(run)
      .results.map(({ text }) => text)
      .join('\n\n');

  it('a good release: two questions to the person, all users, no request lost', async () => {
    const run = await ship('1.4.0');
    const totals = await users.stop();
    const runId = runOf(seenBy(run));
    expect(texts(run)).toMatch(/^outcome: succeeded/m);
    expect(totals).toMatchObject({ lost: 0, duplicated: 0 });
    expect(await served()).toBe('1.4.0');
    expect(history(runId)).toMatchObject({ outcome: 'succeeded', version: '1.4.0', approval: 'client-dialog' });
  });

  it('a bad release: taken back by evidence, said so, and reviewed', async () => {
    const run = await ship('1.5.0');
    const totals = await users.stop();
    const runId = runOf(seenBy(run));
    expect(texts(run)).toMatch(/^outcome: rolled_back/m);
    expect(texts(run)).not.toMatch(/^outcome: succeeded/m);
    expect(totals).toMatchObject({ lost: 0, duplicated: 0 });
    expect(await served()).toBe('1.4.0');
    expect(history(runId)).toMatchObject({ outcome: 'rolled_back', version: '1.5.0' });
  });

  const served = async (): Promise<string | null> =>
    (await fetch(`${scratch.url}/health`)).headers.get('x-shop-version');
  const history = (runId: string): unknown => {
    const file = join(scratch.directory, '.seatrial', 'history', new Date().toISOString().slice(0, 7), `${runId}.json`);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  };
});
