import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayEntry, projectConfig } from '../fixtures/learnings-project.ts';
import { trustProject } from './scratch-project.ts';

/** The package's folder; tests are run from it. */
const root = process.cwd();
const packed: Record<string, string> = {};
let base: string;

beforeAll(() => {
  base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-update-'));
  packed['A'] = pack('0.1.0', 'Old words.');
  packed['B'] = pack('0.2.0', 'New words of the catalogue.');
}, 120_000);
afterAll(() => rmSync(base, { recursive: true, force: true }));

/**
 * The package as `npm pack` makes it, under another version and with other words in its catalogue. Its dependencies are all
 * in the bundle, so that it can be installed without a registry.
 */
function pack(version: string, summary: string): string {
  const folder = join(base, `package-${version}`);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of manifest.files)
    cpSync(join(root, name), join(folder, name), { recursive: true, force: true, errorOnExist: false, filter: exists });
  const { dependencies, devDependencies, scripts, ...rest } = manifest;
  expect(Object.keys(dependencies).length).toBeGreaterThan(5);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...rest, version }));
  const entry = join(folder, 'learnings', 'pitfalls', 'silent-deploy.md');
  writeFileSync(entry, readFileSync(entry, 'utf8').replace(/^summary: .*$/m, `summary: '${summary}'`));
  npm(['pack', folder, '--pack-destination', base], base);
  return join(base, `seatrial-${version}.tgz`);
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function npm(args: string[], cwd: string): string {
  return execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: base,
      npm_config_cache: join(base, 'npm-cache'),
      npm_config_update_notifier: 'false',
    },
  });
}

function seatrial(bundle: string, project: string, args: string[]): string {
  return execFileSync(process.execPath, [bundle, ...args], {
    cwd: project,
    encoding: 'utf8',
    env: environment(),
  });
}

function environment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: base, SEATRIAL_STATE_HOME: join(base, 'state') };
}

/** Every file of the user, with its bytes and its time of change. */
function snapshot(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules') && !/package(-lock)?\.json$/.test(path));
  return new Map(files.map((path) => [path, `${statSync(path).mtimeMs} ${readFileSync(path).toString('base64')}`]));
}

/** A project that has used the package: runs, notes, a gate, a review, words by hand, settings. */
function useIt(project: string, bundle: string): void {
  mkdirSync(project, { recursive: true });
  writeFileSync(join(project, 'seatrial.yaml'), projectConfig);
  for (let day = 1; day <= 3; day += 1) {
    const entry = dayEntry(day, { pitfalls: ['silent-deploy'] });
    const folder = join(project, '.seatrial', 'history', entry.startedAt.slice(0, 7));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${entry.runId}.json`), JSON.stringify(entry));
  }
  for (const [name, text] of [
    ['reviews/run-00001.md', '# Review\r\nmine\r\n'],
    [
      'gates/01j9.json',
      JSON.stringify({
        v: 1,
        pitfall: 'silent-deploy',
        check: 'notify',
        action: 'accepted',
        environments: ['production'],
        runs: ['run-00001'],
        by: 'ada',
        how: 'terminal',
        at: '2026-11-30T10:00:00.000Z',
      }),
    ],
  ] as const) {
    mkdirSync(join(project, '.seatrial', name, '..'), { recursive: true });
    writeFileSync(join(project, '.seatrial', name), text);
  }
  trustProject({ directory: project, env: environment() });
  seatrial(bundle, project, ['learnings', 'add', '--text', 'Warm the cache first']);
  const file = join(project, '.seatrial', 'learnings.md');
  writeFileSync(file, `\uFEFFmine, above\r\n${readFileSync(file, 'utf8')}`);
  appendFileSync(file, 'mine, below, without an end');
}

/** After the update nothing of the user has changed, and the new version says the new words around what is theirs. */
function expectKept(project: string, bundle: string, before: Map<string, string>): void {
  expect(snapshot(project)).toEqual(before);
  const state = snapshot(join(base, 'state'));
  seatrial(bundle, project, ['learnings', 'rebuild']);
  const file = join(project, '.seatrial', 'learnings.md');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('New words of the catalogue.');
  expect(text.startsWith('\uFEFFmine, above\r\n<!-- seatrial:generated')).toBe(true);
  expect(text.endsWith('mine, below, without an end')).toBe(true);
  expect(text).toContain('> Warm the cache first');
  expect(text).toContain('★★★☆☆ (3/3 - occasional)');
  expect(text).toContain('accepted by ada on 2026-11-30');
  const after = snapshot(project);
  for (const files of [before, after]) files.delete(file);
  expect(after).toEqual(before);
  for (const [path, bytes] of state) expect(snapshot(join(base, 'state')).get(path)).toBe(bytes);
}

describe('an update leaves every byte of the user as it was', () => {
  it('by npm, from one version to the next, and after uninstalling', () => {
    const project = join(base, 'by-npm');
    const bundle = join(project, 'node_modules', 'seatrial', 'dist', 'seatrial.mjs');
    mkdirSync(project);
    npm(['install', packed['A'] ?? ''], project);
    useIt(project, bundle);
    expect(readFileSync(join(project, '.seatrial', 'learnings.md'), 'utf8')).toContain('Old words.');
    const before = snapshot(project);
    expect(before.size).toBeGreaterThan(8);
    npm(['install', packed['B'] ?? ''], project);
    expect(JSON.parse(readFileSync(join(bundle, '..', '..', 'package.json'), 'utf8')).version).toBe('0.2.0');
    expectKept(project, bundle, new Map(before));
    const used = snapshot(project);
    npm(['uninstall', 'seatrial'], project);
    expect(snapshot(project)).toEqual(used);
    npm(['install', packed['B'] ?? ''], project);
    expect(snapshot(project)).toEqual(used);
  }, 240_000);

  it('by putting another folder in the place of the plugin’s', () => {
    const project = join(base, 'by-plugin');
    const plugin = join(base, 'plugins', 'seatrial');
    const bundle = join(plugin, 'dist', 'seatrial.mjs');
    unpack(packed['A'] ?? '', plugin);
    useIt(project, bundle);
    const before = snapshot(project);
    rmSync(plugin, { recursive: true });
    unpack(packed['B'] ?? '', plugin);
    expectKept(project, bundle, before);
  }, 120_000);
});

function unpack(tarball: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
}
