import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What a user has after `npm pack` and `tar`, or after `git clone`, in an account where nothing was ever installed. */
const root = process.cwd();
const base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-fresh-'));
const home = join(base, 'home');
const env = {
  PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  HOME: home,
  TMPDIR: tmpdir(),
  NO_COLOR: '1',
};

beforeAll(() => mkdirSync(home));
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe.each([
  ['the npm tarball', fromTarball],
  ['a clone of the repository', fromClone],
])('from %s, without an install step', (_name, make) => {
  let folder: string;
  const run = (args: string[], cwd: string): string =>
    execFileSync(process.execPath, [join(folder, 'dist/seatrial.mjs'), ...args], {
      cwd,
      env,
      encoding: 'utf8',
      timeout: 120_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(() => {
    folder = make();
  }, 120_000);

  it('there are no packages beside it, and it says its version', () => {
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
    const manifest: { version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    expect(run(['--version'], base).trim()).toBe(manifest.version);
  }, 150_000);

  it('the server that its manifests name answers initialize, with every command as a prompt', async () => {
    const project = join(base, `mcp-of-${basename(folder)}`);
    mkdirSync(project);
    for (const path of ['.mcp.json', '.codex-plugin/mcp.json', 'gemini-extension.json']) {
      const answers = await talk(serverOf(folder, path), project);
      expect(answers[0]).toMatchObject({ result: { serverInfo: { name: 'seatrial' } } });
      expect(answers[1]).toMatchObject({ result: { tools: expect.arrayContaining([expect.anything()]) } });
      const names = readdirSync(join(folder, 'commands')).flatMap((file) =>
        file.endsWith('.md') ? [file.slice(0, -3)] : [],
      );
      expect(answers[2]).toMatchObject({
        result: { prompts: names.sort().map((name) => expect.objectContaining({ name })) },
      });
    }
  }, 150_000);

  it('init writes configuration and aliases into a new project, and takes the aliases away again', () => {
    const project = join(base, `init-of-${basename(folder)}`);
    mkdirSync(project);
    mkdirSync(join(project, 'other'));
    expect(run(['init'], join(project, 'other'))).toContain('seatrial init --agents');
    rmSync(join(project, 'other'), { recursive: true });
    mkdirSync(join(project, 'other'));
    expect(run(['init', '--no-agents'], join(project, 'other'))).not.toContain('--agents');
    rmSync(join(project, 'other'), { recursive: true });
    writeFileSync(join(project, 'package.json'), '{"name":"hello","scripts":{"start":"node server.mjs"}}\n');
    expect(run(['init', '--agents'], project)).toContain('.claude/commands/phase-2-ship.md');
    expect(readdirSync(project).sort()).toEqual(['.claude', '.gemini', 'AGENTS.md', 'package.json', 'seatrial.yaml']);
    expect(run(['init', '--remove-agents'], project)).toContain('Removed:');
    expect(readdirSync(project).sort()).toEqual(['package.json', 'seatrial.yaml']);
  }, 150_000);

  it('wrote nothing into the home that it was not asked for', () => {
    expect(readdirSync(home).filter((name) => name !== '.npm')).toEqual([]);
  });
});

function fromTarball(): string {
  const place = join(base, 'tarball');
  mkdirSync(place);
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', place], {
    cwd: root,
    stdio: 'pipe',
  });
  const [file = ''] = readdirSync(place);
  execFileSync('tar', ['-xzf', file], { cwd: place });
  return join(place, 'package');
}

/** The files that git knows, as they are now: what a commit of them would give to whoever clones it. */
function fromClone(): string {
  const [source, place] = [join(base, 'source'), join(base, 'clone')];
  mkdirSync(source);
  const git = (cwd: string, ...args: string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', ...args], {
      cwd,
      env,
      encoding: 'utf8',
    });
  const files = git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0');
  const present = files.filter((path) => path !== '' && path !== 'node_modules' && existsSync(join(root, path)));
  execFileSync('tar', ['-cf', join(base, 'tree.tar'), '--null', '--no-recursion', '-T', '-'], {
    cwd: root,
    input: present.join('\0'),
  });
  execFileSync('tar', ['-xf', join(base, 'tree.tar')], { cwd: source });
  git(source, 'init', '-q', '--initial-branch=main');
  git(source, 'add', '-A');
  git(source, 'commit', '-qm', 'feat: everything');
  git(base, 'clone', '-q', source, place);
  return place;
}

type Server = { command: string; args: string[]; cwd?: string };

/** How an agent starts the server: the manifest's line, with the words that the agent replaces. */
function serverOf(folder: string, path: string): Server {
  const manifest: { mcpServers: { deploy: Server } } = JSON.parse(readFileSync(join(folder, path), 'utf8'));
  const { command, args, cwd } = manifest.mcpServers.deploy;
  const filled = args.map((word) =>
    word.replace(/\$\{(CLAUDE_PLUGIN_ROOT|extensionPath)\}/, folder).replaceAll(`\${/}`, '/'),
  );
  return { command, args: filled, ...(cwd === undefined ? {} : { cwd: join(folder, cwd) }) };
}

/** Three questions over stdio, and the answers in their order. */
async function talk({ command, args, cwd }: Server, project: string): Promise<unknown[]> {
  const child = spawn(command, args, { cwd: cwd ?? project, env: { ...env, CLAUDE_PROJECT_DIR: project } });
  const answers = new Map<unknown, unknown>();
  const said = (text: object): void => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...text })}\n`);
  };
  const done = new Promise<void>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('no answer within a minute')), 60_000);
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const answer: { id?: unknown } = JSON.parse(line);
        answers.set(answer.id, answer);
      }
      if (![1, 2, 3].every((id) => answers.has(id))) return;
      clearTimeout(deadline);
      resolve();
    });
  });
  const info = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
  said({ id: 1, method: 'initialize', params: info });
  said({ method: 'notifications/initialized' });
  said({ id: 2, method: 'tools/list' });
  said({ id: 3, method: 'prompts/list' });
  try {
    await done;
  } finally {
    child.kill();
  }
  return [1, 2, 3].map((id) => answers.get(id));
}
