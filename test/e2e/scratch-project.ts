import { execFileSync, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

/** Tests and benchmarks are run from the package's folder. */
const root = process.cwd();
/** The committed bundle, or another build of it. */
export const bundle = process.env['SEATRIAL_BUNDLE'] ?? join(root, 'dist', 'seatrial.mjs');
/** What agents start for their hooks. */
export const hookBundle = join(root, 'dist', 'hook.mjs');

export type Release = { version: string; failRatio?: number; crashOnStart?: boolean; hangOnTerm?: boolean };

export type Scratch = {
  directory: string;
  url: string;
  port: number;
  stateHome: string;
  env: Record<string, string>;
  writeConfig(changes?: ConfigChanges): void;
  release(release: Release): void;
  /** A person trusts the project as it is now, by the command itself at a terminal; nothing when it is trusted, or cannot be read. */
  trust(): void;
  git(...args: string[]): string;
  /** Runs the bundle on a pseudo-terminal (util-linux `script`) and answers each prompt in turn. */
  onTerminal(args: string[], answers: Answers): Promise<{ code: number | null; output: string }>;
  /** Runs the bundle and waits for its end; the project is trusted as it is, unless `untrusted`. */
  cli(args: string[], options?: { timeoutMs?: number; untrusted?: boolean }): CliResult;
  connect(clientName?: string): Promise<Session>;
  startClients(rate?: number): Promise<Clients>;
  /** Pids of processes that work for this project, by their command line. */
  processes(): Array<{ pid: number; command: string }>;
  journal(runId: string): string;
  close(): Promise<void>;
};

/** What is typed when the output so far looks so; a function makes it of the output. */
export type Answers = Array<[RegExp, string | ((output: string) => string)]>;
export type CliResult = { code: number | null; stdout: string; stderr: string };
export type Session = {
  client: Client;
  pid: number;
  call(name: string, args?: Record<string, unknown>): Promise<Reply>;
  close(): Promise<void>;
};
export type Reply = { text: string; isError: boolean };
export type Clients = {
  stop(): Promise<{
    sent: number;
    answered: number;
    lost: number;
    lostReasons: Record<string, number>;
    byVersion: Record<string, { created: number; failed: number }>;
    duplicated: number;
  }>;
};
export type ConfigChanges = {
  strategy?: string;
  approval?: string;
  extra?: string;
  target?: string;
  environment?: string;
  metrics?: string;
  review?: string;
};

/** A shop in a git repository of its own, with its own state folder and a port that the system gave. */
export async function createScratch(): Promise<Scratch> {
  const base = mkdtempSync(join(realpathSync(tmpdir()), 'seatrial-e2e-'));
  const [directory, ledger, stateHome] = [join(base, 'shop'), join(base, 'ledger'), join(base, 'state')];
  for (const path of [directory, ledger, stateHome]) mkdirSync(path);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    HOME: base,
    SEATRIAL_STATE_HOME: stateHome,
    NO_COLOR: '1',
    TMPDIR: tmpdir(),
  };
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: directory,
      encoding: 'utf8',
      env: {
        ...env,
        GIT_AUTHOR_NAME: 't',
        GIT_AUTHOR_EMAIL: 't@example.invalid',
        GIT_COMMITTER_NAME: 't',
        GIT_COMMITTER_EMAIL: 't@example.invalid',
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
    });
  const children: Array<() => void> = [];
  const sessions: Session[] = [];
  const scratch: Scratch = {
    directory,
    url,
    port,
    stateHome,
    env,
    git,
    writeConfig: (changes = {}) =>
      writeFileSync(join(directory, 'seatrial.yaml'), renderConfig({ url, ledger, ...changes })),
    release: ({ version, failRatio = 0, crashOnStart = false, hangOnTerm = false }) => {
      writeFileSync(join(directory, 'release.json'), JSON.stringify({ version, failRatio, crashOnStart, hangOnTerm }));
      git('add', '--all');
      git('commit', '--quiet', '--message', `feat: release ${version}`);
      git('tag', `v${version}`);
    },
    trust: () => trustProject({ directory, env }),
    onTerminal: (args, answers) =>
      new Promise((resolve) => {
        const command = [process.execPath, bundle, ...args].map((part) => `'${part}'`).join(' ');
        const child = spawn('script', ['-qec', command, '/dev/null'], {
          cwd: directory,
          env: { ...env, TERM: 'xterm' },
        });
        let output = '';
        let asked = 0;
        child.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          const next = answers[asked];
          if (next === undefined || !next[0].test(output)) return;
          asked += 1;
          child.stdin.write(`${typeof next[1] === 'string' ? next[1] : next[1](output)}\n`);
        });
        child.on('close', (code) => resolve({ code, output }));
      }),
    cli: (args, { timeoutMs = 60_000, untrusted = false } = {}) => {
      if (!untrusted) scratch.trust();
      try {
        const stdout = execFileSync(process.execPath, [bundle, ...args], {
          cwd: directory,
          env,
          encoding: 'utf8',
          timeout: timeoutMs,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        return { code: 0, stdout, stderr: '' };
      } catch (thrown) {
        return readFailure(thrown);
      }
    },
    connect: async (clientName = 'e2e') => {
      const session = await connect({ directory, env, clientName });
      sessions.push(session);
      return session;
    },
    startClients: async (rate = 400) => {
      const clients = await startClients({ base, url, rate, ledger, env });
      children.push(clients.kill);
      return clients;
    },
    processes: () => processesOf(base),
    journal: (runId) => {
      const projects = join(stateHome, 'projects');
      const project = readdirSync(projects)[0] ?? '';
      return readFileSync(join(projects, project, 'runs', runId, 'journal.jsonl'), 'utf8');
    },
    close: async () => {
      for (const kill of children) kill();
      for (const session of sessions) await session.close().catch(() => undefined);
      if (existsSync(join(directory, 'seatrial.yaml'))) scratch.cli(['abort', '--json']);
      for (let turn = 0; turn < 40 && processesOf(base).some(({ command }) => command.includes('supervise')); turn++)
        await sleep(250);
      scratch.writeConfig();
      scratch.cli(['host', 'down']);
      for (const { pid } of processesOf(base)) kill(pid);
      rmSync(base, { recursive: true, force: true });
    },
  };
  copyFileSync(join(root, 'examples', 'shop', 'server.mjs'), join(directory, 'server.mjs'));
  writeFileSync(join(directory, 'ROLLBACK.md'), '# Rollback\n\nRun `seatrial rollback`.\n');
  git('init', '--quiet', '--initial-branch=main');
  scratch.writeConfig();
  return scratch;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address === null || typeof address === 'string' ? reject(new Error('no port')) : resolve(address.port),
      );
    });
  });
}

const quickCanary = `{ kind: canary, maxBake: 60s, steps: [{ weight: 25%, bake: 1s }, { weight: 100%, bake: 1s }] }`;

function renderConfig({
  url,
  ledger,
  strategy = quickCanary,
  approval = '{ how: client-dialog, clients: [e2e] }',
  extra = '',
  target = '',
  environment = 'production',
  metrics = '{ source: proxy }',
  review = 'warn',
}: ConfigChanges & { url: string; ledger: string }): string {
  return `version: 1
service: shop
environments:
  ${environment}:
    url: ${url}
    target:
      kind: process
      command: [${JSON.stringify(process.execPath)}, server.mjs]
      instances: 2
      health: { path: /health, interval: 200ms, startup: 8s }
      restart: { initial: 100ms, max: 500ms }
      stop: 2s
      drain: 3s
      requestTimeout: 2s
${target}
    revision: { env: { set: { SHOP_LEDGER: ${JSON.stringify(ledger)} } }, versionHeader: x-shop-version }
    strategy: ${strategy}
    metrics: ${metrics}
    smoke:
      - { name: health, request: { path: /health }, expect: { header: { x-shop-version: "{version}" } } }
    rollback: { document: ROLLBACK.md }
    gates: { allowFriday: true, minFreeDisk: 50MiB }
    approval: ${approval}
    review: ${review}
${extra}
`;
}

/** What was trusted last, by folder: most calls find the project as it was. */
const trusted = new Map<string, string>();

/** Throws when the command does not do it for a configuration that can be read. */
export function trustProject({ directory, env }: { directory: string; env: Record<string, string> }): void {
  const path = join(directory, 'seatrial.yaml');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (text === '' || trusted.get(directory) === text) return;
  const run = (program: string, args: string[], input: string): string | null => {
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    try {
      return execFileSync(program, args, { cwd: directory, env, input, stdio: [...stdio], encoding: 'utf8' });
    } catch {
      return null;
    }
  };
  const shown = run(process.execPath, [bundle, 'trust', '--show', '--json'], '');
  if (shown === null) return;
  const { code } = JSON.parse(shown).data;
  if (code !== null) {
    const command = [process.execPath, bundle, 'trust'].map((part) => `'${part}'`).join(' ');
    const said = run('script', ['-qec', command, '/dev/null'], `${code}\n`);
    if (said?.includes('Trusted: ') !== true) throw new Error(`not trusted: ${said}`);
  }
  trusted.set(directory, text);
}

async function connect({
  directory,
  env,
  clientName,
}: {
  directory: string;
  env: Record<string, string>;
  clientName: string;
}): Promise<Session> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [bundle, 'mcp'],
    cwd: directory,
    env,
    stderr: 'pipe',
  });
  const client = new Client({ name: clientName, version: '1.0.0' });
  await client.connect(transport);
  return {
    client,
    pid: transport.pid ?? 0,
    call: async (name, args = {}) => {
      trustProject({ directory, env });
      const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 120_000 });
      const content = Array.isArray(result.content) ? result.content : [];
      return {
        text: content.map((part: { text?: string }) => part.text ?? '').join('\n'),
        isError: result.isError === true,
      };
    },
    close: () => client.close(),
  };
}

async function startClients({
  base,
  url,
  rate,
  ledger,
  env,
}: {
  base: string;
  url: string;
  rate: number;
  ledger: string;
  env: Record<string, string>;
}): Promise<Clients & { kill(): void }> {
  const resultFile = join(base, `clients-${Date.now()}.json`);
  const child = spawn(
    process.execPath,
    [join(root, 'examples', 'shop', 'clients.mjs'), url, String(rate), resultFile],
    { env, stdio: 'ignore' },
  );
  const read = (): ReturnType<typeof JSON.parse> =>
    existsSync(resultFile) ? JSON.parse(readFileSync(resultFile, 'utf8')) : null;
  for (let turn = 0; turn < 100 && !(read()?.answered > 0); turn++) await sleep(50);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      for (let turn = 0; turn < 400 && read()?.final !== true; turn++) await sleep(50);
      await sleep(300);
      const ids = readdirSync(ledger).flatMap((file) =>
        readFileSync(join(ledger, file), 'utf8')
          .split('\n')
          .filter((id) => id !== ''),
      );
      return { ...read(), duplicated: ids.length - new Set(ids).size };
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function processesOf(base: string): Array<{ pid: number; command: string }> {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const cwd = realpathSync(`/proc/${name}/cwd`);
        const state = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.[0];
        return state !== 'Z' && (command.includes(base) || cwd.startsWith(base))
          ? [{ pid: Number(name), command }]
          : [];
      } catch {
        return [];
      }
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function readFailure(thrown: unknown): CliResult {
  if (typeof thrown !== 'object' || thrown === null) throw thrown;
  const get = (key: string): unknown => Reflect.get(thrown, key);
  const code = get('status');
  return {
    code: typeof code === 'number' ? code : null,
    stdout: String(get('stdout') ?? ''),
    stderr: String(get('stderr') ?? ''),
  };
}
