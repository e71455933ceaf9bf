import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { runCli } from '../../src/cli/run-cli.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { planIdOf, savePlan } from '../../src/journal/plan-store.ts';
import { projectFolder } from '../../src/journal/state-folder.ts';
import { excerptOf } from '../../src/local-host/host/log-excerpt.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import { argvSchema } from '../../src/model/config/argv-schema.ts';
import { environmentSchema } from '../../src/model/config/environment.ts';
import { commandTargetSchema } from '../../src/model/config/target.ts';
import type { Operation } from '../../src/model/operation.ts';
import { declareSecret } from '../../src/model/redaction/emit.ts';
import { gitRefSchema, versionSchema } from '../../src/model/vetted.ts';
import { operations } from '../../src/operations/list.ts';
import { createCheckedLookup } from '../../src/system/checked-lookup.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { cleanExcerpt, cleanExcerptEnd } from '../../src/system/excerpt.ts';
import { appendLine, resolveInside } from '../../src/system/files.ts';
import { fillArgv } from '../../src/system/fill-argv.ts';
import { httpRequest } from '../../src/system/http.ts';
import { writeProjectFile } from '../../src/system/project-file.ts';
import { createMemoryIo } from '../cli/memory-io.ts';
import { createPlan, runId } from '../journal/journal-fixtures.ts';

const source = join(import.meta.dirname, '..', '..', 'src');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'seatrial-advisory-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const hints = { environmentDirectory: undefined, workingDirectory: '/', pluginDirectory: null };

async function connect(offered: readonly Operation[], projectDirectory: string): Promise<Client> {
  const server = createMcpServer({
    version: '0.0.0',
    operations: offered,
    resources: { templates: [], list: async () => [], read: async () => null },
    prompts: [],
    completer: { suggest: async () => [] },
    clock: createSystemClock(),
    project: { ...hints, environmentDirectory: projectDirectory },
  });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'advisory', version: '0' });
  await Promise.all([server.connect(ours), client.connect(theirs)]);
  return client;
}

describe('string commands', () => {
  it('are refused in the config: a command is a list, never a line for a shell', () => {
    for (const line of ['node server.js', 'rm -rf / #', ['']]) expect(argvSchema.safeParse(line).success).toBe(false);
  });

  it('are built nowhere in the sources', () => {
    const shell =
      /\bshell:\s*(?:true|['"/])|\bexec(?:Sync|File|FileSync)\s*\(|execaCommand|['"](?:\/bin\/)?(?:ba|da)?sh['"],\s*['"]-c['"]/;
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(300);
    expect(
      files.filter((path) => shell.test(readFileSync(join(source, path), 'utf8').replace(/^\s*\*.*$/gm, ''))),
    ).toEqual([]);
  });
});

describe('argument injection', () => {
  const commands = (argv: string[]) =>
    commandTargetSchema.safeParse({
      kind: 'command',
      commands: { promote: { argv } },
      revisionHeader: { name: 'x-version' },
    }).success;

  it('by a leading dash: no value becomes an option', () => {
    for (const version of ['--upload-pack=x', '-rf', '--', '-']) {
      expect(() => fillArgv(['deploy', '{version}'], { version })).toThrow('option');
      expect(() => fillArgv(['deploy', '--ref={version}'], { version })).toThrow('option');
      expect([versionSchema.safeParse(version).success, gitRefSchema.safeParse(version).success]).toEqual([
        false,
        false,
      ]);
    }
  });

  it('by a split: a value with blanks, quotes or commas stays one argument', () => {
    const version = `1 --force "a" 'b' ,c;d`;
    expect(fillArgv(['deploy', '{version}', '--ref={version}'], { version })).toEqual([
      'deploy',
      version,
      `--ref=${version}`,
    ]);
  });

  it('by a template: a value is never a part of other text, nor the program', () => {
    expect(commands(['deploy', '{version}'])).toBe(true);
    for (const argv of [['deploy', 'image:{version}'], ['sh', '-c', 'deploy {version}'], ['{version}']])
      expect(commands(argv)).toBe(false);
  });
});

describe('gates enforced only in the tool list', () => {
  it('what is not listed cannot be called, and what is listed refuses by itself', async () => {
    const state = join(root, 'state');
    const project = join(root, 'project');
    mkdirSync(project);
    writeFileSync(
      join(project, 'seatrial.yaml'),
      'version: 1\nservice: shop\nenvironments:\n  production: { url: "http://127.0.0.1:9", target: { kind: process, command: [node, x.js] } }\n',
    );
    const before = process.env['SEATRIAL_STATE_HOME'];
    process.env['SEATRIAL_STATE_HOME'] = state;
    const client = await connect(operations, project);
    try {
      await expect(client.callTool({ name: 'host', arguments: { action: 'up' } })).rejects.toThrow('There is no tool');
      await expect(client.callTool({ name: 'demo', arguments: {} })).rejects.toThrow('There is no tool');
      for (const extra of [{ force: true }, { skip_gates: true }, { approved: true }, { yes: true }]) {
        const answer = await client.callTool({
          name: 'rollout_start',
          arguments: { plan_id: 'f'.repeat(64), ...extra },
        });
        expect(answer).toMatchObject({ isError: true });
      }
      const start = await client.callTool({ name: 'rollout_start', arguments: { plan_id: 'f'.repeat(64) } });
      expect(start).toMatchObject({ isError: true });
      expect(readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.includes('runs/'))).toEqual(
        [],
      );
    } finally {
      if (before === undefined) delete process.env['SEATRIAL_STATE_HOME'];
      else process.env['SEATRIAL_STATE_HOME'] = before;
      await client.close();
    }
  });
});

describe('path prefix and symlink escapes', () => {
  it('a neighbour whose name begins the same is outside', async () => {
    mkdirSync(join(root, 'shop'));
    mkdirSync(join(root, 'shop-evil'));
    writeFileSync(join(root, 'shop-evil', 'x'), '');
    for (const path of ['../shop-evil/x', 'a/../../shop-evil/x', '/etc/passwd', join(root, 'shop-evil', 'x'), 'x\0'])
      await expect(resolveInside(join(root, 'shop'), path)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    expect(await resolveInside(join(root, 'shop'), '..shop/x')).toBe(join(root, 'shop', '..shop/x'));
  });

  it('a link is refused as a folder on the way, as the end, and when it appears in between', async () => {
    mkdirSync(join(root, 'shop'));
    mkdirSync(join(root, 'outside'));
    writeFileSync(join(root, 'outside', 'log'), 'before\n');
    symlinkSync(join(root, 'outside'), join(root, 'shop', 'folder'));
    symlinkSync(join(root, 'outside', 'log'), join(root, 'shop', 'log'));
    for (const path of ['folder/log', 'folder/new', 'log', 'folder'])
      await expect(resolveInside(join(root, 'shop'), path)).rejects.toMatchObject({ code: 'FILE_REFUSED' });
    await expect(appendLine(join(root, 'shop', 'log'), 'after')).rejects.toMatchObject({ code: 'ELOOP' });
    expect(readFileSync(join(root, 'outside', 'log'), 'utf8')).toBe('before\n');
  });
});

describe('SSRF and encodings', () => {
  it.each([
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0xA9.0xFE.0xA9.0xFE/',
    'http://169.254.169.254./',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::169.254.169.254]/',
    'http://metadata.google.internal/',
    'http://user@169.254.169.254/',
    'http://127.0.0.1@169.254.169.254/',
  ])('%s is never asked', async (url) => {
    await expect(httpRequest({ url, timeoutMs: 500 })).rejects.toMatchObject({ code: 'HTTP_FAILED' });
  });

  it('no tool argument is an address or a path', () => {
    const named = operations.filter(({ tool }) => tool).flatMap(({ input }) => Object.keys(input.shape));
    expect(named.filter((name) => /url|uri|host|path|file|dir|command|argv|header|env$/i.test(name))).toEqual([]);
  });
});

describe('DNS rebinding', () => {
  it('the address that was checked is the one that is connected to', async () => {
    const answers = [['93.184.216.34'], ['169.254.169.254']];
    const lookup = createCheckedLookup((_host, done) =>
      done(
        null,
        (answers.shift() ?? []).map((address) => ({ address, family: 4 })),
      ),
    );
    const ask = () =>
      new Promise((resolve) => lookup('rebind.test', {}, (error, address) => resolve(error?.message ?? address)));
    expect(await ask()).toBe('93.184.216.34');
    expect(await ask()).toContain('never asked');
  });
});

describe('consent that hides arguments', () => {
  it('a plan that could not be shown as it is cannot be made', async () => {
    declareSecret('advisory-Secret-0001');
    const plan = createPlan({ guidance: 'use advisory-Secret-0001' });
    const content = { ...plan, planId: planIdOf(plan.content) };
    await expect(savePlan(projectFolder(root, '0123456789abcdef'), content)).rejects.toMatchObject({
      code: 'PLAN_HOLDS_SECRET',
    });
  });

  it('a command with what looks like a secret is a mistake of the config', () => {
    for (const argv of [
      ['deploy', '--token=abcdef123456'],
      ['deploy', '--password', 'hunter2'],
      ['psql', 'postgres://me:hunter2@db/shop'],
      ['curl', '-H', 'Authorization: Bearer abcdefghijklmnop'],
      ['gh', 'ghp_0123456789abcdefghij0123'],
      ['a', 'b\0c'],
    ])
      expect(argvSchema.safeParse(argv).success, argv.join(' ')).toBe(false);
    for (const argv of [
      ['deploy', '--token-file', '/run/token'],
      ['deploy', '--key', 'client.pem'],
      ['vault', 'token', 'lookup'],
      ['deploy', '--password', '$PASSWORD'],
      ['git', 'push', 'git@host:shop.git'],
    ])
      expect(argvSchema.safeParse(argv).success, argv.join(' ')).toBe(true);
  });
});

describe('fallback paths', () => {
  it('what is not known is refused, never taken for the default', () => {
    const environment = { url: 'http://127.0.0.1:1', target: { kind: 'process', command: ['x'] } };
    expect(environmentSchema.safeParse(environment).success).toBe(true);
    for (const wrong of [
      { strategy: { kind: 'yolo' } },
      { aproval: { how: 'terminal' } },
      { approval: { how: 'nobody' } },
      { approval: {} },
      { target: { kind: 'unknown' } },
      { gates: { skip: ['all'] } },
    ])
      expect(environmentSchema.safeParse({ ...environment, ...wrong }).success, JSON.stringify(wrong)).toBe(false);
    expect(() => parseConfig('version: 2\nservice: shop\nenvironments: {}\n')).toThrow();
  });

  it('an operation takes no argument that it does not know', async () => {
    const io = createMemoryIo();
    expect(await runCli(['start', 'ffffffff', '--force'], { io, version: '0', operations })).not.toBe(0);
    expect(await runCli(['ship', '1.0.0', '--skip-gates'], { io, version: '0', operations })).not.toBe(0);
  });
});

describe('secrets masked by name only', () => {
  const secret = 'Tr0ub4dor/and+three=words';
  const encoded = Buffer.from(`user:${secret}`).toString('base64');

  it('a secret under an ordinary name leaves no door', async () => {
    declareSecret(secret);
    const leak: Operation = {
      name: 'leak',
      title: 'Leak',
      description: 'Says what it should not',
      input: z.object({}),
      effects: 'reads',
      tool: true,
      cli: { command: 'leak', positional: [], examples: [] },
      run: async (_input, { progress }) => {
        progress(`still at ${secret}`);
        return { data: { note: `it is ${secret}`, [secret]: [encoded] }, text: `it is ${secret}, or ${encoded}` };
      },
    };
    const client = await connect([leak], root);
    const progress: unknown[] = [];
    const answer = await client.callTool({ name: 'leak', arguments: {} }, undefined, {
      onprogress: (event) => progress.push(event),
    });
    await client.close();
    const said = [JSON.stringify([answer, progress])];
    for (const flags of [[], ['--json']]) {
      const io = createMemoryIo();
      await runCli(['leak', ...flags], { io, version: '0', operations: [leak] });
      said.push(io.out.join(''), io.errors.join(''));
    }
    for (const text of said)
      for (const leaked of [secret, JSON.stringify(secret).slice(1, -1), encoded.slice(8, -4)])
        expect(text).not.toContain(leaked);
    expect(said.join('')).toContain('[redacted]');
  });

  it('nor through the journal, a file of the project, or the last words of a log', async () => {
    declareSecret(secret);
    const clock = createSystemClock();
    const file = join(root, 'runs', 'journal.jsonl');
    const journal = await openJournal({ file, runId, generation: 1, clock, boot: 'boot' });
    const event = await journal.append({
      type: 'warning',
      data: { code: 'INTERNAL', message: `failed with ${secret}` },
    });
    await journal.close();
    await writeProjectFile(join(root, 'reports', 'a.md'), `It said ${secret}.\n`);
    const texts = [
      JSON.stringify(event),
      readFileSync(file, 'utf8'),
      readFileSync(join(root, 'reports', 'a.md'), 'utf8'),
      cleanExcerpt(`${'x'.repeat(190)}${secret}`),
      cleanExcerptEnd(`${secret}${'x'.repeat(185)}`),
      cleanExcerpt(`T\u200br0ub4dor/and+\u001b[1mthree=words`),
      excerptOf(`${'y'.repeat(50)}\n${secret}\nend\n`) ?? '',
      excerptOf(`${secret}${'z'.repeat(190)}`) ?? '',
    ];
    for (const text of texts) for (const part of ['Tr0ub4', 'ub4dor/', 'three=words']) expect(text).not.toContain(part);
  });
});
