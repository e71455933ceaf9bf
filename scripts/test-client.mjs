// The plugin in the real Claude Code client, whose model is a script on loopback: no key, no account, no network.
// The client lies in a cache folder outside of the repository (361 MB); where it cannot be had everything is SKIPPED with the
// reason. The last line is `N passed, N failed, N skipped`.
//   npm run test:client [-- <arguments of vitest>]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What is said of this client in docs/threat-model.md was seen with this version; a test compares the two. */
const version = '2.1.332';
const name = '@anthropic-ai/claude-code';
const root = join(import.meta.dirname, '..');

const { program, reason } = getClient();
if (program === null) console.log(`SKIPPED the real client: ${reason}`);
const folder = mkdtempSync(join(tmpdir(), 'seatrial-client-'));
try {
  process.exitCode = runSuites(join(folder, 'report.json'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The program of exactly this version, from the cache or else from the registry. */
function getClient() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'seatrial-tools');
  const place = join(cache, `anthropic-ai-claude-code-${version}`);
  const installed = join(place, 'node_modules', '.bin', 'claude');
  if (!existsSync(installed)) {
    const problem = install(cache, place);
    if (problem !== null) return { program: null, reason: problem };
  }
  const home = mkdtempSync(join(tmpdir(), 'seatrial-client-home-'));
  try {
    const said = spawnSync(installed, ['--version'], {
      env: { PATH: process.env.PATH ?? '', HOME: home },
      encoding: 'utf8',
      timeout: 60_000,
    });
    if (said.stdout?.startsWith(`${version} `)) return { program: installed, reason: null };
    return { program: null, reason: `${installed} does not say ${version}: ${lastLine(said.stderr || said.stdout)}` };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** In words, why there is none; null when it is installed. A half-made folder never stands at the place. */
function install(cache, place) {
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'fresh-'));
  try {
    writeFileSync(join(fresh, 'package.json'), '{"private":true}\n');
    const said = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', `${name}@${version}`], {
      cwd: fresh,
      encoding: 'utf8',
      timeout: 300_000,
    });
    if (said.status !== 0) return `npm could not install ${name}@${version}: ${lastLine(said.stderr)}`;
    rmSync(place, { recursive: true, force: true });
    renameSync(fresh, place);
    return null;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function lastLine(text) {
  return (text ?? '').trim().split('\n').at(-1) || 'it said nothing';
}

/** Prints the totals; 1 when something failed, or nothing was there to be tried. */
function runSuites(report) {
  const client = program === null ? {} : { SEATRIAL_CLIENT: program, SEATRIAL_CLIENT_VERSION: version };
  const { SEATRIAL_CLIENT: _, ...env } = process.env;
  const { status } = spawnSync(
    'npx',
    [
      'vitest',
      'run',
      '--config',
      'vitest.client.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: 'inherit', env: { ...env, ...client } },
  );
  const said = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  const passed = said?.numPassedTests ?? 0;
  const skipped = (said?.numPendingTests ?? 0) + (said?.numTodoTests ?? 0);
  // A suite that broke before its first test has failed too.
  const failed = Math.max(said?.numFailedTests ?? 1, status === 0 ? 0 : 1);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed + skipped === 0 ? 1 : 0;
}
