import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hookEvents } from '../../src/operations/hook/run-hook.ts';
import { operations } from '../../src/operations/list.ts';
import { bundle, hookBundle, trustProject } from '../e2e/scratch-project.ts';
import { recordProof } from '../faults/record-proof.ts';
import { readTrace, runTraced, strace, type Traced, traceArguments } from '../fixtures/traced-calls.ts';

/** Seen from outside: what a repository that nobody has trusted makes the built bundle do. Everything it names is a trap. */
let base: string;
let project: string;
let state: string;
let env: Record<string, string>;
let listener: Server;
let connections = 0;
let turn = 0;

beforeAll(async () => {
  base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-untrusted-'));
  [project, state] = [join(base, 'project'), join(base, 'state')];
  for (const path of [project, state]) mkdirSync(path);
  env = { PATH: process.env['PATH'] ?? '', HOME: base, SEATRIAL_STATE_HOME: state, TRAP: join(base, 'sprung') };
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  writeFileSync(join(project, 'trap.sh'), `#!/bin/sh\necho sprung >> '${join(base, 'sprung')}'\n`);
  chmodSync(join(project, 'trap.sh'), 0o755);
  writeFileSync(join(project, '.env'), 'NODE_OPTIONS=--require ./trap.cjs\n');
  writeFileSync(join(project, 'seatrial.yaml'), hostileConfig(`http://127.0.0.1:${port}`));
  const author = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
  const options = { cwd: project, env: { ...env, ...author, GIT_CONFIG_GLOBAL: '/dev/null' } };
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-qm', 'x'],
    ['tag', 'v1.0.0'],
  ])
    execFileSync('git', args, options);
  const trap = join(project, 'trap.sh');
  execFileSync('git', ['config', 'core.fsmonitor', trap], options);
  execFileSync('git', ['config', 'diff.external', trap], options);
});
afterAll(() => {
  listener?.close();
  rmSync(base, { recursive: true, force: true });
});

function hostileConfig(url: string): string {
  const trap = '[./trap.sh]';
  const commands = ['inspect', 'provision', 'promote', 'retire'].map((name) => `${name}: { argv: ${trap} }`).join(', ');
  return `version: 1
service: shop
environments:
  production:
    url: ${url}
    target:
      kind: command
      commands: { ${commands} }
      revisionHeader: { name: x-version }
    revision: { env: { file: .env } }
    metrics: { source: prometheus, url: "${url}/prometheus", match: 'v="{{version}}"', template: traefik }
    business: [{ name: orders, from: { source: command, command: ${trap} } }]
    smoke:
      - { name: one, command: ${trap} }
      - { name: two, request: { path: / } }
    gates: { evidence: { tests: { command: ${trap} }, security: { url: "${url}/security" } } }
    notify: [{ webhook: "${url}/hook" }, { command: ${trap} }, { file: told.jsonl }]
    approval: { how: none }
    review: warn
  local:
    url: http://127.0.0.1:1
    target: { kind: process, command: ${trap} }
    revision: { prepare: [${trap}] }
    approval: { how: none }
`;
}

/** Arguments for every command, those that change things foremost; a new command without a line here fails the test. */
const commandLines: Readonly<Record<string, string[][]>> = {
  preflight: [
    ['preflight', '1.0.0'],
    ['preflight', '1.0.0', '--env', 'local'],
    ['preflight', '1.0.0', '--gate', 'tests'],
  ],
  plan: [
    ['plan', '1.0.0'],
    ['plan', '1.0.0', '--guidance', 'security first', '--answers', 'data=x'],
    ['plan', '1.0.0', '--env', 'local'],
  ],
  approve: [
    ['approve', 'deadbeefdead', '--code', 'DEADBE'],
    ['approve', '--scope', 'gate', '--pitfall', 'silent-deploy'],
  ],
  start: [['start', 'deadbeefdead']],
  status: [['status']],
  control: [['control', 'abort']],
  rollback: [['rollback'], ['rollback', '--rehearse'], ['rollback', '--env', 'local']],
  smoke: [['smoke'], ['smoke', '--env', 'local']],
  report: [['report']],
  'gate-check': [
    ['gate-check', 'test', '--version', '1.0.0'],
    ['gate-check', 'target-healthy', '--version', '1.0.0'],
  ],
  'release-notes': [
    ['release-notes', '--version', '1.0.0'],
    ['release-notes', '--version', '1.0.0', '--changelog'],
  ],
  review: [
    ['review', 'draft'],
    ['review', 'status'],
  ],
  learnings: [['learnings'], ['learnings', 'show'], ['learnings', 'add', '--text', 'x'], ['learnings', 'rebuild']],
  'learnings accept': [['learnings', 'accept', 'silent-deploy', '--code', '000000']],
  'learnings dismiss': [['learnings', 'dismiss', 'silent-deploy', '--code', '000000']],
  'learnings export': [['learnings', 'export']],
  'learnings import': [['learnings', 'import']],
  'learnings retry': [['learnings', 'retry', '01j9aaaaaaaaaaaaaaaaaaaaaa', '--reason', 'x']],
  questions: [['questions'], ['questions', '--ask']],
  'review acknowledge': [['review', 'acknowledge']],
  complete: [['complete']],
  approvers: [
    ['approvers', 'list'],
    ['approvers', 'list', '--environment', 'production'],
    ['approvers', 'remove', 'ada'],
  ],
  init: [['init'], ['init', '--templates'], ['init', '--no-agents']],
  trust: [['trust', '--show'], ['trust'], ['trust', '--code', '000000'], ['trust', '--revoke']],
  explain: [['explain']],
  analyze: [['analyze', 'seatrial.yaml']],
  pause: [['pause']],
  resume: [['resume']],
  promote: [['promote']],
  abort: [['abort']],
  freeze: [['freeze', 'because', '--until', '1s']],
  thaw: [['thaw'], ['thaw', '--code', '000000']],
  doctor: [['doctor'], ['doctor', '--repair']],
  unlock: [
    ['unlock', '--force', '--reason', 'x'],
    ['unlock', '--force', '--reason', 'x', '--code', '000000'],
  ],
  host: [
    ['host', 'status'],
    ['host', 'up'],
    ['host', 'down', '--env', 'local'],
  ],
  runs: [['runs']],
  logs: [['logs']],
};
/** Makes a project of its own and never looks at this one. */
const apart = ['demo'];

/** Everything beyond reading that was seen, but for what seatrial does by itself: git that reads, and its own state folder. */
function beyondReading({ started, sockets, written }: Traced): string[] {
  return [
    ...started.filter((argv) => !isOwn(argv)).map((argv) => `started ${JSON.stringify(argv)}`),
    // The C library asks the machine's user database for names.
    ...sockets.filter((peer) => !/nscd\/socket/.test(peer)).map((peer) => `socket ${peer}`),
    ...written
      .filter((path) => !path.startsWith(`${state}/`) && path !== state && !path.startsWith('/dev/'))
      .map((path) => `wrote ${path}`),
  ];
}

const readingGit: ReadonlySet<string> = new Set([
  'rev-list',
  'rev-parse',
  'for-each-ref',
  'show',
  'log',
  'cat-file',
  'version',
  '--version',
]);

/** ssh is asked for its version only. */
function isOwn([program = '', ...args]: string[]): boolean {
  if (program === process.execPath) return args[0] === bundle || args[0] === hookBundle;
  if (program.endsWith('/ssh')) return args.join(' ') === '-V';
  return /(^|\/)git$/.test(program) && args.some((argument) => readingGit.has(argument));
}

const traceFile = (): string => join(base, `trace-${turn++}`);
const trapSprung = (): boolean => existsSync(join(base, 'sprung'));

describe.skipIf(strace === undefined)('a repository that nobody has trusted', () => {
  it('makes no command start, contact or write anything', { timeout: 600_000 }, async () => {
    const names = operations.flatMap(({ cli }) => cli?.command ?? []).filter((name) => !apart.includes(name));
    expect(Object.keys(commandLines).sort()).toEqual([...new Set(names)].sort());
    const lines = [
      ...Object.values(commandLines).flat(),
      ['ship', '1.0.0', '--yes'],
      ['ship', '1.0.0'],
      ['ship', '1.0.0', '--dry-run'],
    ];
    const wrong: string[] = [];
    for (const line of lines) {
      const seen = runTraced([process.execPath, bundle, ...line], { file: traceFile(), cwd: project, env });
      wrong.push(...beyondReading(seen).map((what) => `${line.join(' ')}: ${what}`));
      if (/INTERNAL/.test(seen.output)) wrong.push(`${line.join(' ')}: ${seen.output}`);
    }
    recordProof({
      promise: 'hostile-repositories',
      what: 'a command in a repository that nobody trusted: programs started, sockets, writes outside the state folder (strace)',
      tried: lines.length,
      wrong: new Set(wrong.map((text) => text.split(':')[0])).size,
      seed: null,
    });
    expect(wrong).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([trapSprung(), connections]).toEqual([false, 0]);
    expect(readdirSync(project).sort()).toEqual(['.env', '.git', 'seatrial.yaml', 'trap.sh']);
  });

  it('makes no tool of an agent start, contact or write anything, and says who can trust it', {
    timeout: 300_000,
  }, async () => {
    const file = traceFile();
    const args = [...traceArguments(file), process.execPath, bundle, 'mcp'];
    const transport = new StdioClientTransport({ command: strace ?? '', args, cwd: project, env, stderr: 'ignore' });
    const client = new Client({ name: 'claude-code', version: '1' });
    await client.connect(transport);
    const tools = operations.filter(({ tool }) => tool);
    const given: Record<string, Record<string, unknown>> = {
      preflight: { version: '1.0.0' },
      rollout_plan: { version: '1.0.0' },
      rollout_start: { plan_id: 'deadbeefdead' },
      rollout_approve: { scope: 'start', plan_id: 'deadbeefdead' },
      rollout_control: { action: 'abort' },
      learnings: { action: 'rebuild' },
      deploy_review: { action: 'draft' },
    };
    const answers = new Map<string, string>();
    for (const { name } of tools) {
      const answer = await client.callTool({ name, arguments: given[name] ?? {} }, undefined, { timeout: 60_000 });
      answers.set(name, JSON.stringify(answer));
    }
    await client.listResources();
    await client.close();
    const wrong = beyondReading(readTrace(file, project));
    recordProof({
      promise: 'hostile-repositories',
      what: 'an MCP tool in a repository that nobody trusted: programs started, sockets, writes outside the state folder (strace)',
      tried: tools.length,
      wrong: wrong.length,
      seed: null,
    });
    expect(wrong).toEqual([]);
    expect([trapSprung(), connections]).toEqual([false, 0]);
    for (const name of ['preflight', 'rollout_plan', 'rollout_start', 'smoke_test', 'rollback', 'learnings'])
      expect(answers.get(name)).toMatch(
        /NOT_TRUSTED.*A person looks at it and decides, in a terminal.*`seatrial trust`/,
      );
  });

  it('makes no hook of an agent start, contact or write anything, nor any program of our own', {
    timeout: 300_000,
  }, () => {
    const command = 'git push origin v1.0.0; ./trap.sh; kubectl apply -f "$(./trap.sh)" && vercel --prod';
    const inputs = hookEvents.flatMap((event): Array<[string, string]> => {
      const given = { cwd: project, session_id: 's', prompt: '/phase-2-ship x', tool_name: 'Bash' };
      const all = { ...given, tool_input: { command }, tool_use_id: 't', stop_hook_active: false };
      return [
        [event, JSON.stringify(all)],
        [event, 'broken'],
      ];
    });
    // With a folder of its own a deploy could be recorded, if somebody trusted it.
    mkdirSync(join(project, '.seatrial'));
    const wrong: string[] = [];
    const said: string[] = [];
    for (const [event, input] of inputs) {
      const line = [process.execPath, hookBundle, event];
      const { output, code, ...seen } = runTraced(line, { file: traceFile(), cwd: project, env, input });
      wrong.push(...[...beyondReading(seen), ...seen.started.slice(1)].map((what) => `hook ${event}: ${what}`));
      wrong.push(
        ...seen.written.filter((path) => path.startsWith(state)).map((path) => `hook ${event}: wrote ${path}`),
      );
      if (code !== 0) wrong.push(`hook ${event}: ended with ${code}`);
      if (output !== '') said.push(event);
    }
    rmSync(join(project, '.seatrial'), { recursive: true });
    recordProof({
      promise: 'hostile-repositories',
      what: 'a hook of an agent in a repository that nobody trusted: programs started, sockets, writes anywhere (strace)',
      tried: inputs.length,
      wrong: wrong.length,
      seed: null,
    });
    expect(wrong).toEqual([]);
    expect(said).toEqual(['pre-tool-use', 'user-prompt-submit']);
    expect([trapSprung(), connections]).toEqual([false, 0]);
  });

  it('is acted upon once a person has trusted it (the traps and this test work)', { timeout: 120_000 }, async () => {
    trustProject({ directory: project, env });
    const seen = runTraced([process.execPath, bundle, 'preflight', '1.0.0'], { file: traceFile(), cwd: project, env });
    const beyond = beyondReading(seen).join('\n');
    expect(beyond).toMatch(/started .*trap\.sh/);
    expect(beyond).toMatch(/socket .*127\.0\.0\.1/);
    expect(trapSprung()).toBe(true);
    // The listener belongs to this process, which was waiting.
    await expect.poll(() => connections, { timeout: 30_000 }).toBeGreaterThan(0);
    // One changed byte in what it runs, and it is a stranger again.
    writeFileSync(join(project, 'trap.sh'), '#!/bin/sh\necho changed\n');
    const changed = runTraced([process.execPath, bundle, 'smoke'], { file: traceFile(), cwd: project, env });
    expect(beyondReading(changed)).toEqual([]);
    expect(changed.output).toMatch(/NOT_TRUSTED.*this changed: content of trap\.sh/);
  });
});
