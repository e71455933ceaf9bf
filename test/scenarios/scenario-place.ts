import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { ulid } from 'ulid';
import { renderJsonSchema } from '../../src/config/json-schema.ts';
import { saveStop } from '../../src/journal/emergency-stop.ts';
import { takeRequests } from '../../src/journal/inbox.ts';
import { encodeLine, noLineBefore } from '../../src/journal/journal-line.ts';
import { acquireLock } from '../../src/journal/lock.ts';
import { loadRun } from '../../src/journal/replay.ts';
import { runFolder } from '../../src/journal/state-folder.ts';
import { createRunResources } from '../../src/mcp/run-resources.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import type { Clock } from '../../src/model/clock.ts';
import { type RunEvent, runEventSchema } from '../../src/model/run-event.ts';
import type { RunRecord } from '../../src/model/run-record.ts';
import { finishRun } from '../../src/operations/finish-run.ts';
import { operations } from '../../src/operations/list.ts';
import { loadCommands } from '../../src/operations/load-commands.ts';
import { openPlace, type Place } from '../../src/operations/place.ts';
import { openProject, openTrustedProject } from '../../src/operations/project.ts';
import { suggestValues } from '../../src/operations/suggest-values.ts';
import { trustProject } from '../../src/operations/trust/trust-project.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { currentIdentity } from '../../src/system/process-identity.ts';
import { createApprovalPlace } from '../fixtures/approval-place.ts';
import {
  abortedRun,
  failedRun,
  frozenRun,
  heldRun,
  inconclusiveRun,
  revision,
  rollbackFailedRun,
  rolledBackRun,
  runningRun,
  startMs,
  succeededRun,
  unverifiedRun,
} from '../fixtures/run-records.ts';
import type { ConfigState, Happening, RunState, State } from './scenario.ts';

export type ScenarioPlace = {
  client: Client;
  /** Ids of the runs that lay there, oldest first. */
  runs: string[];
  call(tool: string, args: Record<string, unknown>): Promise<{ text: string; isError: boolean }>;
  happen(happening: Happening): Promise<void>;
  close(): Promise<void>;
};

/** A Wednesday, 30 minutes after the newest of the runs that lie there began. */
const nowMs = startMs + 30 * 60_000;

/** A project, its state folder and a server with a client, in the state that a scenario describes. */
export async function createScenarioPlace(state: State): Promise<ScenarioPlace> {
  const ground = await createApprovalPlace();
  const { directory, base } = ground;
  const clock = createScenarioClock(state.realTime === true);
  const [service, staging] = [await serve(), await serve()];
  const commitOf = (tag: string): string => ground.git('rev-parse', `${tag}^{commit}`).trim();
  const writeConfig = (config: ConfigState): void =>
    writeFileSync(
      join(directory, 'seatrial.yaml'),
      renderConfig({ base, url: service.url, secondUrl: staging.url }, config),
    );
  const trust = async (): Promise<void> =>
    void (await trustProject(await openProject(directory), {
      by: 'ada',
      how: 'own-project',
      atMs: 0,
      fingerprint: null,
    }));
  writeConfig(state.config ?? {});
  writeFileSync(join(directory, 'ROLLBACK.md'), '# Rollback\n\nRun `seatrial rollback`.\n');
  for (const version of ['1.3.0', '1.4.0', '1.5.0']) ground.release(version);
  const showLive = (version: string): void => {
    const commit = commitOf(`v${version}`);
    const revisionId = `${version}-${commit.slice(0, 12)}`;
    const stable = { revisionId, version, commit, role: 'stable', weightPercent: 100, url: service.url };
    const instances = [{ id: 'a', state: 'ready' }];
    writeFileSync(join(base, 'live.json'), JSON.stringify({ revisions: [{ ...stable, instances }] }));
  };
  showLive(state.live ?? '1.3.0');
  await trust();
  const runs: string[] = [];
  for (const [index, run] of (state.runs ?? []).entries()) {
    const place = openPlace(await openTrustedProject({ projectDirectory: directory }), run.environment);
    const startedAtMs = nowMs - 30 * 60_000 * ((state.runs ?? []).length - index);
    runs.push(await layRun(place, run, { startedAtMs, clock, commit: commitOf }));
  }
  const project = await openProject(directory);
  if (state.stop !== undefined)
    await saveStop(project.state, {
      environment: null,
      reason: state.stop,
      by: 'ada',
      atMs: nowMs - 60_000,
      untilMs: null,
    });
  ground.git('add', '--all');
  ground.git('commit', '--quiet', '--allow-empty', '--message', 'chore: memory');
  if (state.untrusted === true)
    writeConfig({ ...state.config, production: '    smoke: [{ name: home, request: { path: / } }]' });
  if (state.config === null) rmSync(join(directory, 'seatrial.yaml'));
  const server = createMcpServer({
    version: '1.0.0',
    operations,
    resources: createRunResources(operations, renderJsonSchema),
    prompts: await loadCommands(),
    completer: {
      suggest: (argument, typed, { projectDirectory }) => suggestValues(argument, typed, projectDirectory),
    },
    clock,
    project: { environmentDirectory: directory, workingDirectory: directory, pluginDirectory: null },
  });
  const client = new Client({ name: state.client ?? 'scenario', version: '1' });
  const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(serverSide), client.connect(clientSide)]);
  return {
    client,
    runs,
    call: async (tool, args) => {
      const answer = CallToolResultSchema.parse(await client.callTool({ name: tool, arguments: args }));
      const text = answer.content.map((part) => (part.type === 'text' ? part.text : part.type)).join('|');
      return { text, isError: answer.isError === true };
    },
    happen: async (happening) => {
      switch (happening.what) {
        case 'time passes':
          return void clock.pass(happening.ms);
        case 'config changes':
          writeConfig(happening.config);
          return trust();
      }
    },
    close: async () => {
      // What was really started has ended before its folder goes.
      for (let turn = 0; turn < 30 && state.realTime === true; turn += 1) {
        const answer = await client.callTool({ name: 'rollout_status', arguments: { wait_s: 5 } });
        if (JSON.stringify(answer).includes('outcome: ')) break;
      }
      await client.close();
      await service.close();
      await staging.close();
      ground.close();
    },
  };
}

type ScenarioClock = Clock & { pass(ms: number): void; attend(visit: () => Promise<void>): void };

/** Waiting takes no time, but moves it on; owners of runs get their turn meanwhile. */
function createScenarioClock(real: boolean): ScenarioClock {
  const system = createSystemClock();
  const visits: Array<() => Promise<void>> = [];
  let aheadMs = real ? 0 : nowMs - system.now();
  const fixedMs = system.now();
  const now = (): number => (real ? system.now() : fixedMs) + aheadMs;
  return {
    now,
    monotonic: () => (real ? system.monotonic() : now() - nowMs),
    sleep: async (ms, signal) => {
      if (real) return system.sleep(ms, signal);
      aheadMs += ms;
      for (const visit of visits) await visit();
      await new Promise((resolve) => setImmediate(resolve));
      return signal?.aborted === true ? 'aborted' : 'elapsed';
    },
    pass: (ms) => {
      aheadMs += ms;
    },
    attend: (visit) => void visits.push(visit),
  };
}

type Laying = { startedAtMs: number; clock: ScenarioClock; commit(tag: string): string };

/** Writes the journal of a run as its supervisor would have, and what a finished one leaves; an unfinished one has an owner. */
async function layRun(place: Place, run: RunState, { startedAtMs, clock, commit }: Laying): Promise<string> {
  const runId = ulid(startedAtMs).toLowerCase();
  const folder = runFolder(place.project.state, runId);
  mkdirSync(folder.inbox, { recursive: true, mode: 0o700 });
  writeFileSync(folder.config, place.project.text);
  const write = createWriter(runId, folder.journal);
  for (const { seq: _, atMs, gen: __, ...event } of adapt(makeRecord(run, runId, startedAtMs), { place, run, commit }))
    write(runEventSchema.parse(event), atMs);
  const record = await loadRun(folder.directory);
  if (record === null) throw new Error('no journal was written');
  if (record.status === 'ended') {
    await finishRun({ place, record, clock });
    return runId;
  }
  if (run.ownerGone === true) return runId;
  const owner = { runId, identity: await currentIdentity(), sinceMs: startedAtMs };
  await acquireLock({ directory: place.lockDirectory, owner, clock });
  const journalled = new Set<string>();
  clock.attend(async () => {
    for (const { requestId, action, by, reason } of await takeRequests(folder.directory, journalled)) {
      journalled.add(requestId);
      const answer = ownersAnswer[action] ?? 'done';
      write({ type: 'control', data: { requestId, action, by, reason, accepted: true, answer } }, clock.now());
    }
  });
  return runId;
}

const ownersAnswer: Readonly<Record<string, string>> = {
  abort: 'users go back to 1.3.0',
  rollback: 'users go back to 1.3.0',
  pause: 'the weight stays; harm still rolls back',
  resume: 'it goes on',
  promote: 'it goes on without waiting for a proof',
};

const makers = {
  succeeded: succeededRun,
  rolledBack: rolledBackRun,
  failed: failedRun,
  aborted: abortedRun,
  unverified: unverifiedRun,
  rollbackFailed: rollbackFailedRun,
  running: runningRun,
  held: heldRun,
  inconclusive: inconclusiveRun,
  asking: (shape: Parameters<typeof inconclusiveRun>[0]) => inconclusiveRun(shape, 'ask'),
  frozen: frozenRun,
};

function makeRecord(
  { kind, version, approval = 'client-dialog', told = true }: RunState,
  runId: string,
  startedAtMs: number,
): RunRecord {
  return makers[kind]({ version, runId, startedAtMs, approval, notified: told });
}

/** The fixture's run as one of this place: its commits, its project, its environment. */
function adapt(
  record: RunRecord,
  { place, run, commit }: { place: Place; run: RunState; commit: Laying['commit'] },
): RunRecord['events'] {
  let text = JSON.stringify(record.events)
    .replaceAll('"projectId":"p1"', `"projectId":"${place.project.projectId}"`)
    .replaceAll('"environment":"production"', `"environment":"${place.name}"`)
    .replaceAll('"targetIdentity":"process:/run/shop"', `"targetIdentity":${JSON.stringify(place.target.identity)}`);
  for (const version of [run.version, '1.3.0']) {
    const made = revision(version);
    const real = commit(`v${version}`);
    text = text.replaceAll(made.commit ?? '', real).replaceAll(made.id, `${version}-${real.slice(0, 12)}`);
  }
  if (run.said !== undefined) text = text.replaceAll('Error: cannot find module ./cart', run.said);
  return JSON.parse(text);
}

function createWriter(run: string, file: string): (event: RunEvent, atMs: number) => void {
  let seq = 0;
  let prev = noLineBefore;
  return (event, ts) => {
    const line = encodeLine({ seq, prev, run, gen: 1, ts, mono: 1, boot: 'b', step: null, idem: null, event });
    writeFileSync(file, line.text, { flag: 'a' });
    prev = line.sum;
    seq += 1;
  };
}

/** Users' own way in, on a port that the system gave. */
async function serve(): Promise<{ url: string; close(): Promise<void> }> {
  const server = http.createServer((_, answer) => answer.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${address.port}`, close };
}

type Addresses = { base: string; url: string; secondUrl: string };

function renderConfig({ base, url, secondUrl }: Addresses, config: ConfigState): string {
  const { approval = '{ how: client-dialog, clients: [scenario] }', review = 'warn', production = '' } = config;
  const environment = (name: string, at: string, more: string): string => `  ${name}:
    url: ${at}
    target:
      kind: command
      name: ${name}
      commands:
        inspect: { argv: [cat, ${join(base, 'live.json')}] }
        promote: { argv: ["true"], output: text }
      revisionHeader: { name: x-version }
    strategy: { kind: direct, bake: 1s }
    review: ${review}
    rollback: { document: ROLLBACK.md }
    approval: ${approval}
${more}`;
  const own = [
    ...(production.includes('gates:') ? [] : ['    gates: { allowFriday: true, minFreeDisk: 1MiB }']),
    ...(production.includes('metrics:') ? [] : ['    metrics: { source: prober, path: / }']),
    production,
  ].join('\n');
  const second =
    config.second === undefined
      ? ''
      : environment(
          config.second,
          secondUrl,
          '    gates: { allowFriday: true, minFreeDisk: 1MiB }\n    metrics: { source: prober, path: / }',
        );
  return `version: 1\nservice: shop\nenvironments:\n${environment('production', url, own)}\n${second}\n`;
}
