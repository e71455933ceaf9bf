import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRepository } from '../../src/system/git.ts';

describe('a repository whose configuration is hostile', () => {
  let root: string;
  let project: string;
  let marker: string;
  let home: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'seatrial-hostile-'));
    project = join(root, 'project');
    marker = join(root, 'ran');
    home = join(root, 'state');
    mkdirSync(project);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function git(...args: string[]): string {
    const author = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    return execFileSync('git', args, {
      cwd: project,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_GLOBAL: '/dev/null', ...author },
    }).trim();
  }

  function commit(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(project, path, '..'), { recursive: true });
      writeFileSync(join(project, path), text);
    }
    if (!existsSync(join(project, '.git'))) git('init', '-q', '--initial-branch=main');
    git('add', '-A');
    git('commit', '-qm', 'change');
  }

  /** Everything that git is known to run because a repository says so. */
  function poison(): void {
    const trap = join(root, 'trap');
    writeFileSync(trap, `#!/bin/sh\necho "$0 $*" >> '${marker}'\ncat\n`);
    chmodSync(trap, 0o755);
    const lines = [
      `[core]\n\tfsmonitor = ${trap}\n\tsshCommand = ${trap}\n\tpager = ${trap}\n\teditor = ${trap}\n\taskPass = ${trap}\n\tgitProxy = ${trap}\n\thooksPath = ${join(root, 'hooks')}\n\talternateRefsCommand = ${trap}\n\tattributesFile = ${join(root, 'attributes')}`,
      `[filter "evil"]\n\tclean = ${trap}\n\tsmudge = ${trap}\n\tprocess = ${trap}\n\trequired = true`,
      `[diff]\n\texternal = ${trap}\n[diff "evil"]\n\ttextconv = ${trap}\n\tcommand = ${trap}`,
      `[merge "evil"]\n\tdriver = ${trap}`,
      `[log]\n\tshowSignature = true\n[gpg]\n\tprogram = ${trap}\n[gpg "ssh"]\n\tprogram = ${trap}`,
      `[alias]\n\tstatus = !${trap}\n\tlog = !${trap}`,
      `[credential]\n\thelper = !${trap}`,
      `[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = ext::${trap}\n\tpromisor = true\n\tpartialclonefilter = blob:none`,
      '[protocol]\n\tallow = always',
      `[include]\n\tpath = ${join(root, 'included')}`,
      `[submodule]\n\trecurse = true\n[status]\n\tsubmoduleSummary = true`,
    ];
    appendFileSync(join(project, '.git', 'config'), `${lines.join('\n')}\n`);
    writeFileSync(join(root, 'included'), `[core]\n\tfsmonitor = ${trap}\n`);
    writeFileSync(join(root, 'attributes'), '* filter=evil diff=evil\n');
    writeFileSync(join(project, '.git', 'info', 'attributes'), '* filter=evil diff=evil merge=evil\n');
    for (const folder of [join(root, 'hooks'), join(project, '.git', 'hooks')]) {
      mkdirSync(folder, { recursive: true });
      for (const name of [
        'post-index-change',
        'post-checkout',
        'pre-commit',
        'reference-transaction',
        'fsmonitor-watchman',
      ]) {
        writeFileSync(join(folder, name), `#!/bin/sh\necho "hook $0" >> '${marker}'\n`);
        chmodSync(join(folder, name), 0o755);
      }
    }
  }

  it('runs nothing when it is opened, resolved, listed, dated and compared', async () => {
    commit({ 'app.js': '1', '.gitattributes': '* filter=evil diff=evil\n' });
    git('tag', 'v1.0.0');
    git('tag', '-a', 'v1.1.0', '-m', 'x');
    const head = git('rev-parse', 'HEAD');
    poison();
    writeFileSync(join(project, 'app.js'), '2');
    writeFileSync(join(project, 'new.txt'), 'x');
    const repository = await openRepository(project, home);
    expect(await repository.rootCommit()).toBe(head);
    expect(await repository.resolveCommit('v1.0.0')).toBe(head);
    expect(await repository.resolveCommit('v1.1.0')).toBe(head);
    // A commit that is not there must not be fetched from where the repository says.
    expect(await repository.resolveCommit('f'.repeat(40))).toBeNull();
    expect(await repository.refNames()).toEqual(['main', 'v1.0.0', 'v1.1.0']);
    expect(await repository.commitTime(head)).toMatch(/^2\d{3}-/);
    expect(await repository.commitTime('e'.repeat(40))).toBeNull();
    expect(await repository.commitTimes('e'.repeat(40), head)).toEqual([]);
    expect(await repository.commitTimes(head, head)).toEqual([]);
    expect(await repository.commitTimes('--output=/tmp/x', head)).toEqual([]);
    expect(await repository.lastChangeMs('app.js')).toBeGreaterThan(0);
    expect(await repository.changedFiles()).toEqual(['app.js', 'new.txt']);
    expect(existsSync(marker)).toBe(false);
  });

  it('would have run something otherwise (the traps work)', () => {
    commit({ 'app.js': '1', '.gitattributes': '* filter=evil diff=evil\n' });
    poison();
    try {
      git('-c', 'extensions.partialClone=', 'status');
    } catch {
      // Whether git is content with what the trap says does not matter.
    }
    expect(existsSync(marker)).toBe(true);
  });

  it('is not believed: neither its index nor replaced commits hide a change', async () => {
    commit({ 'a.js': '1', 'b.js': '1', 'c.js': '1' });
    git('update-index', '--assume-unchanged', 'a.js');
    git('update-index', '--skip-worktree', 'b.js');
    for (const name of ['a.js', 'b.js', 'c.js']) writeFileSync(join(project, name), '2');
    const repository = await openRepository(project, home);
    expect(await repository.changedFiles()).toEqual(['a.js', 'b.js', 'c.js']);
    const first = git('rev-parse', 'HEAD');
    git('commit', '-q', '--allow-empty', '-m', 'other');
    git('replace', first, 'HEAD');
    expect(await repository.rootCommit()).toBe(first);
  });

  it('leaves nothing behind in the project', async () => {
    commit({ 'a.js': '1' });
    const before = git('ls-files', '--debug');
    const files = readdirSync(join(project, '.git'), { recursive: true }).sort();
    const repository = await openRepository(project, home);
    await repository.changedFiles();
    await repository.rootCommit();
    expect(readdirSync(join(project, '.git'), { recursive: true }).sort()).toEqual(files);
    expect(git('ls-files', '--debug')).toBe(before);
  });
});

describe('an ordinary repository read through a git dir of our own', () => {
  let root: string;
  let project: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'seatrial-repository-'));
    project = join(root, 'project');
    mkdirSync(project);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const author = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
  const git = (cwd: string, ...args: string[]): string =>
    execFileSync('git', args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: root, GIT_CONFIG_GLOBAL: '/dev/null', ...author },
    }).trim();
  const open = (directory: string) => openRepository(directory, join(root, 'state'));

  function start(...init: string[]): void {
    git(project, 'init', '-q', '--initial-branch=main', ...init);
    writeFileSync(join(project, 'a.js'), '1');
    mkdirSync(join(project, 'sub'));
    writeFileSync(join(project, 'sub', 'b.js'), '1');
    writeFileSync(join(project, '.gitignore'), '*.log\n');
    git(project, 'add', '-A');
    git(project, 'commit', '-qm', 'first');
  }

  it('sees what git sees: nothing, changes, deletions, untracked and ignored files, moved branches and tags', async () => {
    await expect(open(project)).rejects.toMatchObject({ code: 'NOT_A_REPOSITORY' });
    git(project, 'init', '-q', '--initial-branch=main');
    writeFileSync(join(project, 'early.txt'), '1');
    const early = await open(project);
    expect([await early.rootCommit(), await early.changedFiles()]).toEqual([null, ['early.txt']]);
    unlinkSync(join(project, 'early.txt'));
    start();
    const repository = await open(join(project, 'sub'));
    expect(repository.directory).toBe(project);
    expect(await repository.changedFiles()).toEqual([]);
    expect(await repository.changedFiles()).toEqual([]);
    writeFileSync(join(project, 'x.log'), '1');
    writeFileSync(join(project, 'ä ö.txt'), '1');
    unlinkSync(join(project, 'sub', 'b.js'));
    chmodSync(join(project, 'a.js'), 0o755);
    expect((await repository.changedFiles()).sort()).toEqual(['a.js', 'sub/b.js', 'ä ö.txt']);
    git(project, 'add', '-A');
    git(project, 'commit', '-qm', 'second');
    git(project, 'tag', 'v2');
    git(project, 'pack-refs', '--all');
    expect(await repository.resolveCommit('v2')).toBe(git(project, 'rev-parse', 'HEAD'));
    git(project, 'checkout', '-q', '--detach', 'HEAD~1');
    expect(await repository.changedFiles()).toEqual([]);
    for (const ref of ['-v', '--help', '', 'a b', 'x\ny', 'v9', '@{upload-pack=x}'])
      expect(await repository.resolveCommit(ref)).toBeNull();
  });

  it.each([[], ['--object-format=sha256']])('reads a linked worktree and a shallow clone %j', async (...init) => {
    start(...init);
    git(project, 'commit', '-q', '--allow-empty', '-m', 'second');
    const linked = join(root, 'linked');
    git(project, 'worktree', 'add', '-q', linked, '-b', 'side');
    writeFileSync(join(linked, 'a.js'), '2');
    const side = await open(linked);
    expect([side.directory, await side.changedFiles()]).toEqual([linked, ['a.js']]);
    expect(await side.rootCommit()).toBe(git(project, 'rev-list', '--max-parents=0', 'HEAD'));
    expect(await (await open(project)).changedFiles()).toEqual([]);
    const shallow = join(root, 'shallow');
    git(root, 'clone', '-q', '--depth=1', `file://${project}`, shallow);
    const clone = await open(shallow);
    expect(await clone.rootCommit()).toBe(git(project, 'rev-parse', 'HEAD'));
    expect(await clone.changedFiles()).toEqual([]);
  });

  it('takes a file that Git LFS keeps for what its pointer says', async () => {
    start();
    const content = 'large content\n';
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${createHash('sha256').update(content).digest('hex')}\nsize ${content.length}\n`;
    writeFileSync(join(project, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    writeFileSync(join(project, 'one.bin'), pointer);
    writeFileSync(join(project, 'two.bin'), pointer);
    git(project, 'add', '-A');
    git(project, 'commit', '-qm', 'pointers');
    writeFileSync(join(project, 'one.bin'), content);
    writeFileSync(join(project, 'two.bin'), 'something else');
    expect(await (await open(project)).changedFiles()).toEqual(['two.bin']);
  });

  it('obeys the settings that only say how to compare', async () => {
    start();
    writeFileSync(join(project, '.gitignore'), '*.log\r\n');
    git(project, 'config', 'core.autocrlf', 'true');
    expect(await (await open(project)).changedFiles()).toEqual([]);
    git(project, 'config', 'core.fileMode', 'false');
    chmodSync(join(project, 'a.js'), 0o755);
    expect(await (await open(project)).changedFiles()).toEqual([]);
    git(project, 'sparse-checkout', 'set', '--no-cone', '/a.js', '/.gitignore');
    expect(await (await open(project)).changedFiles()).toEqual([]);
  });
});
