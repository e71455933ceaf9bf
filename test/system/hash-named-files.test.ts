import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashNamedFiles } from '../../src/system/hash-named-files.ts';

let base: string;
let root: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'seatrial-named-')));
  root = join(base, 'project');
  mkdirSync(join(root, 'deploy'), { recursive: true });
  writeFileSync(join(root, 'check.sh'), 'one');
  writeFileSync(join(root, 'deploy', 'b.mjs'), 'two');
  writeFileSync(join(base, 'outside.sh'), 'three');
  symlinkSync(join(base, 'outside.sh'), join(root, 'linked.sh'));
  symlinkSync(join(root, 'check.sh'), join(base, 'way-in.sh'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

it('hashes what is named inside of the project, however it is written, and nothing else', async () => {
  const names = [
    './check.sh',
    'check.sh',
    join(root, 'deploy/b.mjs'),
    'deploy',
    'sh',
    '',
    'x'.repeat(5000),
    '../outside.sh',
  ];
  const found = await hashNamedFiles(root, [...names, 'a\0b', '/bin/sh']);
  expect(found.map(({ path }) => path)).toEqual(['check.sh', 'deploy/b.mjs']);
  writeFileSync(join(root, 'check.sh'), 'changed');
  expect((await hashNamedFiles(root, names))[0]?.sha256).not.toBe(found[0]?.sha256);
});

it('follows links both ways, so that neither end changes unseen', async () => {
  const before = await hashNamedFiles(root, ['linked.sh', join(base, 'way-in.sh')]);
  expect(before.map(({ path }) => path).sort()).toEqual([join(root, 'check.sh'), 'linked.sh'].sort());
  writeFileSync(join(base, 'outside.sh'), 'changed');
  writeFileSync(join(root, 'check.sh'), 'changed');
  const after = await hashNamedFiles(root, ['linked.sh', join(base, 'way-in.sh')]);
  expect(after.every(({ sha256 }, index) => sha256 !== before[index]?.sha256)).toBe(true);
});
