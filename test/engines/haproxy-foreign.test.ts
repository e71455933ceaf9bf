import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { splitKey } from '../../src/targets/haproxy/split-value.ts';
import { type Clients, createScratch, type Scratch, type Session } from '../e2e/scratch-project.ts';
import { moveBehindHaproxy } from '../fixtures/haproxy-scratch.ts';
import { haproxyBinary, type RealHaproxy, startHaproxy, waitFor } from '../fixtures/real-haproxy.ts';

const missing = haproxyBinary === undefined;
if (missing)
  console.warn('SKIPPED test/engines/haproxy-foreign.test.ts: haproxy is not installed (apt-get install haproxy)');

const signal = new AbortController().signal;
const lineSchema = z.object({ type: z.string(), ts: z.number(), data: z.record(z.string(), z.unknown()) });
type Line = z.infer<typeof lineSchema>;

let scratch: Scratch;
let haproxy: RealHaproxy;
let session: Session;
let clients: Clients;

/** The configuration with this answer to what somebody else does. */
function configure(onForeignChange: string): void {
  scratch.writeConfig({
    approval: '{ how: none }',
    strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 25%, bake: 6s }, { weight: 100%, bake: 1s }] }',
  });
  moveBehindHaproxy(scratch, haproxy, [`onForeignChange: ${onForeignChange}`]);
}

const linesOf = (runId: string): Line[] =>
  scratch
    .journal(runId)
    .trim()
    .split('\n')
    .flatMap((line) => {
      // The last line may be half written.
      const read = lineSchema.safeParse(line.endsWith('}') ? JSON.parse(line) : null);
      return read.success ? [read.data] : [];
    });
const textsOf = (runId: string, type: string): string[] =>
  linesOf(runId)
    .filter((line) => line.type === type)
    .map(({ data }) => String(data['message'] ?? data['reason']));

/** Starts a release and waits until its first bake has begun. */
async function startBake(version: string, failRatio = 0): Promise<string> {
  scratch.release({ version, failRatio });
  const plan = await session.call('rollout_plan', { version });
  const planId = /planId: ([0-9a-f]{64})/.exec(plan.text)?.[1] ?? '';
  expect(planId, plan.text).toHaveLength(64);
  const started = await session.call('rollout_start', { plan_id: planId });
  const runId = /run ([0-9a-z]{26})/.exec(started.text)?.[1] ?? '';
  expect(runId, started.text).toHaveLength(26);
  const isBaking = ({ type, data }: Line): boolean =>
    type === 'step_started' && z.object({ kind: z.literal('bake') }).safeParse(data['step']).success;
  await waitFor('the bake', async () => linesOf(runId).some(isBaking), 30_000);
  return runId;
}

async function endOf(runId: string): Promise<Line> {
  const find = (): Line | undefined => linesOf(runId).find(({ type }) => type === 'run_ended');
  await waitFor('the end of the run', async () => find() !== undefined, 60_000).catch((thrown: unknown) => {
    console.error(scratch.journal(runId).trim().split('\n').slice(-12).join('\n'));
    throw thrown;
  });
  const end = find();
  if (end === undefined) throw new Error('no end');
  await waitFor('its owner', async () => !scratch.processes().some(({ command }) => command.includes('supervise')));
  return end;
}

const splitNow = async (): Promise<string> =>
  (await haproxy.api.mapEntries(haproxy.settings.splitMap, signal)).find(({ key }) => key === splitKey)?.value ?? '';
const setSplit = (value: string) =>
  haproxy.api.setMapValue(haproxy.settings.splitMap, { key: splitKey, value }, signal);
const isHeld = (runId: string): boolean =>
  linesOf(runId).findLast(({ type }) => type === 'held' || type === 'resumed')?.type === 'held';

beforeAll(async () => {
  if (missing) return;
  scratch = await createScratch();
  haproxy = await startHaproxy('', undefined, scratch.port);
  configure('reapply');
  scratch.release({ version: '1.0.0' });
  expect(scratch.cli(['ship', '1.0.0', '--yes', '--json']).stdout).toContain('succeeded');
  session = await scratch.connect();
  clients = await scratch.startClients(500);
}, 120_000);
afterAll(async () => {
  if (missing) return;
  configure('reapply');
  scratch.cli(['host', 'down']);
  await scratch.close();
  await haproxy.close();
});

describe.skipIf(missing)('somebody else at the HAProxy of a run', () => {
  it('is put right while the run goes on: a weight, and a reload that kept everything', async () => {
    const runId = await startBake('2.0.0');
    const ours = await splitNow();
    expect(ours).toMatch(/^[27]500:/);
    await setSplit('5000:other');
    const begun = Date.now();
    await waitFor('the split', async () => (await splitNow()) === ours, 5000);
    console.info(`put back after ${Date.now() - begun} ms`);
    await haproxy.reload();
    await waitFor('word of it', async () => textsOf(runId, 'warning').some((text) => /it kept where/.test(text)), 5000);
    expect((await endOf(runId)).data).toMatchObject({ outcome: 'succeeded' });
    const warnings = textsOf(runId, 'warning');
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/5000:other.*; it was put back$/);
    expect(warnings[1]).toMatch(/gave way to worker \d+; it kept where users are sent$/);
    expect((await session.call('deploy_report', { run_id: runId, detail: 'full' })).text).toContain('it was put back');
  }, 120_000);

  it('is put right also when a reload lost the servers, and users with them', async () => {
    const runId = await startBake('2.1.0');
    writeFileSync(haproxy.settings.stateFile, '1\n');
    await haproxy.reload();
    const begun = Date.now();
    const open = async (slot: string): Promise<number> =>
      (await haproxy.api.serversState(slot, signal)).filter(({ admin }) => admin === 'ready').length;
    await waitFor('the servers', async () => (await open('shop_a')) === 2 && (await open('shop_b')) === 2);
    console.info(`servers put back after ${Date.now() - begun} ms`);
    await waitFor('word of it', async () => textsOf(runId, 'warning').some((text) => /put back$/.test(text)), 5000);
    expect(textsOf(runId, 'warning')[0]).toMatch(/gave way to worker \d+; it lost: shop_[ab]\/s\d is in state maint/);
    expect(textsOf(runId, 'warning')[1]).toMatch(/lost by the reload.*; it was put back$/);
    // What users met meanwhile proves nothing about either revision; a person ends it.
    await session.call('rollout_control', { run_id: runId, action: 'abort' });
    expect((await endOf(runId)).data).toMatchObject({ outcome: 'aborted' });
    expect(await splitNow()).toMatch(/^(0|10000):/);
  }, 120_000);

  it('holds the run until it is undone, and again until a person resumes', async () => {
    configure('hold');
    const runId = await startBake('3.0.0');
    const ours = await splitNow();
    await setSplit('5000:other');
    await waitFor('the hold', async () => isHeld(runId), 5000);
    const { text } = await session.call('rollout_status', { run_id: runId });
    for (const words of ['5000:other', 'HAProxy does not tell by whom', '`resume` puts it back'])
      expect(text).toContain(words);
    await setSplit(ours);
    await waitFor('the end of the hold', async () => !isHeld(runId), 5000);
    const server = { backend: 'shop_a', server: 's1' };
    await haproxy.api.setState(server, 'maint', signal);
    await waitFor('the hold', async () => isHeld(runId), 5000);
    expect(textsOf(runId, 'held').at(-1)).toContain('shop_a/s1 is in state maint');
    const resumed = await session.call('rollout_control', { run_id: runId, action: 'resume' });
    expect(resumed.isError, resumed.text).toBe(false);
    expect((await endOf(runId)).data).toMatchObject({ outcome: 'succeeded' });
    expect(textsOf(runId, 'warning').at(-1)).toMatch(/shop_a\/s1.*; it was put back, as .* asked$/);
  }, 120_000);

  it('takes the run back where that is configured', async () => {
    configure('abort');
    const runId = await startBake('4.0.0');
    await setSplit('5000:other');
    expect((await endOf(runId)).data).toMatchObject({
      outcome: 'rolled_back',
      reason: expect.stringContaining('5000:other'),
    });
    expect(await splitNow()).toMatch(/^(0|10000):/);
  }, 120_000);

  it('never stands in the way back: harm that is proven while the run is held', async () => {
    configure('hold');
    const runId = await startBake('5.0.0', 0.5);
    await setSplit('5000:other');
    await waitFor('the hold', async () => isHeld(runId), 5000);
    const end = await endOf(runId);
    expect(end.data).toMatchObject({ outcome: 'rolled_back' });
    const back = linesOf(runId);
    expect(back.find(({ type }) => type === 'rollback_started')?.data['trigger']).toBe('error-rate');
    console.info('restored after', back.find(({ type }) => type === 'traffic_restored')?.data['afterMs'], 'ms');
    expect(await splitNow()).toMatch(/^(0|10000):/);
    const told = await clients.stop();
    console.info(`lost ${told.lost}, duplicated ${told.duplicated} of ${told.sent}`);
    expect(told.duplicated).toBe(0);
  }, 120_000);
});
