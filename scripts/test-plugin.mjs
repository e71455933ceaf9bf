// Shows the package to the tools of those who install it: `npm run test:plugin`.
//   node scripts/test-plugin.mjs [--only <name>]…
// Their tools are installed from npm into a folder outside the repository, and run with nothing of this machine's
// environment: an empty HOME, a PATH, no keys. What cannot be had here is SKIPPED with its reason and counted.
// The last line is `N passed, N failed, N skipped`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { cachedTool } from './cached-tool.mjs';
import { loadTypeScript } from './load-typescript.mjs';

const root = resolve(import.meta.dirname, '..');
const only = process.argv.flatMap((word, index) => (process.argv[index - 1] === '--only' ? [word] : []));

// The same client that `npm run test:client` drives.
const { clientVersion } = await loadTypeScript('test/client/approval-ways.ts');
/** Exact versions: a newer tool is a change of this file, not a surprise. */
const tools = {
  'skills-ref': { package: 'skills-ref', version: '0.1.5' },
  publint: { package: 'publint', version: '0.3.25' },
  mcpb: { package: '@anthropic-ai/mcpb', version: '2.1.2' },
  gemini: { package: '@google/gemini-cli', version: '0.61.0' },
  claude: { package: '@anthropic-ai/claude-code', version: clientVersion, setup: 'install.cjs' },
  codex: { package: '@openai/codex', version: '0.171.0' },
  opencode: { package: 'opencode-ai', version: '1.18.33', setup: 'postinstall.mjs' },
  copilot: { package: '@github/copilot', version: '1.0.102' },
};

const unknown = only.filter((name) => !Object.hasOwn(tools, name));
if (unknown.length > 0) {
  console.error(`--only ${unknown.join(', ')}: there is no such tool; there are ${Object.keys(tools).join(', ')}`);
  process.exit(2);
}

const checks = [
  ...readdirSync(join(root, 'skills')).map((skill) => ({
    name: `skills-ref validate skills/${skill}`,
    tool: 'skills-ref',
    run: (use) => expectText(use(['validate', join(root, 'skills', skill)]), /Valid skill/),
  })),
  { name: 'publint --strict', tool: 'publint', run: (use) => expectText(use(['--strict', packed()]), /All good!/) },
  {
    name: 'mcpb validate manifest.json',
    tool: 'mcpb',
    run: (use) => expectText(use(['validate', join(packed(), 'manifest.json')]), /passes?\b/i),
  },
  {
    name: 'claude plugin validate --strict --profile directory',
    tool: 'claude',
    run: (use) => expectText(use(['plugin', 'validate', '--strict', '--profile', 'directory', packed()]), /passed/i),
  },
  {
    name: 'claude plugin marketplace add and install',
    tool: 'claude',
    run: (use) => {
      expectText(use(['plugin', 'marketplace', 'add', packed()]), /success/i);
      expectText(use(['plugin', 'install', 'seatrial@seatrial']), /success/i);
      expectText(use(['plugin', 'list']), /seatrial/);
    },
  },
  {
    name: 'gemini extensions validate',
    tool: 'gemini',
    run: (use) => expectText(use(['extensions', 'validate', packed()]), /success/i),
  },
  {
    name: 'copilot plugin marketplace add and install',
    tool: 'copilot',
    run: (use) => {
      expectText(use(['plugin', 'marketplace', 'add', packed()]), /seatrial/);
      expectText(use(['plugin', 'install', 'seatrial@seatrial']), /installed/i);
      expectText(use(['plugin', 'list']), /seatrial/);
    },
  },
  {
    name: 'codex plugin add, then its server is in codex mcp list',
    tool: 'codex',
    run: (use) => {
      expectText(use(['plugin', 'marketplace', 'add', packed()]), /seatrial/);
      expectText(use(['plugin', 'add', 'seatrial@seatrial']), /seatrial/);
      expectText(use(['mcp', 'list']), /deploy\s+node\s+\S*dist\/seatrial\.mjs mcp/);
    },
  },
  {
    name: 'opencode mcp list connects to the documented entry',
    tool: 'opencode',
    run: (use, home) => {
      writeFileSync(join(home, 'project', 'opencode.json'), openCodeEntry(packed()));
      expectText(use(['mcp', 'list']), /deploy[\s\S]*connected/i);
    },
  },
];

const counts = { passed: 0, failed: 0, skipped: 0 };
const made = [];
process.on('exit', () => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

for (const check of checks) {
  if (only.length > 0 && !only.includes(check.tool)) continue;
  const { path, problem } = cachedTool({ ...tools[check.tool], program: check.tool });
  if (problem !== null) say('skipped', `SKIPPED ${check.name}: ${problem}`);
  else attempt(check, path);
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);

function attempt({ name, tool, run }, program) {
  const home = temporary('home');
  mkdirSync(join(home, 'project'));
  try {
    run((args) => runTool({ tool, program, args, home }), home);
    say('passed', `ok      ${name}`);
  } catch (thrown) {
    say('failed', `FAILED  ${name}\n${String(thrown.message).replace(/^/gm, '        ')}`);
  }
}

function say(kind, line) {
  counts[kind] += 1;
  console.log(line);
}

/** Output of one call in an empty home; an exit code other than 0 is an error with what it said. */
function runTool({ tool, program, args, home }) {
  const result = runIn(home, program, args);
  const text = `${result.stdout ?? ''}${result.stderr ?? ''}`;
  const said = `${tool} ${args.join(' ')}\n${text.slice(-3000)}`;
  if (result.error) throw new Error(`${said}\n${result.error.message}`);
  if (result.status !== 0) throw new Error(`${said}\nexit code ${result.status}`);
  return { text, said };
}

function runIn(home, program, args) {
  mkdirSync(join(home, 'project'), { recursive: true });
  const env = {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    TMPDIR: tmpdir(),
    NO_COLOR: '1',
    CI: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
  };
  return spawnSync(program, args, {
    cwd: join(home, 'project'),
    env,
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function expectText({ text, said }, pattern) {
  if (!pattern.test(text)) throw new Error(`${said}\nis not ${pattern}`);
}

/** What a user gets: the tarball of `npm pack`, unpacked. */
function packed() {
  if (packed.folder !== undefined) return packed.folder;
  const folder = temporary('pack');
  const result = spawnSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  const file = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error(`npm pack made nothing: ${result.stderr}`);
  const unpacked = spawnSync('tar', ['-xzf', file], { cwd: folder, encoding: 'utf8' });
  if (unpacked.status !== 0) throw new Error(`tar: ${unpacked.stderr}`);
  packed.folder = join(folder, 'package');
  return packed.folder;
}

/** The entry that docs/agents.md shows, with the path of this package in it. */
function openCodeEntry(folder) {
  const entry = /```json opencode\.json\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/agents.md'), 'utf8'))?.[1];
  if (entry === undefined) throw new Error('docs/agents.md shows no opencode.json');
  return entry.replaceAll('/path/to/seatrial', folder);
}

function temporary(kind) {
  const path = mkdtempSync(join(tmpdir(), `seatrial-plugin-${kind}-`));
  made.push(path);
  return path;
}
