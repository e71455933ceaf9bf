// The plugin in the real Claude Code client, whose model is a script on loopback: no key, no account, no network.
// The client (some 360 MB) lies in a cache folder outside of the repository; where it cannot be had everything is SKIPPED with
// the reason. Tried is the bundle in dist/. The last line is `N passed, N failed, N skipped`.
//   npm run test:client [-- <arguments of vitest>]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedTool } from './cached-tool.mjs';
import { loadTypeScript } from './load-typescript.mjs';

const root = join(import.meta.dirname, '..');
const { clientVersion } = await loadTypeScript('test/client/approval-ways.ts');
const scratch = mkdtempSync(join(tmpdir(), 'seatrial-client-'));
try {
  const { path, problem } = findClient(scratch);
  if (problem !== null) console.log(`SKIPPED the real client: ${problem}`);
  process.exitCode = runSuites(path, join(scratch, 'report.json'));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The program, once it has said that it is this version. */
function findClient(home) {
  const name = '@anthropic-ai/claude-code';
  // Without its set-up there is a wrapper only, and no client behind it.
  const tool = cachedTool({ package: name, version: clientVersion, program: 'claude', setup: 'install.cjs' });
  if (tool.problem !== null) return tool;
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  const said = spawnSync(tool.path, ['--version'], { env, encoding: 'utf8', timeout: 60_000 });
  if (said.stdout?.startsWith(`${clientVersion} `)) return tool;
  const words = (said.error?.message || said.stderr || said.stdout || '').trim().split('\n').at(-1);
  return { path: null, problem: `${tool.path} is not ${clientVersion}, or does not run here: ${words}` };
}

/** Prints the totals. 1 when something failed, or there was nothing that could have. */
function runSuites(client, report) {
  const { SEATRIAL_CLIENT: _, ...env } = process.env;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(
    'npx',
    ['vitest', 'run', '--config', 'vitest.client.config.ts', ...reporters, ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit', env: client === null ? env : { ...env, SEATRIAL_CLIENT: client } },
  );
  const said = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  const passed = said?.numPassedTests ?? 0;
  const skipped = (said?.numPendingTests ?? 0) + (said?.numTodoTests ?? 0);
  // A suite that broke before its first test has failed too.
  const failed = Math.max(said?.numFailedTests ?? 0, status === 0 ? 0 : 1);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed + skipped === 0 ? 1 : 0;
}
