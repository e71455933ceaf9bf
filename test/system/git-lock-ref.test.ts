import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireRemoteLock } from '../../src/journal/remote-lock.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { openLockRef, remoteAddress } from '../../src/system/git-lock-ref.ts';
import { refusal, temporaryDirectory } from '../journal/journal-fixtures.ts';

const ref = 'refs/seatrial/locks/shop';

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: cwd,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 't',
      GIT_AUTHOR_EMAIL: 't@example.invalid',
      GIT_COMMITTER_NAME: 't',
      GIT_COMMITTER_EMAIL: 't@example.invalid',
    },
  });
}

/** A bare repository and two clones of it. */
async function createPlaces(): Promise<{ base: string; bare: string; clones: string[] }> {
  const base = await temporaryDirectory();
  const bare = join(base, 'shop.git');
  git(base, 'init', '--quiet', '--bare', bare);
  const clones = ['ada', 'mo'].map((name) => join(base, name));
  for (const clone of clones) git(base, 'clone', '--quiet', bare, clone);
  return { base, bare, clones };
}

describe('a lock in a ref of another repository', () => {
  it('is there or not, and moves only from where it was seen', async () => {
    const { base, bare } = await createPlaces();
    const [one, other] = await Promise.all(
      ['one', 'other'].map((name) => openLockRef({ directory: join(base, name), url: bare, ref })),
    );
    if (one === undefined || other === undefined) throw new Error('no ref');
    expect(await one.read()).toBeNull();
    const first = await one.move(null, 'first');
    expect(first).toMatch(/^[0-9a-f]{40}$/);
    expect(await other.read()).toEqual({ oid: first, text: 'first' });
    expect(await other.move(null, 'late')).toBeNull();
    const second = await other.move(first, 'second');
    expect(await one.move(first, 'stale')).toBeNull();
    expect(await one.read()).toEqual({ oid: second, text: 'second' });
    expect(git(bare, 'for-each-ref', '--format=%(refname)').trim()).toBe(ref);
  });

  it('is won by one of twelve who ask together from two machines, five times', async () => {
    const { base, bare } = await createPlaces();
    const clock = createSystemClock();
    const contenders = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => ({
        runId: `run-${index}`,
        machine: index % 2 === 0 ? 'ada' : 'mo',
        remote: await openLockRef({ directory: join(base, `locks-${index}`), url: bare, ref }),
      })),
    );
    const generations: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        contenders.map((contender) => acquireRemoteLock({ ...contender, ref, ttlMs: 600_000, clock })),
      );
      const winners = answers.flatMap((answer) => (answer.ok ? [answer] : []));
      expect(winners).toHaveLength(1);
      expect(winners[0]?.fenced()).toBeNull();
      generations.push(winners[0]?.generation ?? 0);
      await winners[0]?.release();
    }
    expect(generations).toEqual([1, 2, 3, 4, 5]);
  }, 240_000);

  it('says what is wrong with a remote that is not there, and tries nothing else', async () => {
    const base = await temporaryDirectory();
    const remote = await openLockRef({ directory: join(base, 'lock'), url: join(base, 'nowhere'), ref });
    expect(await refusal(remote.read())).toBe('LOCK_REMOTE');
    const helper = await openLockRef({ directory: join(base, 'lock'), url: `ext::touch ${join(base, 'ran')}`, ref });
    expect(await refusal(helper.read())).toBe('LOCK_REMOTE');
    expect(existsSync(join(base, 'ran'))).toBe(false);
  });
});

describe('the address of a remote', () => {
  it.each([
    ['git@git.example.com:team/shop.git', true],
    ['ssh://git@git.example.com/shop.git', true],
    ['https://git.example.com/shop.git', true],
    ['ext::sh -c touch% /tmp/x', false],
    ['/srv/git/shop.git', false],
    ['file:///srv/git/shop.git', false],
    ['ssh://-oProxyCommand=touch/x', false],
    ['git@-oProxyCommand:shop', false],
    ['http://git.example.com/shop.git', false],
  ])('of a clone is read as text, and only ssh and https are taken: %s', async (url, taken) => {
    const { base, clones } = await createPlaces();
    const [clone = ''] = clones;
    git(clone, 'config', 'remote.origin.url', url);
    const asked = remoteAddress(clone, { home: join(base, 'home'), name: 'origin' });
    if (taken) expect(await asked).toBe(url);
    else expect(await refusal(asked)).toBe('LOCK_REMOTE');
  });

  it('runs nothing that the clone or its hooks say', async () => {
    const { base, bare, clones } = await createPlaces();
    const [clone = ''] = clones;
    const trap = join(base, 'ran');
    const program = join(base, 'trap.sh');
    writeFileSync(program, `#!/bin/sh\ntouch ${trap}\n`);
    chmodSync(program, 0o755);
    mkdirSync(join(clone, '.git', 'hooks'), { recursive: true });
    for (const hook of ['pre-push', 'reference-transaction', 'post-checkout'])
      execFileSync('cp', [program, join(clone, '.git', 'hooks', hook)]);
    appendFileSync(
      join(clone, '.git', 'config'),
      `[core]\n\tsshCommand = ${program}\n\tfsmonitor = ${program}\n\tgitProxy = ${program}\n[credential]\n\thelper = ${program}\n[url "ext::${program} "]\n\tinsteadOf = https://\n[include]\n\tpath = ${join(base, 'more')}\n`,
    );
    writeFileSync(join(base, 'more'), '[remote "origin"]\n\tpushurl = ext::sh\n');
    git(clone, 'config', 'remote.origin.url', 'https://127.0.0.1:9/shop.git');
    expect(await remoteAddress(clone, { home: join(base, 'home'), name: 'origin' })).toBe(
      'https://127.0.0.1:9/shop.git',
    );
    const remote = await openLockRef({ directory: join(base, 'lock'), url: bare, ref });
    await remote.move(null, 'mine');
    const far = await openLockRef({ directory: join(base, 'far'), url: 'https://127.0.0.1:9/shop.git', ref });
    expect(await refusal(far.read())).toBe('LOCK_REMOTE');
    expect(existsSync(trap)).toBe(false);
    expect(await refusal(remoteAddress(clone, { home: join(base, 'home'), name: 'upstream' }))).toBe('LOCK_REMOTE');
  });
});
