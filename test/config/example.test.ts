import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { explainEnvironment, renderExplanation } from '../../src/config/explain.ts';
import { renderJsonSchema } from '../../src/config/json-schema.ts';
import { parseConfig } from '../../src/config/load-config.ts';
import { chooseBranch, discriminatedBranch, isMap, type Schema, unwrapSchema } from '../../src/config/schema-walk.ts';
import { configSchema } from '../../src/model/config/environment.ts';
import { configText } from './config-text.ts';

const example = await readFile(new URL('../../docs/seatrial.example.yaml', import.meta.url), 'utf8');

/** Every key of the schema, all branches of all unions, as `place.key`. */
function keysOfSchema(schema: Schema, place: string): string[] {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodObject)
    return Object.entries(bare.shape).flatMap(([key, inner]) => [
      `${place}.${key}`,
      ...keysOfSchema(inner, `${place}.${key}`),
    ]);
  if (bare instanceof z.ZodUnion)
    return bare.options.flatMap((option, index) => keysOfSchema(option, `${place}<${index}>`));
  if (bare instanceof z.ZodArray) return keysOfSchema(bare.element, `${place}[]`);
  if (bare instanceof z.ZodRecord) {
    const named = bare.keyType instanceof z.ZodEnum ? bare.keyType.options.map((key) => `${place}.${String(key)}`) : [];
    return [...named, ...keysOfSchema(bare.valueType, `${place}.*`)];
  }
  return [];
}

/** The same for what a value uses. */
function keysOfValue(schema: Schema, value: unknown, place: string): string[] {
  const bare = unwrapSchema(schema);
  if (bare instanceof z.ZodUnion) {
    const branch =
      bare instanceof z.ZodDiscriminatedUnion
        ? discriminatedBranch(bare, value)
        : chooseBranch(bare.options, value).branch;
    return branch === null ? [] : keysOfValue(branch, value, `${place}<${bare.options.indexOf(branch)}>`);
  }
  if (bare instanceof z.ZodObject && isMap(value)) {
    return Object.entries(value).flatMap(([key, inner]) => [
      `${place}.${key}`,
      ...keysOfValue(bare.shape[key] ?? z.never(), inner, `${place}.${key}`),
    ]);
  }
  if (bare instanceof z.ZodArray && Array.isArray(value))
    return value.flatMap((item) => keysOfValue(bare.element, item, `${place}[]`));
  if (bare instanceof z.ZodRecord && isMap(value)) {
    return Object.entries(value).flatMap(([key, inner]) => [
      `${place}.${key}`,
      ...keysOfValue(bare.valueType, inner, `${place}.*`),
    ]);
  }
  return [];
}

describe('docs/seatrial.example.yaml', () => {
  const parsed = parseConfig(example);

  test('has every key there is', () => {
    const there = new Set(keysOfValue(configSchema, parsed.given, ''));
    const all = keysOfSchema(configSchema, '');
    expect(all.length).toBeGreaterThan(140);
    expect(all.filter((key) => !there.has(key))).toEqual([]);
  });

  test('names the schema for editors in its first line', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=seatrial.schema.json');
  });

  test.each(Object.keys(parsed.config.environments))('its %s is explained as YAML that means the same', (name) => {
    expectSameMeaning(example, name);
  });
});

test('docs/seatrial.schema.json is what the schema renders', async () => {
  expect(await readFile(new URL('../../docs/seatrial.schema.json', import.meta.url), 'utf8')).toBe(renderJsonSchema());
});

function expectSameMeaning(text: string, name: string): void {
  const loaded = parseConfig(text);
  const again = parseConfig(renderExplanation({ ...loaded, enrolled: false }, name));
  expect(Object.keys(again.config.environments)).toEqual([name]);
  expect(again.config.environments[name]).toEqual(loaded.config.environments[name]);
  expect(again.config.service).toBe(loaded.config.service);
}

describe('an explanation', () => {
  test.each([
    '',
    '    slos: {}',
    '    smoke: [{ name: "a # b: \\u202e\\n- c", request: { path: /, headers: { x: "" }, body: "\\n\\n" } }]',
    '    notify: [{ command: ["a", "- b"] }]\n    revision: { env: { set: { A: "true", B: "# x" } } }',
    '    freeze: { windows: [{ days: [sun], from: "00:00", to: "00:00", reason: "x\\n    url: http://evil" }] }',
    '    triggers: { canaryExits: false, unhealthy: 0% }',
    '    approval: { how: none, approvers: {} }',
  ])('%# loads again and means the same', (extra) => {
    expectSameMeaning(configText(extra), 'production');
  });

  test('tells where each value comes from, in the units of the config', () => {
    const text = renderExplanation({ ...parseConfig(configText('    judge: { sourceGrace: 90s }')), enrolled: false });
    expect(text).toMatch(/^ {6}sourceGrace: 90s +# yours · A metrics source silent/m);
    expect(text).toMatch(/^ {6}alphaRollback: 1% +# default · /m);
    expect(text).toMatch(/^ {6}# directory: not set +# Where a revision lies/m);
    expect(text).toMatch(
      /^ {4}# approval: \{ how: client-dialog \} +# default for an environment named production · .*not forgery-proof/m,
    );
    expect(text).toMatch(/^ {8}- weight: 5% +# default/m);
  });

  test('begins with what will happen', () => {
    const lines = renderExplanation({
      ...parseConfig(configText('    smoke: [{ name: a, command: [x], on: [candidate] }]')),
      enrolled: false,
    }).split('\n');
    expect(lines[0]).toBe('# What happens on `seatrial ship <version> --env production` (http://127.0.0.1:8080):');
    expect(lines).toContain(
      '# Strategy: canary; 5 % for 10m, 25 % for 10m, 50 % for 10m, 100 % for 30m (of the last step 5 % stays on the stable revision to compare with, until its watch is over): 1h at least; a step holds without a verdict after 2h.',
    );
    expect(lines).toContain('# Smoke: 1 check(s) before users come, 0 on the environment afterwards.');
    expect(lines).toContain(
      '# Rolls back by itself on: errors more than 2 percentage points above the stable revision; latencyP99 more than 20 % above the stable revision; good answers per request more than 30 % below the stable revision; more than 3 restarts in 5m; 2 exits in 1m while the stable revision has none; any kill for lack of memory; more than 50 % of instances unhealthy; an answer of another version.',
    );
    expect(lines).toContain('# Nobody is told.');
  });

  test.each([
    [
      '{ kind: direct }',
      'Strategy: direct; all users at once, then 15m of watching; holds without a verdict after 2h.',
    ],
    [
      '{ kind: blue-green, standby: 1h }',
      'Strategy: blue-green; all users at once, then 15m of watching; blue is kept for 1h; holds without a verdict after 2h.',
    ],
    [
      '{ kind: rolling }',
      'Strategy: rolling; 1 instance(s) at a time, 2m after each, 15m after the last; a person decides between them; holds without a verdict after 2h.',
    ],
  ])('of %s', (strategy, sentence) => {
    expect(
      explainEnvironment({ ...parseConfig(configText(`    strategy: ${strategy}`)), enrolled: false }).summary,
    ).toContain(sentence);
  });

  test('as data has every setting once', () => {
    const { settings, environment, service } = explainEnvironment({
      ...parseConfig(configText('    smoke: [{ name: a, command: [x] }]')),
      enrolled: false,
    });
    expect([service, environment]).toEqual(['shop', 'production']);
    const keys = settings.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(settings.find(({ key }) => key === 'smoke[0].name')).toEqual({
      key: 'smoke[0].name',
      value: 'a',
      from: 'yours',
      description: 'Printed in the report',
    });
    expect(settings.find(({ key }) => key === 'triggers.errorRate.above')).toMatchObject({
      value: '2pp',
      from: 'default',
    });
    expect(settings.find(({ key }) => key === 'approval.how')).toMatchObject({
      value: 'client-dialog',
      from: 'default',
    });
    expect(settings.find(({ key }) => key === 'rollback.document')).toMatchObject({ value: null, from: 'not set' });
  });
});
