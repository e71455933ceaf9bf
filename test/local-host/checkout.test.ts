import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Revision } from '../../src/model/revision.ts';
import { createProcessTarget } from '../../src/targets/process/process-target.ts';
import { ask } from '../fixtures/http-client.ts';
import { commitVersions, createProcessPlace, type ProcessPlace } from '../fixtures/process-place.ts';

let place: ProcessPlace;
afterEach(() => place.close());

/** The same place with revisions that come from commits. */
async function fromCommits(versions: readonly string[], revisionSettings: Record<string, unknown> = {}) {
  place = await createProcessPlace({}, revisionSettings);
  const commits = commitVersions(place.project, versions);
  const { directory: _directory, ...spec } = place.options.spec;
  const target = createProcessTarget({ ...place.options, spec });
  const revision = (version: string): Revision => {
    const commit = commits[version] ?? '0'.repeat(40);
    return { id: `${version}-${commit.slice(0, 12)}`, version, commit, ref: `v${version}`, artifact: null };
  };
  return { target, revision, checkouts: join(place.hostDirectory, 'checkouts') };
}

it('checks a commit out into a worktree of its own, prepares it once, and takes it away when it is retired', async () => {
  const { target, revision, checkouts } = await fromCommits(['1.0.0', '2.0.0'], {
    prepare: [[process.execPath, '-e', "require('fs').appendFileSync('prepared', 'x' + (process.env.MODE || ''))"]],
    env: { set: { MODE: 'm' } },
  });
  const [one, two] = [revision('1.0.0'), revision('2.0.0')];
  await target.provision({ revision: one, instances: 1 }, place.act());
  await target.promote({ revision: one, standbyMs: 0 }, place.act());
  await target.provision({ revision: two, instances: 1 }, place.act());
  await target.provision({ revision: two, instances: 1 }, place.act());
  expect(JSON.parse((await ask(place.url)).body).version).toBe('1.0.0');
  expect(readFileSync(join(checkouts, two.id, 'prepared'), 'utf8')).toBe('xm');
  await target.retire({ revisionId: two.id }, place.act());
  expect(existsSync(join(checkouts, two.id))).toBe(false);
  expect(existsSync(join(checkouts, one.id, 'server.mjs'))).toBe(true);
  expect(existsSync(join(place.project, 'prepared'))).toBe(false);
});

it('runs no hook of the project', async () => {
  const { target, revision } = await fromCommits(['1.0.0']);
  const hooks = join(place.project, '.git', 'hooks');
  mkdirSync(hooks, { recursive: true });
  const trace = join(place.project, 'hook-ran');
  for (const name of ['post-checkout', 'post-index-change', 'reference-transaction']) {
    writeFileSync(join(hooks, name), `#!/bin/sh\ntouch '${trace}'\n`);
    chmodSync(join(hooks, name), 0o755);
  }
  await target.provision({ revision: revision('1.0.0'), instances: 1 }, place.act());
  expect(existsSync(trace)).toBe(false);
});

it('tells which preparation failed, how and with which words; nothing was started', async () => {
  const { target, revision } = await fromCommits(['1.0.0'], {
    prepare: [[process.execPath, '-e', "console.error('no compiler'); process.exit(4)"]],
  });
  const act = target.provision({ revision: revision('1.0.0'), instances: 1 }, place.act());
  await expect(act).rejects.toMatchObject({
    code: 'PREPARE_FAILED',
    message: expect.stringMatching(/exit code 4.*1\.0\.0: no compiler/),
  });
  expect((await target.inspect(new AbortController().signal)).revisions).toEqual([]);
});

it('refuses hostile names and commits that are not there, and writes nothing outside its folder', async () => {
  const { target, revision, checkouts } = await fromCommits(['1.0.0']);
  const good = revision('1.0.0');
  for (const hostile of [
    { ...good, id: '../../escape' },
    { ...good, id: '--upload-pack=x' },
    { ...good, version: '../x' },
  ]) {
    await expect(target.provision({ revision: hostile, instances: 1 }, place.act())).rejects.toMatchObject({
      code: 'VERSION_INVALID',
    });
  }
  await expect(
    target.provision({ revision: { ...good, commit: '--help' }, instances: 1 }, place.act()),
  ).rejects.toMatchObject({ code: 'TARGET_REFUSED' });
  await expect(target.provision({ revision: revision('9.9.9'), instances: 1 }, place.act())).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
  });
  expect(existsSync(checkouts) ? readdirSync(checkouts) : []).toEqual([]);
});

it('refuses a release folder that is missing or is a link', async () => {
  place = await createProcessPlace();
  const missing: Revision = { id: '5.0.0-x', version: '5.0.0', commit: null, ref: null, artifact: null };
  await expect(place.target.provision({ revision: missing, instances: 1 }, place.act())).rejects.toMatchObject({
    code: 'FILE_REFUSED',
  });
});
