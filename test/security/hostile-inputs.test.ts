import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { runFolder } from '../../src/journal/state-folder.ts';
import { callTool, renderError } from '../../src/mcp/call-tool.ts';
import { DeployError, toDeployError } from '../../src/model/deploy-error.ts';
import type { Operation } from '../../src/model/operation.ts';
import { describeInput, parseInput } from '../../src/model/operation-input.ts';
import {
  environmentNameSchema,
  gitOidSchema,
  gitRefSchema,
  planIdSchema,
  runIdSchema,
  versionSchema,
  weightSchema,
} from '../../src/model/vetted.ts';
import { operations } from '../../src/operations/list.ts';
import { openProject } from '../../src/operations/project.ts';
import { trustProject } from '../../src/operations/trust/trust-project.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { resolveInside } from '../../src/system/files.ts';
import { fillArgv } from '../../src/system/fill-argv.ts';
import { openRepository } from '../../src/system/git.ts';
import { seededRandom } from '../analysis/seeded-random.ts';
import { createMemoryIo } from '../cli/memory-io.ts';
import { proofCount, recordProof } from '../faults/record-proof.ts';
import { hostileTexts, hostileValue, pick, type Random } from './hostile-values.ts';

/** All cases together; those through the doors take a hundred times as long. */
const cases = Number(process.env['SEATRIAL_HOSTILE_CASES'] ?? proofCount({ quick: 6000, full: 1_000_000 }));
const doorCases = Math.min(Math.ceil(cases / 10), 40_000);
const seed = Number(process.env['SEATRIAL_SEED'] ?? 20261121);
const timeout = 60_000 + cases * 10;
const longestMs = 1000;

let root: string;
let project: string;
let canary: string;
let texts: readonly string[];
let before: string[];
const kept = { path: process.env['PATH'], state: process.env['SEATRIAL_STATE_HOME'] };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'seatrial-inputs-'));
  project = join(root, 'project');
  canary = join(root, 'outside', 'canary');
  for (const folder of ['project/bin', 'outside', 'state', 'shims']) mkdirSync(join(root, folder), { recursive: true });
  program('project/bin/platform', `printf '%s\\0' "$@" >> '${join(root, 'state', 'argv')}'\nexit 1`);
  // Whoever asks for a shell by its name is found out.
  for (const name of ['sh', 'bash', 'dash', 'env', 'git', 'node'])
    program(`shims/${name}`, `echo ${name} "$@" >> '${join(root, 'outside', 'spawned')}'\nexit 1`);
  writeFileSync(join(root, 'outside', 'secret.txt'), 'outside\n');
  writeFileSync(join(project, 'seatrial.yaml'), config);
  process.env['PATH'] = join(root, 'shims');
  process.env['SEATRIAL_STATE_HOME'] = join(root, 'state');
  const trusted = { by: 'test', how: 'own-project', atMs: 0, fingerprint: null } as const;
  await trustProject(await openProject(project), trusted);
  texts = hostileTexts(canary);
  before = outside();
});

afterAll(() => {
  process.env['PATH'] = kept.path;
  if (kept.state === undefined) delete process.env['SEATRIAL_STATE_HOME'];
  else process.env['SEATRIAL_STATE_HOME'] = kept.state;
  rmSync(root, { recursive: true, force: true });
});

const config = `
version: 1
service: shop
environments:
  production:
    url: http://127.0.0.1:9
    target:
      kind: command
      commands:
        inspect: { argv: [bin/platform, inspect] }
        promote: { argv: [bin/platform, promote, '{version}', '--ref={ref}'] }
      revisionHeader: { name: x-version }
    metrics: { source: prober }
`;

function program(path: string, text: string): void {
  writeFileSync(join(root, path), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, path), 0o755);
}

/** Everything outside of project and state. */
function outside(): string[] {
  const below = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return [
    ...below.filter((path) => !/^(?:project|state)\//.test(path)).sort(),
    readFileSync(join(root, 'outside', 'secret.txt'), 'utf8'),
  ];
}

/** demo and host run programs of ours for a while; init and the page of analyze write where the person at the terminal says; a stop would end the other cases early. */
const asked = operations.filter(({ name }) => !['demo', 'host', 'init', 'freeze'].includes(name));

function hostileInput(operation: Operation, random: Random): Record<string, unknown> {
  const fields = describeInput(operation.input).filter(({ name }) => name !== 'html' && name !== 'revoke');
  const chosen = fields.length === 0 ? undefined : pick(random, fields).name;
  const given: Record<string, unknown> = {};
  for (const field of fields) {
    const hostile = field.name === chosen || random() < 0.25;
    if (hostile) given[field.name] = hostileValue(random, texts);
    else if (field.required || random() < 0.5)
      given[field.name] = field.choices === null ? field.example : pick(random, field.choices);
  }
  if (random() < 0.05) given[pick(random, texts)] = 'unknown';
  return given;
}

const harmless = /^[^\p{Cc}\p{Cf}]*$/u;

async function throughMcp(operation: Operation, given: Record<string, unknown>): Promise<string> {
  const clock = createSystemClock();
  const context = async () => ({
    projectDirectory: project,
    caller: { door: 'mcp' as const, name: 'fuzz', client: 'fuzz', interactive: false },
    clock,
    signal: new AbortController().signal,
    progress: () => {},
  });
  try {
    return JSON.stringify(await callTool(operation, given, context));
  } catch (thrown) {
    const error = toDeployError(thrown);
    if (error.code === 'INTERNAL') throw new Error(`${operation.name} crashed: ${error.message}`, { cause: thrown });
    const text = renderError(error)
      .content.map((part) => ('text' in part ? part.text : ''))
      .join('');
    if (!harmless.test(text.replace(/[\n\t]/g, '')))
      throw new Error(`${operation.name} says something that moves a cursor`);
    return text;
  }
}

async function throughCli(operation: Operation, given: Record<string, unknown>): Promise<string> {
  const { command = '', positional = [] } = operation.cli ?? {};
  const flags = Object.entries(given).filter(([name]) => !positional.includes(name));
  const argv = [
    ...command.split(' '),
    ...flags.flatMap(([name, value]) => [
      `--${name.replaceAll('_', '-')}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    ...positional.flatMap((name) =>
      given[name] === undefined ? [] : [typeof given[name] === 'string' ? given[name] : JSON.stringify(given[name])],
    ),
  ].map(String);
  const io = { ...createMemoryIo({ input: '' }), workingDirectory: project };
  const code = await runCli(argv, { io, version: '0.0.0', operations });
  const text = [...io.out, ...io.errors].join('');
  if (/error INTERNAL/.test(text) || !Number.isInteger(code)) throw new Error(`${argv.join(' ')}: ${text}`);
  if (!harmless.test(text.replace(/[\n\t]/g, ''))) throw new Error(`${command} says something that moves a cursor`);
  return text;
}

describe('hostile inputs', () => {
  it('through both doors: every answer is one that was meant, nothing runs, hangs or is written outside', {
    timeout,
  }, async () => {
    const random = seededRandom(seed);
    const wrong: string[] = [];
    const slow: string[] = [];
    for (let round = 0; round < doorCases; round += 1) {
      const operation = pick(random, asked);
      const given = hostileInput(operation, random);
      const door = operation.tool && (operation.cli === null || random() < 0.5) ? throughMcp : throughCli;
      const started = performance.now();
      await door(operation, given).catch((thrown: unknown) =>
        wrong.push(`${operation.name} ${JSON.stringify(given)}: ${String(thrown)}`),
      );
      const tookMs = performance.now() - started;
      // A busy machine is no hang: what is slow once must be slow again.
      if (tookMs > longestMs) {
        const again = performance.now();
        await door(operation, given).catch(() => undefined);
        if (performance.now() - again > longestMs)
          slow.push(`${operation.name} ${JSON.stringify(given)}: ${Math.round(tookMs)} ms`);
      }
      if (round % 200 === 199) rmSync(join(project, '.seatrial'), { recursive: true, force: true });
    }
    const argv = join(root, 'state', 'argv');
    const seen = existsSync(argv)
      ? readFileSync(argv, 'utf8')
          .split('\0')
          .filter((one) => one !== '')
      : [];
    const handed = seen.filter((one) => one !== 'inspect');
    const written = JSON.stringify(outside()) === JSON.stringify(before) && !existsSync(canary) ? 0 : 1;
    recordProof({
      promise: 'hostile-inputs',
      what: 'hostile values for the fields of every operation through MCP and CLI: no crash, no hang above 1 s, no shell, nothing written outside, no argument but the meant ones',
      tried: doorCases,
      wrong: wrong.length + slow.length + handed.length + written,
      seed,
    });
    expect(wrong).toEqual([]);
    expect(slow).toEqual([]);
    expect(handed).toEqual([]);
    expect(outside()).toEqual(before);
    expect(existsSync(canary)).toBe(false);
  });

  it('in every schema, path and argument: what is taken has the form that it must have', { timeout }, async () => {
    const random = seededRandom(seed + 1);
    const wrong: string[] = [];
    let taken = 0;
    for (let round = 0; round < cases - doorCases; round += 1) {
      const value = hostileValue(random, texts);
      try {
        taken += checkInput(pick(random, operations), random, value);
        if (typeof value !== 'string') continue;
        taken += checkVetted(value);
        checkArguments(value);
        checkRunFolder(value);
        if (round % 20 === 0) await checkPath(value);
      } catch (thrown) {
        wrong.push(`${JSON.stringify(value)}: ${String(thrown)}`);
      }
    }
    const polluted = Object.hasOwn(Object.prototype, 'polluted');
    recordProof({
      promise: 'hostile-inputs',
      what: 'hostile values for every field of every schema, every name, path and argument: what is taken has its form, stays one argument and inside its folder',
      tried: cases - doorCases,
      wrong: wrong.length + Number(polluted),
      seed: seed + 1,
      figures: { taken },
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(taken).toBeGreaterThan(0);
    expect(polluted).toBe(false);
    await expect(openRepository(project)).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' });
    expect(outside()).toEqual(before);
  });
});

function checkInput({ input }: Operation, random: Random, value: unknown): number {
  const parsed = parseInput(input, { [pick(random, Object.keys(input.shape).concat('x'))]: value });
  if (parsed.ok && Object.getPrototypeOf(parsed.value) !== Object.prototype) throw new Error('it has a prototype');
  return Number(parsed.ok);
}

const safe = /^(?!-)(?!.*\.\.)[\x21-\x7e]+$/;
const vettedSchemas = [
  ...[gitOidSchema, gitRefSchema, versionSchema, environmentNameSchema],
  ...[runIdSchema, planIdSchema, weightSchema],
];

function checkVetted(value: string): number {
  const taken = vettedSchemas.filter((schema) => schema.safeParse(value).success).length;
  if (taken > 0 && !safe.test(value)) throw new Error('it was taken');
  return taken;
}

function checkRunFolder(value: string): void {
  const state = { directory: join(root, 'state'), plans: '', approvals: '', runs: join(root, 'state', 'runs') };
  const folder = attempt(() => runFolder(state, value));
  if (folder !== null && folder.directory !== join(state.runs, value)) throw new Error(`it led to ${folder.directory}`);
}

async function checkPath(value: string): Promise<void> {
  const real = await resolveInside(project, value).catch((thrown: unknown) =>
    thrown instanceof DeployError ? null : Promise.reject(thrown),
  );
  if (real !== null && real !== project && !real.startsWith(`${project}/`)) throw new Error(`it led to ${real}`);
}

/** One element stays one argument, is the value itself, and is no option. */
function checkArguments(value: string): void {
  const template = ['tool', '{version}', '--ref={version}', 'as-it-is'];
  const argv = attempt(() => fillArgv(template, { version: value }));
  if (argv === null) return;
  if (
    argv.length !== 4 ||
    argv[1] !== value ||
    argv[2] !== `--ref=${value}` ||
    argv[3] !== 'as-it-is' ||
    value.startsWith('-')
  )
    throw new Error(`${JSON.stringify(value)} became ${JSON.stringify(argv)}`);
}

function attempt<Value>(act: () => Value): Value | null {
  try {
    return act();
  } catch (thrown) {
    if (thrown instanceof DeployError) return null;
    throw thrown;
  }
}
