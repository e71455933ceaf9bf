import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/model/clock.ts';
import { createNotifier, notifyAll } from '../../src/operations/notify.ts';
import { openPlace, type Place } from '../../src/operations/place.ts';
import { openTrustedProject } from '../../src/operations/project.ts';
import { rolloutPlan } from '../../src/operations/rollout-plan.ts';
import { tellApprovers } from '../../src/operations/tell-approvers.ts';
import { askAtGate } from '../../src/rollout/ask-at-gate.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { createLearningsProject, type LearningsProject, projectConfig } from '../fixtures/learnings-project.ts';
import { planOf } from '../fixtures/run-records.ts';
import { ask, begin } from '../fixtures/simulated-run.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const projects: LearningsProject[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end();
const never: Answer = () => undefined;

/** Answers in turn, the last one again and again, and what was sent. */
async function webhook(
  ...answers: Answer[]
): Promise<{ url: string; bodies: unknown[]; paths: string[]; close(): Promise<void> }> {
  const bodies: unknown[] = [];
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      paths.push(`${request.method} ${request.url} ${request.headers['content-type']}`);
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      answers[Math.min(bodies.length, answers.length) - 1]?.(response, request);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    bodies,
    paths,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function placeTelling(...channels: string[]): Promise<Place> {
  const project = createLearningsProject(`${projectConfig}    notify: [${channels.join(', ')}]\n`);
  projects.push(project);
  await project.trust();
  const place = openPlace(await openTrustedProject(project.context()), undefined);
  mkdirSync(place.project.state.plans, { recursive: true });
  return place;
}
const hook = (url: string): string => `{ webhook: "${url}" }`;

/** Real time, but for the waits between attempts, which are written down. */
function hastyClock(): Clock & { waits: number[] } {
  const waits: number[] = [];
  return {
    ...createSystemClock(),
    waits,
    sleep: async (ms, signal) => {
      if (signal !== undefined) return createSystemClock().sleep(ms, signal);
      waits.push(ms);
      return 'elapsed';
    },
  };
}

const plan = { ...planOf(), approval: 'terminal' as const };

describe('the notice that an approval is needed', () => {
  it('goes out as Slack wants it, once for a plan', async () => {
    const { url, bodies, paths } = await webhook(status(200));
    const place = await placeTelling(hook(url), '{ file: told.jsonl }');
    expect(await tellApprovers(place, plan, hastyClock())).toBe('Told that an approval is needed: webhook, file.');
    expect(await tellApprovers(place, plan, hastyClock())).toBeNull();
    expect(paths).toEqual(['POST /hook application/json']);
    expect(bodies).toEqual([
      expect.objectContaining({
        text: expect.stringMatching(
          /^\[shop\/production\] approval: .* waits for a person\. Plan ab12ab12ab12: seatrial approve ab12ab12ab12$/,
        ),
        about: 'approval',
        runId: null,
        planId: plan.planId,
      }),
    ]);
  });

  it('is none where nobody is asked, or nobody can be told', async () => {
    const { url, bodies } = await webhook(status(200));
    expect(await tellApprovers(await placeTelling(hook(url)), { ...plan, approval: 'none' }, hastyClock())).toBeNull();
    expect(await tellApprovers(await placeTelling(), plan, hastyClock())).toBeNull();
    expect(bodies).toEqual([]);
  });

  it('is tried again, later each time, and again for the next plan when no channel took it', async () => {
    const { url, bodies } = await webhook(status(500), status(503), status(429), status(500), status(200));
    const place = await placeTelling(hook(url));
    const clock = hastyClock();
    expect(await tellApprovers(place, plan, clock)).toBe('The webhook could not be told: the webhook answered 429.');
    expect(clock.waits).toEqual([500, 1000]);
    expect(await tellApprovers(place, plan, clock)).toBe('Told that an approval is needed: webhook.');
    expect(bodies).toHaveLength(5);
  });

  it('does not follow a webhook elsewhere', async () => {
    const other = await webhook(status(200));
    const { url } = await webhook(status(302, { location: other.url }));
    expect(await tellApprovers(await placeTelling(hook(url)), plan, hastyClock())).toContain('answered 302');
    expect(other.bodies).toEqual([]);
  });

  it('fails no plan when the webhook is down', async () => {
    const { url, close } = await webhook(status(200));
    await close();
    expect(await tellApprovers(await placeTelling(hook(url)), plan, hastyClock())).toMatch(
      /^The webhook could not be told: .*ECONNREFUSED/,
    );
  });

  it('holds no plan up when the webhook is slow', { timeout: 60_000 }, async () => {
    const { url, bodies } = await webhook(never);
    const place = await placeTelling(hook(url));
    expect(await tellApprovers(place, plan, createSystemClock())).toContain('People are being told');
    expect(bodies).toHaveLength(1);
  });
});

describe('making a plan', () => {
  it('tells that it waits for a person, unless it is to be quiet, and once', { timeout: 60_000 }, async () => {
    const project = createLearningsProject(`${projectConfig}    notify: [{ file: told.jsonl }]\n`);
    projects.push(project);
    project.git('init', '-q');
    project.git('add', '-A');
    project.git('commit', '-qm', 'feat: x');
    project.git('tag', 'v1.0.0');
    await project.trust();
    const told = join(project.directory, 'told.jsonl');
    const make = (quiet: boolean) => rolloutPlan.run({ version: '1.0.0', quiet }, project.context());
    expect((await make(true)).text).not.toContain('Told');
    expect(existsSync(told)).toBe(false);
    expect((await make(false)).text).toContain('Told that an approval is needed: file.');
    expect((await make(false)).text).not.toContain('Told');
    const lines = readFileSync(told, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).about)).toEqual(['approval']);
  });
});

describe('a run that waits at a gate', () => {
  it('tells that an approval is needed, with the line that gives it, and is not only held', async () => {
    const { url, bodies } = await webhook(status(200));
    const place = await placeTelling(hook(url));
    const run = await begin({ kind: 'rolling' });
    const { runId } = run.record();
    const clock = createSystemClock();
    const notifier = createNotifier(place, { runId, version: '2.0.0', clock, append: async () => undefined });
    run.world.behaviour.tell = notifier.notify;
    await run.until(() => run.record().status === 'held');
    await notifier.settle(30_000);
    expect(bodies).toEqual([
      expect.objectContaining({
        about: 'approval',
        runId,
        text: `[shop/production] approval: 2.0.0: waiting for a person at batch-1-of-2. To let it go on: seatrial promote ${runId}. To take users back: seatrial abort ${runId}`,
      }),
    ]);
    ask(run, 'promote');
    expect(await run.toEnd()).toBe('succeeded');
    await notifier.settle(30_000);
    expect(bodies).toHaveLength(2);
    expect(run.world.notices).toEqual(['approval', 'success']);
  });

  it('names what the environment asks for: a word in a terminal, or a signature', () => {
    const said = (approval: typeof plan.approval | 'signature'): string =>
      askAtGate({ reason: 'no verdict', plan: { ...plan, approval }, runId: 'r1' });
    expect(said('terminal')).toContain('To let it go on: seatrial approve --scope promote --run-id r1. ');
    expect(said('signature')).toContain('seatrial approve --scope promote --run-id r1 --sign --key ~/.ssh/<key>. ');
  });
});

describe('a notice of a run', () => {
  it('says for each channel what came of it, and fails by itself', async () => {
    const { url } = await webhook(status(500), status(200));
    const place = await placeTelling(hook(url), '{ command: ["false"] }', '{ file: told.jsonl }');
    const events = await notifyAll(place, { about: 'rollback', text: 'x', runId: 'r', version: '1' }, hastyClock());
    expect(events.map(({ data }) => [data.channel, data.ok, data.reason])).toEqual([
      ['webhook', true, 'told at attempt 2'],
      ['command', false, expect.stringContaining('the command ended with')],
      ['file', true, 'told'],
    ]);
  });
});
