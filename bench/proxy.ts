import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { hostDown } from '../src/local-host/host-control.ts';
import { processTargetSchema, revisionSpecSchema } from '../src/model/config/target.ts';
import type { Act, Target } from '../src/model/target.ts';
import { spawnDetached } from '../src/system/detached-process.ts';
import { ownEnvironment } from '../src/system/environment.ts';
import { runCommand } from '../src/system/exec.ts';
import { freePort } from '../src/system/instance-process.ts';
import { createProcessTarget } from '../src/targets/process/process-target.ts';

export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[] };

const bundle = resolve('dist/seatrial.mjs');
const connections = 32;
const methods = ['GET', 'POST'] as const;
type Method = (typeof methods)[number];
type Sample = { perSecond: number; p50Ms: number; p99Ms: number; errors: number };
type Contender = { name: string; url: string | null; why: string };

/** Throughput and latency of the embedded proxy next to nginx and HAProxy, all with one thread before the same backend. */
export async function benchProxy({ quick }: { quick: boolean }): Promise<BenchTable> {
  const columns = ['method', 'through', 'requests/s', 'p50', 'p99', 'errors', 'seatrial ÷ this'];
  const title = 'Proxy throughput and latency';
  const wrk = program('wrk');
  const nginx = program('nginx');
  if (wrk === null || nginx === null) {
    return {
      title,
      columns,
      rows: [],
      notes: [`SKIPPED: ${wrk === null ? 'wrk' : 'nginx'} is not installed (Debian package of that name).`],
    };
  }
  const folder = mkdtempSync(join(tmpdir(), 'seatrial-bench-'));
  const children: ChildProcess[] = [];
  const { target, backendPort } = await startSeatrial(folder, nginx);
  try {
    const contenders = [
      { name: 'nothing (backend itself)', url: `http://127.0.0.1:${backendPort}`, why: '' },
      { name: 'seatrial', url: target.url, why: '' },
      await startNginx({ folder, backendPort, children, nginx }),
      await startHaproxy({ folder, backendPort, children }),
    ];
    const rows: string[][] = [];
    for (const method of methods)
      rows.push(...(await measureAll(contenders, { method, wrk, folder, seconds: quick ? 3 : 10 })));
    return { title, columns, rows, notes: describe(quick) };
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await hostDown(target, AbortSignal.timeout(20_000));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(
  contenders: readonly Contender[],
  run: { method: Method; wrk: string; folder: string; seconds: number },
): Promise<string[][]> {
  const samples = new Map<string, Sample>();
  for (const { name, url } of contenders) {
    if (url === null) continue;
    // The first second warms connections and compilers, and is not counted.
    await measure(url, { ...run, seconds: 1 });
    samples.set(name, await measure(url, run));
  }
  const own = samples.get('seatrial')?.perSecond ?? 0;
  return contenders.map(({ name, why }) => {
    const sample = samples.get(name);
    if (sample === undefined) return [run.method, name, 'SKIPPED', why, '–', '–', '–'];
    const ratio = name === 'seatrial' ? '1' : (own / sample.perSecond).toFixed(2);
    return [
      run.method,
      name,
      String(Math.round(sample.perSecond)),
      `${sample.p50Ms.toFixed(2)} ms`,
      `${sample.p99Ms.toFixed(2)} ms`,
      String(sample.errors),
      ratio,
    ];
  });
}

async function measure(
  url: string,
  { method, wrk, folder, seconds }: { method: Method; wrk: string; folder: string; seconds: number },
): Promise<Sample> {
  const script = join(folder, `${method}.lua`);
  const body = method === 'POST' ? `wrk.body = string.rep("x", 200)\n` : '';
  writeFileSync(script, `wrk.method = "${method}"\n${body}wrk.headers["Cookie"] = "seatrial_unit=bench"\n${report}`);
  const argv = [wrk, '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', '-s', script, `${url}/`];
  const result = await runCommand({ argv, cwd: folder, env: ownEnvironment(), timeoutMs: (seconds + 20) * 1000 });
  const [perSecond, p50Ms, p99Ms, errors] = (/^RESULT (.*)$/m.exec(result.stdout)?.[1] ?? '').split(' ').map(Number);
  if (perSecond === undefined || p50Ms === undefined || p99Ms === undefined || errors === undefined) {
    throw new Error(`wrk: ${result.how}: ${result.stderr.slice(0, 200)}`);
  }
  return { perSecond, p50Ms, p99Ms, errors };
}

const report = `done = function(summary, latency)
  local e = summary.errors
  local bad = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format("RESULT %f %f %f %d", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, bad))
end
`;

/** The product's own host, whose one instance is the backend of all. */
async function startSeatrial(folder: string, nginx: string): Promise<{ target: Target; backendPort: number }> {
  const project = join(folder, 'project');
  const release = join(project, 'releases', '1.0.0');
  const hostDirectory = join(folder, 'host');
  mkdirSync(release, { recursive: true });
  writeFileSync(join(release, 'backend.mjs'), backendSource(nginx));
  const target = createProcessTarget({
    spec: processTargetSchema.parse({
      kind: 'process',
      command: [process.execPath, 'backend.mjs'],
      directory: 'releases/{version}',
      instances: 1,
      stop: '3s',
    }),
    revisionSpec: revisionSpecSchema.parse({}),
    url: `http://127.0.0.1:${await freePort()}`,
    environment: 'bench',
    service: 'bench',
    projectDirectory: project,
    repository: null,
    hostDirectory,
    launchHost: async () => {
      const argv = [process.execPath, bundle, 'host-daemon', hostDirectory];
      await spawnDetached({
        argv,
        cwd: hostDirectory,
        env: ownEnvironment(),
        logFile: join(hostDirectory, 'host.log'),
      });
    },
  });
  const revision = { id: '1.0.0-bench', version: '1.0.0', commit: null, ref: null, artifact: null };
  const act = (): Act => ({
    idempotencyKey: 'bench',
    fence: 1,
    deadlineMs: 30_000,
    signal: new AbortController().signal,
  });
  await target.provision({ revision, instances: 1 }, act());
  await target.promote({ revision, standbyMs: 0 }, act());
  const state = await target.inspect(new AbortController().signal);
  return { target, backendPort: Number(new URL(state.revisions[0]?.instances[0]?.url ?? '').port) };
}

/** A program that becomes an nginx on $PORT which answers from memory, so that the proxies are what is measured. */
function backendSource(nginx: string): string {
  return `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
writeFileSync('nginx.conf', ${JSON.stringify(backendConfig)}.replace('PORT', process.env.PORT));
const child = spawn(${JSON.stringify(nginx)}, ['-p', process.cwd(), '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => child.kill('SIGQUIT'));
`;
}

const nginxHead = `daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events { worker_connections 2048; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path body; proxy_temp_path proxy;
fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
`;
const backendConfig = `${nginxHead}server { listen 127.0.0.1:PORT backlog=2048; location / { default_type application/json; return 200 '{"ok":true,"text":"a small answer of a service"}'; } } }\n`;

type StartRequest = { folder: string; backendPort: number; children: ChildProcess[] };

async function startNginx({
  folder,
  backendPort,
  children,
  nginx,
}: StartRequest & { nginx: string }): Promise<Contender> {
  const port = await freePort();
  const directory = join(folder, 'nginx');
  mkdirSync(directory);
  const location = 'location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://backend; }';
  const upstream = `upstream backend { server 127.0.0.1:${backendPort}; keepalive 128; keepalive_requests 100000000; }`;
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${nginxHead}${upstream}\nserver { listen 127.0.0.1:${port} backlog=2048; ${location} } }\n`,
  );
  children.push(spawn(nginx, ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'], { stdio: 'ignore' }));
  return untilUp({ name: 'nginx 1.22, 1 worker', url: `http://127.0.0.1:${port}`, why: '' });
}

async function startHaproxy({ folder, backendPort, children }: StartRequest): Promise<Contender> {
  const haproxy = program('haproxy');
  if (haproxy === null) return { name: 'HAProxy', url: null, why: 'haproxy is not installed' };
  const port = await freePort();
  const config = join(folder, 'haproxy.cfg');
  const lines = [
    'global\n nbthread 1\n maxconn 4096',
    'defaults\n mode http\n timeout connect 5s\n timeout client 75s\n timeout server 30s\n timeout http-keep-alive 75s\n http-reuse safe',
    `frontend users\n bind 127.0.0.1:${port} backlog 2048\n default_backend service`,
    `backend service\n server one 127.0.0.1:${backendPort} pool-max-conn 128`,
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  children.push(spawn(haproxy, ['-db', '-f', config], { stdio: 'ignore' }));
  return untilUp({ name: 'HAProxy, 1 thread', url: `http://127.0.0.1:${port}`, why: '' });
}

async function untilUp(contender: Contender): Promise<Contender> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const answer = await fetch(contender.url ?? '').catch(() => null);
    if (answer?.ok) return contender;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { ...contender, url: null, why: 'it did not start' };
}

function program(name: string): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  const found = directories.map((directory) => join(directory, name)).find((path) => isExecutable(path));
  return found ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function describe(quick: boolean): string[] {
  return [
    `wrk, 1 thread, ${connections} kept-open connections, ${quick ? 3 : 10} s each after 1 s of warming; one nginx worker as backend, all on this machine (its cores are shared by all of them).`,
    'POST: nginx and HAProxy send it over kept-open connections too; seatrial opens a fresh one for it, because a request that must not be repeated could be lost in one that the service is just closing.',
  ];
}
