import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadConfig, parseConfig } from '../../src/config/load-config.ts';
import { loadEnvironment } from '../../src/config/load-environment.ts';
import { DeployError } from '../../src/model/deploy-error.ts';
import { configText, errorOf } from './config-text.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seatrial-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function rejection(promise: Promise<unknown>): Promise<DeployError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof DeployError) return thrown;
    throw thrown;
  }
  throw new Error('this was accepted');
}

describe('a valid config', () => {
  test('is read with every default filled in', async () => {
    await writeFile(join(folder, 'seatrial.yaml'), configText());
    const { config, configPath, text, hash } = await loadConfig(folder);
    expect(configPath).toBe(join(folder, 'seatrial.yaml'));
    expect(text).toBe(configText());
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const { production } = config.environments;
    expect(production?.target.instances).toBe(2);
    expect(production?.strategy).toEqual({
      kind: 'canary',
      steps: [
        { weight: 5, bake: 600_000 },
        { weight: 25, bake: 600_000 },
        { weight: 50, bake: 600_000 },
        { weight: 100, bake: 1_800_000 },
      ],
      aaPhase: 0,
      maxBake: 7_200_000,
    });
  });

  test('has the same hash however it is written', () => {
    const other = `environments: {production: {"target": {command: ["node", 'server.js'], kind: process}, url: "http://127.0.0.1:8080", metrics: {source: proxy}}}
service: shop
version: 1 # the same
`;
    expect(parseConfig(other).hash).toBe(parseConfig(configText()).hash);
    expect(parseConfig(configText('    migration: expand')).hash).not.toBe(parseConfig(configText()).hash);
    expect(parseConfig(configText('    judge: { sourceGrace: 120s }')).hash).toBe(parseConfig(configText()).hash);
  });

  test('may begin with a byte order mark and use aliases and CRLF', () => {
    const text =
      `\uFEFF${configText('    slos: { errorRate: &x { target: 1% }, availability: { target: 99% } }')}`.replaceAll(
        '\n',
        '\r\n',
      );
    expect(parseConfig(text).config.environments['production']?.slos.errorRate?.target).toBe(0.01);
  });

  test.each([
    ['29%', 0.29],
    ['35%', 0.35],
    ['0.1%', 0.001],
    ['100%', 1],
  ])('reads %s as %d exactly', (text, expected) => {
    const { config } = parseConfig(configText(`    triggers: { unhealthy: ${text} }`));
    expect(config.environments['production']?.triggers.unhealthy).toBe(expected);
  });
});

describe('a file that is no config', () => {
  test('missing', async () => {
    const error = await rejection(loadConfig(folder, 'nowhere.yaml'));
    expect(error.code).toBe('CONFIG_MISSING');
    expect(error.message).toBe(`There is no nowhere.yaml in ${folder}.`);
    expect(error.remedy).toContain('seatrial init');
    expect((await rejection(loadConfig(join(folder, 'no', 'such')))).code).toBe('CONFIG_MISSING');
  });

  test('in a folder that is a file', async () => {
    await writeFile(join(folder, 'plain'), '');
    expect((await rejection(loadConfig(join(folder, 'plain')))).code).toBe('CONFIG_MISSING');
  });

  test('a folder, and a link', async () => {
    await mkdir(join(folder, 'folder.yaml'));
    await writeFile(join(folder, 'real.yaml'), configText());
    await symlink(join(folder, 'real.yaml'), join(folder, 'link.yaml'));
    for (const file of ['folder.yaml', 'link.yaml']) {
      const error = await rejection(loadConfig(folder, file));
      expect(error.code).toBe('FILE_REFUSED');
      expect(error.message).toContain('it is no plain file');
    }
  });

  test('too large', async () => {
    await writeFile(join(folder, 'large.yaml'), '#'.repeat(2_000_000));
    expect((await rejection(loadConfig(folder, 'large.yaml'))).message).toContain('it has 2000000 bytes');
    expect(errorOf('#'.repeat(300_000)).message).toContain('it has more than 131072 characters');
  });
});

describe('a text that is no plain YAML names the line', () => {
  test.each([
    ['tab', 'version: 1\n\tservice: x', 2, 'a tab is used to indent; YAML wants spaces'],
    ['open quote', 'version: 1\nservice: "shop\n', 3, 'Missing closing "quote'],
    ['key twice', configText('    url: http://x'), 7, 'a key stands twice in the same map'],
    ['wrong indent', configText('   url: http://x'), 7, 'All mapping items must start at the same column'],
    ['tag', 'a: !!js/function x', 1, 'tags are not allowed (Unresolved tag: tag:yaml.org,2002:js/function)'],
    ['own tag', 'version: 1\na: !secret x', 2, 'tags are not allowed (Unresolved tag: !secret)'],
    ['documents', 'version: 1\n---\nversion: 1\n', 2, 'there is more than one document in it; take the --- out'],
    ['old version', '%YAML 1.1\n---\nversion: 1\n', 1, 'only YAML 1.2 is read; take the %YAML line out'],
    [
      'merge key',
      'version: 1\n<<: { service: x }\n',
      2,
      'YAML 1.2 has no merge key "<<"; write the keys out, or use an alias for a whole value',
    ],
    ['prototype', 'version: 1\n__proto__: { service: x }\n', 2, 'the key "__proto__" is not allowed'],
    ['nesting', `version: ${'['.repeat(60_000)}`, 1, 'it is nested too deeply'],
    ['unknown alias', 'version: 1\nservice: *no', 2, 'the alias *no has no anchor before it'],
  ])('%s', (_, text, line, reason) => {
    const error = errorOf(text);
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toMatch(`seatrial.yaml cannot be read as YAML: line ${line}: ${reason}`);
  });

  test('aliases that unfold to billions are refused at once', () => {
    const levels = Array.from(
      { length: 10 },
      (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`,
    );
    const started = performance.now();
    const error = errorOf(`l0: &l0 [x, x]\n${levels.join('\n')}\n`);
    expect(error.code).toBe('CONFIG_UNREADABLE');
    expect(error.message).toContain('Excessive alias count');
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test('so are many aliases, and thousands of mistakes are listed in little time', () => {
    const before = process.cpuUsage();
    expect(errorOf(`a: &a 1\nb: [${Array(30_000).fill('*a').join(', ')}]`).message).toContain(
      'it has more than 100 aliases',
    );
    const keys = Array.from({ length: 3000 }, (_, index) => `key${index}: 1`);
    expect(errorOf(keys.join('\n')).details['count']).toBe(3003);
    expect(errorOf(configText(`    smoke: [${Array(3000).fill('{a: 1}').join(', ')}]`)).details['count']).toBe(3000);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
  });

  test('a list that contains itself ends, too', () => {
    expect(errorOf('version: &a [*a]').code).toMatch(/^CONFIG_/);
    expect(errorOf(configText('    smoke: &a [*a]')).code).toMatch(/^CONFIG_/);
  });
});

describe('the environment', () => {
  const two = parseConfig(
    `${configText()}  staging:\n    url: http://x\n    target: { kind: process, command: [a] }\n`,
  ).config;
  test('is the one named, else production, else the only one', () => {
    expect(loadEnvironment(two, 'staging').name).toBe('staging');
    expect(loadEnvironment(two).name).toBe('production');
    expect(loadEnvironment(parseConfig(configText('', 'lab')).config).name).toBe('lab');
  });

  test('unknown ones are refused with what there is', () => {
    expect(() => loadEnvironment(two, 'stagin')).toThrow(
      expect.objectContaining({
        code: 'ENVIRONMENT_UNKNOWN',
        remedy: 'Known: production, staging (did you mean "staging"?).',
      }),
    );
    expect(() => loadEnvironment(two, 'toString')).toThrow('There is no environment "toString".');
    const noDefault = {
      ...two,
      environments: Object.fromEntries(
        Object.entries(two.environments).map(([name, spec]) => [name.replace('production', 'live'), spec]),
      ),
    };
    expect(() => loadEnvironment(noDefault)).toThrow(expect.objectContaining({ remedy: 'Known: live, staging.' }));
  });
});

describe('whatever the text, only a DeployError is thrown', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'version',
      'service',
      'environments',
      'production',
      'url',
      'target',
      'kind',
      'command',
      'smoke',
      'strategy',
      'steps',
      'freeze',
      'windows',
      'notify',
      'triggers',
      'canaryExits',
      'gates',
      'evidence',
      'tests',
      'constructor',
      'toString',
      '__proto__',
      'request',
      'expect',
      'json',
      'approval',
    ),
    fc.string(),
  );
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.constantFrom('process', 'canary', '5%', '10m', '*a', '<<', '!!x'),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 7 },
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const expectOnlyDeployErrors = (text: string): void => {
    try {
      parseConfig(text);
    } catch (thrown) {
      if (!(thrown instanceof DeployError)) throw thrown;
      expect(['CONFIG_INVALID', 'CONFIG_UNREADABLE']).toContain(thrown.code);
      expect(thrown.message).not.toMatch(/undefined|\[object|Invalid input/);
    }
  };

  test('random text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), expectOnlyDeployErrors), { numRuns: 500 });
  });

  test('random trees as YAML', () => {
    fc.assert(
      fc.property(tree, (value) => expectOnlyDeployErrors(stringify(value))),
      { numRuns: 500 },
    );
  });

  test('a valid config with a random value anywhere', () => {
    const places = [
      'url',
      'target',
      'revision',
      'strategy',
      'smoke',
      'metrics',
      'slos',
      'triggers',
      'judge',
      'gates',
      'approval',
      'notify',
      'freeze',
      'rollback',
      'migration',
      'review',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...places), tree, (place, value) => {
        const environment = { url: 'http://x', target: { kind: 'process', command: ['a'] }, [place]: value };
        expectOnlyDeployErrors(stringify({ version: 1, service: 'a', environments: { production: environment } }));
      }),
      { numRuns: 500 },
    );
  });
});

describe('addresses', () => {
  const environment = (url: string): string => `{ url: "${url}", target: { kind: process, command: [a] } }`;

  test('two environments may not share one: the laxer would move the users of the stricter', () => {
    const text = `version: 1\nservice: a\nenvironments:\n  production: ${environment('http://127.0.0.1:8080/a')}\n  staging: ${environment('http://127.0.0.1:8080')}\n`;
    expect(errorOf(text).message).toMatch(
      /environments\.staging\.url: is the address of environment "production" too; each environment needs a place of its own/,
    );
  });

  test('a local host does not speak TLS', () => {
    const text = `version: 1\nservice: a\nenvironments:\n  production: ${environment('https://shop.example')}\n`;
    expect(errorOf(text).message).toMatch(/environments\.production\.url: must be http: .*put TLS in front of it/);
  });
});
