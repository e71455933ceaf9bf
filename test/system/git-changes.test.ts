import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRepository } from '../../src/system/git.ts';

let root: string;
let project: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seatrial-changes-'));
  project = join(root, 'project');
  mkdirSync(project);
  git('init', '-q', '--initial-branch=main');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function git(...args: string[]): void {
  const person = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
  execFileSync('git', [...person, ...args], {
    cwd: project,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], HOME: root },
  });
}

function commit(files: Record<string, string | null>): void {
  for (const [path, text] of Object.entries(files)) {
    if (text === null) unlinkSync(join(project, path));
    else writeFileSync(join(project, path), text);
  }
  git('add', '--all');
  git('commit', '-qm', 'change');
}

const changed = async (): Promise<string[]> =>
  (await (await openRepository(project, join(root, 'state')))?.changedFiles()) ?? ['no repository'];

it('looks again after commits that change, add and remove what it has seen', async () => {
  commit({ 'a.json': '1', 'b.json': '1' });
  expect(await changed()).toEqual([]);
  commit({ 'a.json': '22', 'b.json': null, 'c.json': '3' });
  expect(await changed()).toEqual([]);
  writeFileSync(join(project, 'a.json'), '333');
  expect(await changed()).toEqual(['a.json']);
  commit({ 'a.json': '4444' });
  writeFileSync(join(project, 'c.json'), '4');
  unlinkSync(join(project, 'a.json'));
  expect((await changed()).sort()).toEqual(['a.json', 'c.json']);
});

it('sees a change of the same size within the second in which it looked', async () => {
  const untilSecond = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1005 - (Date.now() % 1000)));
  for (let round = 0; round < 3; round += 1) {
    await untilSecond();
    commit({ 'c.json': `${round}a` });
    expect(await changed()).toEqual([]);
    writeFileSync(join(project, 'c.json'), `${round}b`);
    await untilSecond();
    expect(await changed()).toEqual(['c.json']);
    expect(await changed()).toEqual(['c.json']);
  }
});
