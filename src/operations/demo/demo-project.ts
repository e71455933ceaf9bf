import { join } from 'node:path';
import { DeployError } from '../../model/deploy-error.ts';
import { allowedEnvironment } from '../../system/environment.ts';
import { runCommand } from '../../system/exec.ts';
import { ensurePrivateDirectory, readTextFile, writeFileAtomic } from '../../system/files.ts';
import { freePort } from '../../system/instance-process.ts';
import { packageRoot } from '../../system/package-root.ts';

export type DemoRelease = { version: string; failRatio: number; crashOnStart: boolean; story: string };

/** What is shipped, one after another. */
export const demoReleases: readonly [DemoRelease, DemoRelease, DemoRelease, DemoRelease] = [
  { version: '1.0.0', failRatio: 0, crashOnStart: false, story: 'the first release; nothing serves yet' },
  { version: '2.0.0', failRatio: 0, crashOnStart: false, story: 'a good release' },
  { version: '3.0.0', failRatio: 0.08, crashOnStart: false, story: 'a bad release: 8 % of its checkouts fail' },
  { version: '4.0.0', failRatio: 0, crashOnStart: true, story: 'a broken release: it crashes on start' },
];

export type DemoProject = { directory: string; url: string; ledger: string };

/** A shop in a git repository of its own, one tag a release. */
export async function createDemoProject(root: string): Promise<DemoProject> {
  const directory = join(root, 'shop');
  const ledger = join(root, 'ledger');
  await ensurePrivateDirectory(directory);
  await ensurePrivateDirectory(ledger);
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = await readTextFile(join(packageRoot(), 'examples', 'shop', 'server.mjs'));
  if (server === null)
    throw new DeployError('INTERNAL', { reason: 'examples/shop/server.mjs is missing from the package' });
  await writeFileAtomic(join(directory, 'server.mjs'), server);
  await writeFileAtomic(join(directory, 'seatrial.yaml'), renderConfig(url, ledger));
  await writeFileAtomic(
    join(directory, 'ROLLBACK.md'),
    '# Rollback\n\n`seatrial rollback`: the proxy routes everybody to the former version, which is still running.\n',
  );
  await git(directory, ['init', '--quiet', '--initial-branch=main']);
  for (const release of demoReleases) {
    await writeFileAtomic(
      join(directory, 'release.json'),
      `${JSON.stringify({ version: release.version, failRatio: release.failRatio, crashOnStart: release.crashOnStart })}\n`,
    );
    await git(directory, ['add', '--all']);
    await git(directory, ['commit', '--quiet', '--message', `feat: ${release.story}`]);
    await git(directory, ['tag', `v${release.version}`]);
  }
  return { directory, url, ledger };
}

function renderConfig(url: string, ledger: string): string {
  return `version: 1
service: shop
environments:
  production:
    url: ${url}
    target:
      kind: process
      command: [${JSON.stringify(process.execPath)}, server.mjs]
      instances: 2
      health: { path: /health, interval: 200ms, startup: 10s }
      restart: { initial: 200ms, max: 1s }
      stop: 5s
      drain: 5s
      requestTimeout: 2s
    revision:
      env: { set: { SHOP_LEDGER: ${JSON.stringify(ledger)} } }
      versionHeader: x-shop-version
    strategy:
      kind: canary
      steps:
        - { weight: 5%, bake: 2s }
        - { weight: 25%, bake: 2s }
        - { weight: 50%, bake: 2s }
        - { weight: 100%, bake: 3s }
      maxBake: 60s
    smoke:
      - { name: health, request: { path: /health }, expect: { json: { ok: true }, header: { x-shop-version: "{version}" } } }
      - { name: product list, category: critical-path, request: { path: /products }, expect: { faster: 2s } }
    slos:
      availability: { target: 97% }
    rollback: { document: ROLLBACK.md }
    gates: { allowFriday: true, minFreeDisk: 50MiB }
    notify: [{ file: .seatrial/notices.jsonl }]
    # Nobody is asked in a demonstration; production asks a person unless it is told otherwise.
    approval: { how: none }
    review: warn
`;
}

async function git(directory: string, args: readonly string[]): Promise<void> {
  const identity = {
    GIT_AUTHOR_NAME: 'shop',
    GIT_AUTHOR_EMAIL: 'shop@example.invalid',
    GIT_COMMITTER_NAME: 'shop',
    GIT_COMMITTER_EMAIL: 'shop@example.invalid',
  };
  const env = allowedEnvironment({
    pass: [],
    fileText: null,
    set: { ...identity, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
  });
  const result = await runCommand({ argv: ['git', ...args], cwd: directory, env, timeoutMs: 20_000 });
  if (result.notFound) throw new DeployError('COMMAND_NOT_FOUND', { program: 'git' });
  if (!result.ok)
    throw new DeployError('COMMAND_FAILED', {
      command: `git ${args[0] ?? ''}`,
      how: result.how,
      excerpt: result.stderr.trim().slice(0, 200),
    });
}
