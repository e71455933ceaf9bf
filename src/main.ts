#!/usr/bin/env node
import { dirname, sep } from 'node:path';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { declareVariables, emitText } from './model/redaction/emit.ts';

/** Set by the build from package.json. */
declare const __SEATRIAL_VERSION__: string;
const version = typeof __SEATRIAL_VERSION__ === 'undefined' ? '0.0.0-source' : __SEATRIAL_VERSION__;

/** Sub-commands that seatrial starts itself, detached; they are in no help. */
const hiddenCommands: ReadonlySet<string> = new Set([
  'supervise',
  'watchdog',
  'host-daemon',
  'host-guard',
  'return-users',
]);

// The host keeps serving after a defect in one request, and says so in its log: it has handlers of its own. A hook stands in the way of
// somebody's session: whatever goes wrong in it, the session goes on.
if (process.argv[2] !== 'host-daemon') {
  const onDefect = process.argv[2] === 'hook' ? () => process.exit(0) : fail;
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
}

declareVariables(process.env);

// Everything is imported when it is needed: the answer to a client's first message should not wait for a proxy.
main(process.argv.slice(2)).then((code) => process.exit(code), fail);

async function main(argv: readonly string[]): Promise<number> {
  const [command = '', ...rest] = argv;
  if (command === 'mcp' && rest.length === 0) return serveMcp();
  if (command === 'hook') return answerHook(rest);
  if (hiddenCommands.has(command)) return runHidden(command, rest);
  const [{ runCli }, { createProcessIo }, { createSystemClock }, { operations }] = await Promise.all([
    import('./cli/run-cli.ts'),
    import('./cli/process-io.ts'),
    import('./system/clock.ts'),
    import('./operations/list.ts'),
  ]);
  return runCli(argv, { io: createProcessIo(createSystemClock()), version, operations });
}

/** Comes before everything that the other commands load. What agents start is dist/hook.mjs, which holds nothing else. */
async function answerHook(args: readonly string[]): Promise<number> {
  const { answerHook: answer } = await import('./operations/hook/answer-hook.ts');
  return answer(args, process);
}

async function serveMcp(): Promise<number> {
  const ended = clientHasGone();
  const streams = { input: process.stdin, output: await takeStdout() };
  if (process.stdin.isTTY)
    process.stderr.write(
      'seatrial mcp speaks the Model Context Protocol on stdin and stdout; agents start it. Ctrl-C ends it.\n',
    );
  const [{ runMcpStdio }, { createSystemClock }] = await Promise.all([
    import('./mcp/stdio.ts'),
    import('./system/clock.ts'),
  ]);
  const operations = async () => (await import('./operations/list.ts')).operations;
  const options = {
    version,
    operations,
    resources: async () =>
      (await import('./mcp/run-resources.ts')).createRunResources(await operations(), async () =>
        (await import('./config/json-schema.ts')).renderJsonSchema(),
      ),
    prompts: async () => (await import('./operations/load-commands.ts')).loadCommands(),
    completer: async () => ({
      suggest: async (argument: string, typed: string, { projectDirectory }: { projectDirectory: string }) =>
        (await import('./operations/suggest-values.ts')).suggestValues(argument, typed, projectDirectory),
    }),
    clock: createSystemClock(),
    project: {
      environmentDirectory: process.env['CLAUDE_PROJECT_DIR'],
      workingDirectory: process.cwd(),
      pluginDirectory: pluginDirectory(),
    },
  };
  return runMcpStdio(options, streams, ended);
}

function clientHasGone(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    for (const event of ['end', 'close', 'error'] as const) process.stdin.once(event, () => resolve());
    process.stdout.on('error', () => resolve());
  });
}

/** The only way to stdout; whatever else writes there (a library, a forgotten print) comes out on stderr. */
async function takeStdout(): Promise<Writable> {
  const [{ Console }, { Writable }] = await Promise.all([import('node:console'), import('node:stream')]);
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  globalThis.console = new Console(process.stderr, process.stderr);
  return new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      write(chunk, () => done());
    },
  });
}

async function runHidden(command: string, args: readonly string[]): Promise<number> {
  const { processes } = await import('./operations/processes.ts');
  const run = processes[command];
  if (run === undefined) throw new Error(`this build has no sub-command ${command}`);
  await run(args);
  return 0;
}

/** The folder above `dist/`, where the plugin lies; null when this is not the bundle. */
function pluginDirectory(): string | null {
  const self = fileURLToPath(import.meta.url);
  return self.endsWith(`${sep}dist${sep}seatrial.mjs`) ? dirname(dirname(self)) : null;
}

/** One line that a person can report; the stack only when asked for. */
function fail(thrown: unknown): never {
  const message = emitText(thrown instanceof Error ? thrown.message : String(thrown));
  process.stderr.write(`error INTERNAL: Unexpected: ${message.split('\n')[0]}\n`);
  if (process.env['SEATRIAL_DEBUG'] && thrown instanceof Error)
    process.stderr.write(`${emitText(thrown.stack ?? '')}\n`);
  process.exit(1);
}
