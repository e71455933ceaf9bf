import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandTargetSchema } from '../../../src/model/config/target.ts';
import type { Revision } from '../../../src/model/revision.ts';
import type { Act, Target } from '../../../src/model/target.ts';
import { createCommandTarget } from '../../../src/targets/command/command-target.ts';

const commit = 'a'.repeat(40);
export const one: Revision = { id: '1.0.0-aaaaaaaaaaaa', version: '1.0.0', commit, ref: 'v1.0.0', artifact: null };
export const live = (changes: Record<string, unknown> = {}): { revisions: Record<string, unknown>[] } => ({
  revisions: [
    {
      revisionId: one.id,
      version: one.version,
      role: 'stable',
      weightPercent: 100,
      instances: [{ id: 'a', state: 'ready' }],
      ...changes,
    },
  ],
});
export const nothing = { revisions: [] };

export type ScriptedPlace = {
  target: Target;
  directory: string;
  /** What `inspect` prints from now on. */
  show(answer: unknown): void;
  /** What a program was handed: its arguments, SEATRIAL_* and standard input. */
  heard(name: string): { argv: string[]; env: Record<string, string>; input: string } | null;
  act(changes?: Partial<Act>): Act;
  close(): void;
};

const recorder = `
import { readFileSync, writeFileSync } from 'node:fs';
const [name, ...argv] = process.argv.slice(2);
const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => key.startsWith('SEATRIAL_')));
writeFileSync('heard-' + name + '.json', JSON.stringify({ argv, env, input: readFileSync(0, 'utf8') }));
`;

/** A target whose programs are what the test says: code of Node.js after the recorder, in a folder of its own. */
export function createScriptedPlace(
  programs: Record<string, { code: string; argv?: string[]; more?: Record<string, unknown> }>,
  settings: Record<string, unknown> = {},
): ScriptedPlace {
  const directory = mkdtempSync(join(tmpdir(), 'seatrial-command-'));
  const commands: Record<string, unknown> = {
    inspect: { argv: [process.execPath, '-e', "process.stdout.write(require('fs').readFileSync('inspect.json'))"] },
  };
  for (const [name, { code, argv = [], more = {} }] of Object.entries(programs)) {
    const file = join(directory, `${name}.mjs`);
    writeFileSync(file, `${recorder}${code}`);
    chmodSync(file, 0o755);
    commands[name] = { argv: [process.execPath, file, name, ...argv], ...more };
  }
  const place: ScriptedPlace = {
    directory,
    target: createCommandTarget({
      spec: commandTargetSchema.parse({
        kind: 'command',
        commands,
        revisionHeader: { name: 'x-version' },
        ...settings,
      }),
      url: 'http://127.0.0.1:1',
      environment: 'test',
      service: 'tiny',
      projectDirectory: directory,
      memoryDirectory: join(directory, 'memory'),
    }),
    show: (answer) =>
      writeFileSync(join(directory, 'inspect.json'), typeof answer === 'string' ? answer : JSON.stringify(answer)),
    heard: (name) => {
      const path = join(directory, `heard-${name}.json`);
      return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
    },
    act: (changes = {}) => ({
      idempotencyKey: 'run-1:02-promote',
      fence: 3,
      deadlineMs: 10_000,
      signal: new AbortController().signal,
      ...changes,
    }),
    close: () => rmSync(directory, { recursive: true, force: true }),
  };
  place.show(nothing);
  return place;
}
