import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScratch, type Scratch } from '../e2e/scratch-project.ts';
import { createRemote, gitCommands } from '../fixtures/git-place.ts';
import { fleetCommands, nginxBinary } from '../fixtures/nginx-place.ts';
import { stopPids } from '../fixtures/pids-below.ts';

/** Whole runs through the command line, with the programs of a user as the target. */
let scratch: Scratch;
let fleet: string;
beforeEach(async () => {
  scratch = await createScratch();
  fleet = join(scratch.stateHome, 'fleet');
  mkdirSync(fleet);
  copyFileSync(join(process.cwd(), 'test/fixtures/tiny-service/server.mjs'), join(scratch.directory, 'server.mjs'));
}, 30_000);
afterEach(async () => {
  const master = join(fleet, 'nginx.pid');
  if (existsSync(master)) stopPids([Number(readFileSync(master, 'utf8'))], 'SIGTERM');
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 60_000);

function release(version: string, behaviour: Record<string, unknown> = {}): void {
  writeFileSync(join(scratch.directory, 'behaviour.json'), JSON.stringify({ version, ...behaviour }));
  scratch.git('add', '--all');
  scratch.git('commit', '--quiet', '--message', `feat: release ${version}`);
  scratch.git('tag', `v${version}`);
}

type Settings = { commands: unknown; header: string; strategy: string; smoke?: string; probes?: string };

function configure({
  commands,
  header,
  strategy,
  smoke = '[candidate, environment]',
  probes = '50/s',
}: Settings): void {
  writeFileSync(
    join(scratch.directory, 'seatrial.yaml'),
    `version: 1
service: tiny
environments:
  production:
    url: ${scratch.url}
    target:
      kind: command
      commands: ${JSON.stringify(commands)}
      revisionHeader: ${header}
      requestTimeout: 2s
      drain: 2s
    revision: { versionHeader: x-app-version }
    strategy: ${strategy}
    metrics: { source: prober, path: /, rate: ${probes}, timeout: 2s }
    smoke: [{ name: health, on: ${smoke}, request: { path: /health }, expect: { header: { x-app-version: "{version}" } } }]
    rollback: { document: ROLLBACK.md }
    gates: { allowFriday: true, minFreeDisk: 50MiB }
    approval: { how: none }
    review: warn
`,
  );
}

function ship(version: string, ...more: string[]): { outcome: string; runId: string; reason?: string } {
  const result = scratch.cli(['ship', version, '--yes', '--json', ...more], { timeoutMs: 120_000 });
  const answer = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '{}');
  if (answer.data?.outcome === undefined) throw new Error(`${result.stdout}\n${result.stderr}`);
  return answer.data;
}

const live = async (): Promise<string | null> => (await fetch(`${scratch.url}/health`)).headers.get('x-app-version');

describe('through the command line', () => {
  it.skipIf(nginxBinary === undefined)(
    'a canary over nginx: a good release is promoted, a bad one is rolled back',
    async () => {
      const argvOnly = (commands: Record<string, { argv: string[] } | undefined>): unknown =>
        Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, { argv: command?.argv }]));
      configure({
        commands: argvOnly(fleetCommands(fleet, scratch.port, 4000)),
        header: '{ name: x-revision, tells: revisionId }',
        strategy: '{ kind: canary, maxBake: 60s, steps: [{ weight: 25%, bake: 1s }, { weight: 100%, bake: 1s }] }',
      });
      release('1.0.0');
      expect(ship('1.0.0')).toMatchObject({ outcome: 'succeeded' });
      release('2.0.0');
      expect(ship('2.0.0')).toMatchObject({ outcome: 'succeeded' });
      expect(await live()).toBe('2.0.0');
      release('3.0.0', { errorShare: 0.3 });
      const bad = ship('3.0.0');
      expect(bad.outcome).toBe('rolled_back');
      expect(await live()).toBe('2.0.0');
      const types = scratch.journal(bad.runId);
      expect(types).toContain('"traffic_restored"');
      expect(scratch.cli(['plan', '3.0.0']).stderr).toMatch(/REVISION_REFUSED/);
    },
    300_000,
  );

  it('git push, direct: what the hook refuses never counts as shipped; a bad release is pushed back', async () => {
    const remote = join(scratch.stateHome, 'live.git');
    createRemote({ remote, port: scratch.port, git: scratch.git });
    configure({
      commands: gitCommands,
      header: '{ name: x-app-version }',
      strategy: '{ kind: direct, bake: 1s, maxBake: 60s }',
      smoke: '[environment]',
      // The push takes a moment only, and what stable does in it is all that the candidate can be held against.
      probes: '400/s',
    });
    release('1.0.0');
    expect(ship('1.0.0')).toMatchObject({ outcome: 'succeeded' });
    release('2.0.0');
    const plan = scratch.cli(['plan', '2.0.0']);
    expect(plan.stdout).toMatch(/all of them see it at once/);
    expect(plan.stdout).toMatch(/1\. 2\.0\.0 becomes stable/);
    expect(scratch.cli(['plan', '2.0.0', '--strategy', 'canary']).stderr).toMatch(
      /STRATEGY_UNSUPPORTED[\s\S]*add target\.commands\.set_weight/,
    );
    expect(ship('2.0.0')).toMatchObject({ outcome: 'succeeded' });
    release('3.0.0', { crashOnStart: true });
    // Users never saw it: the hook tries a commit beside what serves.
    expect(ship('3.0.0').outcome).toMatch(/rolled_back|failed/);
    expect(await live()).toBe('2.0.0');
    release('4.0.0', { errorShare: 0.5 });
    expect(ship('4.0.0')).toMatchObject({ outcome: 'rolled_back' });
    expect(await live()).toBe('2.0.0');
    const back = scratch.cli(['rollback', '--to', '1.0.0', '--reason', 'orders are missing', '--follow'], {
      timeoutMs: 60_000,
    });
    expect(back.code, back.stderr).toBe(0);
    expect(await live()).toBe('1.0.0');
  }, 300_000);
});
