import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { projectIdOf } from '../../src/journal/state-folder.ts';
import { canonicalJson, sha256Hex } from '../../src/system/canonical-json.ts';
import { bundle, createScratch, type Scratch } from './scratch-project.ts';

const runId = '01k9q0000000000000000000ab';
let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 60_000);

/** A run that a program of format 2 has begun and left. */
function layNewerRun(): string {
  scratch.writeConfig({ environment: 'test' });
  scratch.git('add', '--all');
  scratch.git('commit', '--quiet', '--message', 'feat: shop');
  const rootCommit = scratch.git('rev-list', '--max-parents=0', 'HEAD').trim();
  const projectId = projectIdOf({ rootCommit, configPath: 'seatrial.yaml' });
  const directory = join(scratch.stateHome, 'projects', projectId, 'runs', runId);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const source = readFileSync(join(process.cwd(), 'test/fixtures/journals/v1/unfinished.jsonl'), 'utf8');
  let prev = '0'.repeat(64);
  const lines = source
    .trimEnd()
    .split('\n')
    .map((text) => {
      const { sum: _, ...line } = JSON.parse(text);
      const unsigned = { ...line, v: 2, prev, zone: 'eu' };
      prev = sha256Hex(canonicalJson(unsigned));
      return `${canonicalJson({ ...unsigned, sum: prev })}\n`;
    });
  writeFileSync(join(directory, 'journal.jsonl'), lines.join(''), { mode: 0o600 });
  return directory;
}

/** Names, sizes, times and contents below a folder. */
function fingerprint(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name);
    const found = statSync(path);
    hash.update(JSON.stringify([name, found.isDirectory() ? 'directory' : [found.mtimeMs, readFileSync(path, 'hex')]]));
  }
  return hash.digest('hex');
}

it('a run of a newer seatrial is shown, and neither carried on, taken back nor written to', () => {
  const directory = layNewerRun();
  const before = fingerprint(directory);
  const shown: Array<[string[], RegExp]> = [
    [['status', runId], /a newer seatrial wrote this journal \(format 2\)/],
    [['report', runId, '--detail', 'full'], /a newer seatrial wrote them \(format 2\)/],
    [['runs'], /of a newer seatrial, format 2/],
    [['logs', runId], /run_started/],
  ];
  for (const [args, said] of shown) {
    const { code, stdout, stderr } = scratch.cli(args);
    expect(`${code} ${stdout}${stderr}`).toMatch(said);
    expect(code).toBe(0);
  }
  for (const args of [
    ['abort', runId],
    ['promote', runId],
  ]) {
    const { code, stdout, stderr } = scratch.cli(args);
    expect([args[0], code === 0, /JOURNAL_NEWER|newer seatrial/.test(`${stdout}${stderr}`)]).toEqual([
      args[0],
      false,
      true,
    ]);
  }
  // What the watchdog would start.
  const resumed = runs(['supervise', 'resume', scratch.directory, runId]);
  expect(resumed).toMatch(/JOURNAL_NEWER|newer seatrial/);
  runs(['watchdog', scratch.directory, runId]);
  expect(fingerprint(directory)).toBe(before);
  expect(readdirSync(scratch.stateHome)).not.toContain('locks');
}, 90_000);

/** What a program of ours says that people do not start themselves. */
function runs(args: string[]): string {
  try {
    return execFileSync(process.execPath, [bundle, ...args], {
      cwd: scratch.directory,
      env: scratch.env,
      encoding: 'utf8',
      stdio: 'pipe',
      timeout: 60_000,
    });
  } catch (thrown) {
    return String(Reflect.get(Object(thrown), 'stderr')) + String(Reflect.get(Object(thrown), 'stdout'));
  }
}
