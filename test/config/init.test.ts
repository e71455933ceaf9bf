import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type GuessedConfig, guessConfig } from '../../src/config/init/guess-config.ts';
import { readCompose } from '../../src/config/init/read-compose.ts';
import { readDockerfile } from '../../src/config/init/read-dockerfile.ts';
import { readKubernetes } from '../../src/config/init/read-kubernetes.ts';
import { readPackageJson } from '../../src/config/init/read-package-json.ts';
import { readFlyToml } from '../../src/config/init/read-platform-files.ts';
import { readProcfile } from '../../src/config/init/read-procfile.ts';
import { writeConfig } from '../../src/config/init/write-config.ts';
import { loadConfig, parseConfig } from '../../src/config/load-config.ts';
import type { EnvironmentSpec } from '../../src/model/config/environment.ts';
import type { ProcessTargetSpec } from '../../src/model/config/target.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function project(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'seatrial-init-'));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function guess(
  files: Record<string, string>,
): Promise<GuessedConfig & { spec: EnvironmentSpec & { target: ProcessTargetSpec }; service: string }> {
  const guessed = await guessConfig(await project(files));
  const { config } = parseConfig(guessed.text);
  const spec = config.environments['production'];
  if (spec === undefined) throw new Error('no production');
  const { target } = spec;
  if (target.kind !== 'process') throw new Error('another target');
  return { ...guessed, spec: { ...spec, target }, service: config.service };
}

function because(guessed: GuessedConfig, key: string): string {
  const found = guessed.guesses.find((one) => one.key === key);
  return found === undefined ? 'not guessed' : `${found.sure ? 'sure' : 'check'}: ${found.because}`;
}

const server = `import http from 'node:http';\nif (url === '/healthz') ok();\nserver.listen(process.env.PORT);\n`;

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web-shop }
spec:
  replicas: 4
  template:
    spec:
      containers:
        - name: app
          image: shop:1
          command: ["/app/shop"]
          args: [--serve]
          ports: [{ containerPort: 3000 }]
          readinessProbe: { httpGet: { path: /ready, port: 3000 } }
`;

describe('a first config is guessed from', () => {
  test('a Node project', async () => {
    const guessed = await guess({
      'package.json': JSON.stringify({
        name: '@acme/Web_Shop',
        scripts: { start: 'node src/server.js --quiet', build: 'tsc', test: 'vitest run' },
        dependencies: { a: '1' },
        engines: { node: '>=20' },
      }),
      'package-lock.json': '{}',
      'src/server.js': server,
    });
    expect(guessed.service).toBe('web-shop');
    expect(guessed.spec.target.command).toEqual(['node', 'src/server.js', '--quiet']);
    expect(because(guessed, 'target.command')).toMatch(/^sure: scripts.start in package.json/);
    expect(guessed.spec.target.health.path).toBe('/healthz');
    expect(because(guessed, 'target.health.path')).toBe('check: "/healthz" stands in src/server.js');
    expect(guessed.spec.revision.prepare).toEqual([
      ['npm', 'ci'],
      ['npm', 'run', 'build'],
    ]);
    expect(guessed.spec.gates.evidence.tests).toMatchObject({ command: ['npm', 'test'] });
    expect(guessed.spec.url).toBe('http://127.0.0.1:8080');
    expect(guessed.notes).toEqual([
      'Check these, nothing in the project tells them: url.',
      'Tag what you ship as v<version>, such as v1.0.0, or set revision.ref.',
      'package.json asks for Node >=20: check `node --version` where the service runs.',
    ]);
    for (const { because: reason } of guessed.guesses) expect(guessed.text).toContain(reason);
  });

  test('a project whose start needs a shell, with yarn', async () => {
    const guessed = await guess({
      'package.json': JSON.stringify({
        name: 'x',
        scripts: { start: 'NODE_ENV=production next start -p $PORT' },
        dependencies: { next: '1' },
      }),
      'yarn.lock': '',
      'index.js': 'nothing',
    });
    expect(guessed.spec.target.command).toEqual(['npm', 'run', 'start']);
    expect(guessed.spec.revision.prepare).toEqual([['yarn', 'install', '--frozen-lockfile']]);
    expect(guessed.notes.join('\n')).toContain(
      'scripts.start is started through npm, because it needs a shell: $ is replaced there',
    );
    expect(guessed.notes.join('\n')).toContain('No source file that was looked at mentions PORT');
    expect(because(guessed, 'target.health.path')).toMatch(/^check: placeholder/);
  });

  test('a Dockerfile', async () => {
    const guessed = await guess({
      Dockerfile: `FROM node:20 AS build
EXPOSE 1
CMD ["wrong"]
FROM node:20-slim
# CMD ["commented", "out"]
EXPOSE 3000/tcp
HEALTHCHECK --interval=5s \\
  CMD curl -f http://localhost:3000/api/health || exit 1
ENTRYPOINT ["node"]
CMD ["dist/main.js", "--serve"]
`,
    });
    expect(guessed.spec.target.command).toEqual(['node', 'dist/main.js', '--serve']);
    expect(because(guessed, 'target.command')).toBe('sure: ENTRYPOINT and CMD in Dockerfile');
    expect(guessed.spec.url).toBe('http://127.0.0.1:3000');
    expect(because(guessed, 'url')).toBe('check: EXPOSE 3000 in Dockerfile; where users reach the service');
    expect(guessed.spec.target.health.path).toBe('/api/health');
  });

  test('Kubernetes manifests, plainly without a driver', async () => {
    const guessed = await guess({
      'k8s/app.yaml': `apiVersion: v1\nkind: Service\n---\n${deployment}`,
      'k8s/broken.yaml': 'kind: Deployment\n{{ .Values }}',
    });
    expect(guessed.service).toBe('web-shop');
    expect(guessed.spec.target.instances).toBe(4);
    expect(guessed.spec.target.command).toEqual(['/app/shop', '--serve']);
    expect(guessed.spec.target.health.path).toBe('/ready');
    expect(guessed.spec.url).toBe('http://127.0.0.1:3000');
    expect(guessed.notes.join('\n')).toContain(
      'k8s/app.yaml: there is no driver for Kubernetes yet. This config runs the service as processes on this machine',
    );
  });

  test('a Procfile, before package.json', async () => {
    const guessed = await guess({
      Procfile: 'release: bin/migrate\nweb: gunicorn app:app -w 4\nworker: celery\n',
      'package.json': JSON.stringify({ scripts: { start: 'node x.js' } }),
    });
    expect(guessed.spec.target.command).toEqual(['gunicorn', 'app:app', '-w', '4']);
    expect(because(guessed, 'target.command')).toBe('sure: web in Procfile');
    expect(guessed.notes.join('\n')).toContain('only web is shipped; worker must be started otherwise');
    expect(guessed.notes.join('\n')).toContain('the release process is not run');
  });

  test('a Procfile that needs a shell: a note, and a placeholder', async () => {
    const guessed = await guess({ Procfile: 'web: bundle exec puma -p $PORT && true' });
    expect(guessed.spec.target.command).toEqual(['node', 'server.js']);
    expect(guessed.notes[0]).toBe(
      'Check these, nothing in the project tells them: url, target.command, target.health.path.',
    );
    expect(guessed.notes.join('\n')).toContain(
      'the command of web was not used, because it needs a shell: $ is replaced there. Every instance gets its port in $PORT',
    );
  });

  test('fly.toml and vercel.json, plainly without drivers', async () => {
    const fly = await guess({
      'fly.toml': `app = "Big Shop"\n[processes]\n  app = "node server.mjs"\n[http_service]\n  internal_port = 4000\n[[http_service.checks]]\n  interval = "5s"\n  path = "/up"\n`,
    });
    expect(fly.service).toBe('big-shop');
    expect(fly.spec.target.command).toEqual(['node', 'server.mjs']);
    expect(fly.spec.target.health.path).toBe('/up');
    expect(fly.spec.url).toBe('http://127.0.0.1:4000');
    expect(fly.notes.join('\n')).toContain('there is no driver for Fly.io yet');
    const vercel = await guess({ 'vercel.json': '{}' });
    expect(vercel.notes.join('\n')).toContain('there is no driver for Vercel yet');
  });

  test('a Compose file', async () => {
    const guessed = await guess({
      'docker-compose.yml': `services:
  db: { image: postgres }
  web:
    build: .
    command: python app.py --host 127.0.0.1
    ports: ["127.0.0.1:9000:3000"]
    deploy: { replicas: 3 }
    healthcheck: { test: [CMD, curl, -f, "http://localhost:3000/status"] }
`,
    });
    expect(guessed.spec.target.command).toEqual(['python', 'app.py', '--host', '127.0.0.1']);
    expect(guessed.spec.target.instances).toBe(3);
    expect(guessed.spec.target.health.path).toBe('/status');
    expect(guessed.spec.url).toBe('http://127.0.0.1:9000');
    expect(guessed.notes.join('\n')).toContain(
      'docker-compose.yml: seatrial ships only web; db must be running by themselves.',
    );
  });

  test('nothing at all', async () => {
    const guessed = await guess({});
    expect(guessed.service).toMatch(/^seatrial-init-/);
    expect(guessed.notes[0]).toContain('url, target.command, target.health.path');
  });
});

describe('hostile projects', () => {
  test('what a file says stays within its comment and its value', async () => {
    const guessed = await guess({
      'package.json': JSON.stringify({
        name: 'x\n  evil: 1',
        scripts: { start: 'node "a\\"b: c # d" -- --x={y}', test: 'x' },
        main: 'a\nb',
      }),
      [`k8s/a\nversion: 2 # \u202e.yaml`]: deployment,
      Dockerfile: 'CMD ["node", ""]\nEXPOSE 99999',
    });
    expect(guessed.service).toBe('x-evil-1');
    expect(guessed.text.split('\n').filter((line) => line.startsWith('version:'))).toEqual(['version: 1']);
    expect(guessed.text).not.toContain('\u202e');
    expect(guessed.notes.join('')).not.toMatch(/[\n\u202e]/);
  });

  test('links out of the project are not read', async () => {
    const outside = await project({ 'package.json': JSON.stringify({ name: 'secret' }), 'src/a.js': `'/health'` });
    const inside = await project({});
    await symlink(join(outside, 'package.json'), join(inside, 'package.json'));
    await symlink(join(outside, 'src'), join(inside, 'src'));
    const { text } = await guessConfig(inside);
    expect(text).not.toContain('secret');
    expect(text).toContain('placeholder; a path that answers 2xx');
  });

  test('many and large files are read up to a limit', async () => {
    const files: Record<string, string> = {};
    for (let index = 0; index < 230; index++)
      files[`src/f${String(index).padStart(3, '0')}.js`] = index > 205 ? `'/health'` : 'PORT';
    expect(because(await guess(files), 'target.health.path')).toMatch(/placeholder/);
    const large = {
      'src/a.js': `${'x'.repeat(300_000)}'/health'`,
      'node_modules/x/index.js': `'/health'`,
      'lib/b.js': `"/up" PORT`,
    };
    expect(because(await guess(large), 'target.health.path')).toBe('check: "/up" stands in lib/b.js');
  });

  test('whatever the files say, the config loads', async () => {
    const folder = await project({});
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .tuple(fc.constantFrom('CMD ', 'web: ', 'EXPOSE ', 'ENTRYPOINT ', 'app = "'), fc.string())
        .map((parts) => parts.join('')),
      fc.constant(
        deployment.replace('replicas: 4', 'replicas: -1').replace('3000 }]', '0 }]').replace('/ready', 'no slash'),
      ),
    );
    const names = [
      'package.json',
      'Dockerfile',
      'Procfile',
      'fly.toml',
      'vercel.json',
      'compose.yaml',
      'deploy.yaml',
      'server.js',
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: names.length, maxLength: names.length }), async (texts) => {
        for (const [index, name] of names.entries()) await writeFile(join(folder, name), texts[index] ?? '');
        parseConfig((await guessConfig(folder)).text);
      }),
      { numRuns: 60 },
    );
  });

  test('no reader takes long over repetitions', () => {
    const before = process.cpuUsage();
    for (const piece of [
      ' ',
      '\n',
      '\t',
      'a',
      '\\\n',
      '[',
      '[processes]\n',
      'checks]]',
      'web:',
      'CMD  ',
      '#',
      '-',
      '"',
      'http://localhost',
      '{',
      'a: &a ',
    ]) {
      const text = piece.repeat(Math.floor(200_000 / piece.length));
      for (const prefix of ['', 'web: ', 'CMD ', 'HEALTHCHECK ', 'app = "']) {
        readProcfile(prefix + text);
        readDockerfile(prefix + text);
        readFlyToml(prefix + text);
        readPackageJson(prefix + text, []);
      }
    }
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(10_000);
    expect(readKubernetes('['.repeat(5000), 'x').findings).toEqual([]);
    expect(readCompose('{'.repeat(5000), 'x').findings).toEqual([]);
  });
});

describe('writing it', () => {
  test('adds one file and overwrites nothing', async () => {
    const folder = await project({ 'package.json': '{"name":"a"}' });
    const { text } = await guessConfig(folder);
    expect(await readdir(folder)).toEqual(['package.json']);
    expect(await writeConfig(folder, text)).toEqual({ written: true, path: join(folder, 'seatrial.yaml') });
    expect((await readdir(folder)).sort()).toEqual(['package.json', 'seatrial.yaml']);
    expect((await loadConfig(folder)).config.service).toBe('a');
    await writeFile(join(folder, 'seatrial.yaml'), 'mine');
    expect(await writeConfig(folder, text)).toEqual({ written: false, path: join(folder, 'seatrial.yaml') });
    expect(await readFile(join(folder, 'seatrial.yaml'), 'utf8')).toBe('mine');
    expect((await readdir(folder)).sort()).toEqual(['package.json', 'seatrial.yaml']);
  });
});
