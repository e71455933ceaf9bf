import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Scratch } from '../e2e/scratch-project.ts';
import { type ModelRequest, type ScriptedModel, startScriptedModel, type Turn } from './scripted-model.ts';

/** The program, where `npm run test:client` could have it; else null, and everything here is skipped. */
export const clientProgram = process.env['SEATRIAL_CLIENT'] ?? null;
/** The plugin is the tree of this repository with the bundle that lies in it. */
export const pluginFolder = process.cwd();

export type ClientRun = {
  /** Exit code; null when it was killed. */
  code: number | null;
  /** What it printed, line by line. */
  events: readonly ClientEvent[];
  requests: readonly ModelRequest[];
  /** What the person was asked, and what the answer was. */
  asked: readonly Asked[];
  /** Hosts that it wanted to reach beside the model. */
  wentOut: readonly string[];
  /** Turns of the script that were reached. */
  reached: number;
  stderr: string;
};

export type Asked = { tool: string; input: Record<string, unknown>; allowed: boolean };

export type ClientOptions = {
  /** The project it is started in; all that it leaves behind goes with the project. */
  scratch: Scratch;
  prompt: string;
  script: readonly Turn[];
  /** Another plugin than this one. */
  plugin?: string;
  args?: readonly string[];
  env?: Record<string, string>;
  /** Answers permission prompts; without one there is nobody to ask. */
  person?: (asked: { tool: string; input: Record<string, unknown> }) => boolean;
  /** Called with each line while it runs; `kill` ends its whole process group at once. */
  watch?: (event: ClientEvent, kill: () => void) => void;
  timeoutMs?: number;
};

const clientEvent = z.looseObject({ type: z.string() });
export type ClientEvent = z.output<typeof clientEvent>;

const permissionRequest = z.looseObject({
  type: z.literal('control_request'),
  request_id: z.string(),
  request: z.looseObject({
    subtype: z.literal('can_use_tool'),
    tool_name: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
});

/** Runs the real client to its end, in an empty HOME and with nothing of this machine's environment. */
export async function runClient(options: ClientOptions): Promise<ClientRun> {
  if (clientProgram === null) throw new Error('There is no client: run `npm run test:client`.');
  const model = await startScriptedModel(options.script);
  const outside = await startOutside();
  options.scratch.trust();
  // Beside the project: runs outlive the client, and with it their HOME must not go.
  const home = mkdtempSync(join(dirname(options.scratch.directory), 'client-'));
  const more = { SEATRIAL_STATE_HOME: options.scratch.stateHome, ...options.env };
  try {
    const talk = await talkTo(clientProgram, options, environment({ model, outside, home, more }));
    model.assertWhole();
    return { ...talk, requests: model.requests, wentOut: outside.hosts, reached: model.reached() };
  } finally {
    await model.close();
    await outside.close();
  }
}

type Place = { model: ScriptedModel; outside: Outside; home: string; more: Record<string, string> };

function environment({ model, outside, home, more }: Place): Record<string, string> {
  mkdirSync(join(home, 'tmp'));
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    NO_COLOR: '1',
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    ANTHROPIC_BASE_URL: model.url,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    HTTP_PROXY: outside.url,
    HTTPS_PROXY: outside.url,
    ALL_PROXY: outside.url,
    NO_PROXY: '127.0.0.1,localhost',
    ...more,
  };
}

async function talkTo(
  program: string,
  { scratch, prompt, plugin = pluginFolder, args = [], person, watch, timeoutMs = 90_000 }: ClientOptions,
  env: Record<string, string>,
): Promise<Pick<ClientRun, 'code' | 'events' | 'asked' | 'stderr'>> {
  const withPerson =
    person === undefined ? [prompt] : ['--input-format', 'stream-json', '--permission-prompt-tool', 'stdio'];
  const child = spawn(
    program,
    ['--print', ...withPerson, '--plugin-dir', plugin, '--output-format', 'stream-json', '--verbose', ...args],
    { cwd: scratch.directory, env, detached: true, stdio: [person === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] },
  );
  const kill = (): void => killGroup(child.pid);
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    kill();
  }, timeoutMs);
  const [events, asked]: [ClientEvent[], Asked[]] = [[], []];
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const tell = (line: object): void => void child.stdin?.write(`${JSON.stringify(line)}\n`);
  if (person !== undefined) tell({ type: 'user', message: { role: 'user', content: prompt } });
  if (child.stdout === null) throw new Error('The client has no stdout.');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = clientEvent.parse(JSON.parse(line));
    events.push(event);
    const question = permissionRequest.safeParse(event);
    if (question.success && person !== undefined) tell(answerOf(question.data, person, asked));
    // With its input open it would wait for the next prompt.
    if (event.type === 'result') child.stdin?.end();
    watch?.(event, kill);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(deadline);
  if (late) throw new Error(`The client has not ended within ${timeoutMs / 1000} s: ${stderr}`);
  return { code, events, asked, stderr };
}

function answerOf(
  { request_id, request }: z.output<typeof permissionRequest>,
  person: (asked: { tool: string; input: Record<string, unknown> }) => boolean,
  asked: Asked[],
): object {
  const question = { tool: request.tool_name, input: request.input };
  const allowed = person(question);
  asked.push({ ...question, allowed });
  const response = allowed
    ? { behavior: 'allow', updatedInput: request.input }
    : { behavior: 'deny', message: 'The person said no.' };
  return { type: 'control_response', response: { subtype: 'success', request_id, response } };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

type Outside = { url: string; hosts: readonly string[]; close(): Promise<void> };

/** Stands where a proxy to the world would be: notes who was wanted, and lets nothing through. */
async function startOutside(): Promise<Outside> {
  const hosts: string[] = [];
  const server = net.createServer((socket) => {
    socket.once('data', (chunk) => {
      hosts.push(chunk.toString('latin1').split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The outside has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    hosts,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
