// A program from npm that is no dependency of this package: it lies in a cache folder outside of the repository, in exactly one version.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'seatrial-tools');

/**
 * Where it is, installed now where it is not there yet; else why it cannot be had. Scripts of packages do not run but the one that is
 * named by `setup`, a path inside of the package. A half-made folder never stands at the place.
 */
export function cachedTool({ package: pack, version, program, setup = null }) {
  const folder = join(cache, `${pack.replace(/^@/, '').replace('/', '-')}-${version}`);
  const path = join(folder, 'node_modules', '.bin', program);
  if (existsSync(join(folder, 'complete'))) return { path, problem: null };
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'fresh-'));
  try {
    writeFileSync(join(fresh, 'package.json'), '{"private":true}\n');
    const args = ['install', '--prefix', fresh, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    // Below `npm run --silent` it would not say why it failed.
    args.push('--loglevel=error', '--fetch-retries=1');
    const said = spawnSync('npm', [...args, `${pack}@${version}`], { encoding: 'utf8', timeout: 420_000 });
    if (said.status !== 0) return { path: null, problem: `${pack}@${version} cannot be installed here: ${why(said)}` };
    const made = setup === null ? null : setUp(join(fresh, 'node_modules', pack), setup);
    if (made !== null && made.status !== 0) return { path: null, problem: `${pack}: ${setup} failed: ${why(made)}` };
    writeFileSync(join(fresh, 'complete'), `${version}\n`);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    return { path, problem: null };
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function setUp(cwd, script) {
  const env = { PATH: process.env.PATH ?? '' };
  return spawnSync(process.execPath, [script], { cwd, env, encoding: 'utf8', timeout: 120_000 });
}

function why({ error, status, stderr }) {
  return error?.message ?? stderr.match(/npm (?:error|ERR!) .*/)?.[0] ?? `exit code ${status}`;
}
