import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle, hookBundle, trustProject } from './scratch-project.ts';

/** The hooks as an agent starts them: the built bundle, JSON on standard input, JSON or nothing on standard output. */
let base: string;
let project: string;
let env: Record<string, string>;

beforeAll(() => {
  base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-hook-e2e-'));
  project = join(base, 'shop');
  mkdirSync(join(project, '.seatrial'), { recursive: true });
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: base,
    SEATRIAL_STATE_HOME: join(base, 'state'),
    CLAUDE_PROJECT_DIR: project,
  };
  writeFileSync(
    join(project, 'seatrial.yaml'),
    'version: 1\nservice: shop\nenvironments:\n  production:\n    url: http://127.0.0.1:9\n    target: { kind: process, command: [node, server.js] }\n',
  );
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function run(
  args: string[],
  input: string,
  { cwd = project, program = [hookBundle] }: { cwd?: string; program?: string[] } = {},
): { code: number | null; stdout: string; stderr: string } {
  const ran = spawnSync(process.execPath, [...program, ...args], {
    input,
    cwd,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr };
}
const call = (command: string): string =>
  JSON.stringify({
    session_id: 's',
    transcript_path: '/tmp/t.jsonl',
    cwd: project,
    permission_mode: 'default',
    hook_event_name: 'PreToolUse',
    tool_name: 'Bash',
    tool_input: { command, description: 'x' },
    tool_use_id: 'toolu_1',
  });

describe('seatrial hook', () => {
  it('answers in the shapes of the protocol, with exit code 0', () => {
    const asked = run(['pre-tool-use'], call('npm test && sudo kubectl apply -f x'));
    expect([asked.code, asked.stderr]).toEqual([0, '']);
    const answer = JSON.parse(asked.stdout);
    expect(Object.keys(answer)).toEqual(['hookSpecificOutput']);
    expect(answer.hookSpecificOutput).toMatchObject({ hookEventName: 'PreToolUse', permissionDecision: 'ask' });
    const typed = run(['user-prompt-submit'], JSON.stringify({ cwd: project, prompt: '/phase-2-ship canary 1.4.0' }));
    expect(JSON.parse(typed.stdout).hookSpecificOutput.hookEventName).toBe('UserPromptSubmit');
    expect(run(['pre-tool-use'], call('helm upgrade x'), { program: [bundle, 'hook'] })).toEqual(
      run(['pre-tool-use'], call('helm upgrade x')),
    );
  });

  it.each([
    ['pre-tool-use', () => call('ls')],
    ['session-start', () => '{"source":"startup"}'],
    ['stop', () => '{}'],
    ['user-prompt-submit', () => '{"prompt":"hello"}'],
    ['pre-tool-use', () => 'broken'],
    ['post-tool-use', () => ''],
    ['stop', () => 'x'.repeat(5_000_000)],
  ])('%s says nothing where nothing is to be said', (event, input) => {
    expect(run([event], input())).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('never ends with 2, which would stop the agent, also for an event that there is not', () => {
    const unknown = run(['before-lunch'], '{}');
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/Events: session-start, pre-tool-use/);
    expect(run([], '').code).toBe(1);
    expect(run(['--help'], '').code).toBe(0);
  });

  it('records a raw deploy once a person has trusted the project, and the id of the project is known from then', () => {
    expect(run(['post-tool-use'], call('fly deploy')).stdout).toBe('');
    expect(readdirSync(join(project, '.seatrial'))).toEqual([]);
    trustProject({ directory: project, env });
    expect(readdirSync(join(base, 'state', 'places'))).toHaveLength(1);
    const told = JSON.parse(run(['post-tool-use'], call('fly deploy')).stdout);
    expect(told.hookSpecificOutput).toMatchObject({ hookEventName: 'PostToolUse' });
    expect(readdirSync(join(project, '.seatrial', 'history', 'by-hand'))).toHaveLength(1);
  });
});
