import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRepository } from '../../src/system/git.ts';
import { readCommittedFile } from '../../src/system/read-committed-file.ts';

let root: string;
let project: string;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_GLOBAL: '/dev/null' },
  }).trim();
const commit = (text: string): string => {
  writeFileSync(join(project, 'rules.txt'), text);
  git('add', '-A');
  git('commit', '-qm', text);
  return git('rev-parse', 'HEAD');
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seatrial-committed-'));
  project = join(root, 'project');
  mkdirSync(project);
  git('init', '-q', '--initial-branch=main');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it('reads the tip of a branch by its commit, whatever the work tree, a tag or a local branch of that name says', async () => {
  const reviewed = commit('reviewed\n');
  git('update-ref', 'refs/remotes/origin/main', reviewed);
  const evil = commit('evil\n');
  git('tag', 'origin/main', evil);
  git('branch', 'origin/main', evil);
  writeFileSync(join(project, 'rules.txt'), 'edited\n');
  const repository = await openRepository(project, join(root, 'state'));
  const read = (branch: string, path = 'rules.txt') => readCommittedFile(repository, { branch, path });
  expect(await read('origin/main')).toEqual({ text: 'reviewed\n', commit: reviewed });
  expect(await read('main')).toEqual({ text: 'evil\n', commit: evil });
  expect(await read(reviewed)).toEqual({ text: 'reviewed\n', commit: reviewed });
  for (const branch of ['origin/gone', '', '-x', '--upload-pack=x', 'v1', 'a b', 'f'.repeat(40)])
    expect(await read(branch)).toBeNull();
  for (const path of ['gone.txt', '../x', '', 'a\nb']) expect(await read('main', path)).toBeNull();
});
