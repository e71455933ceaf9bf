import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandTargetSchema } from '../../src/model/config/target.ts';
import { changeAnswerSchemas, inspectAnswerSchema } from '../../src/targets/command/command-answer.ts';

const text = readFileSync(new URL('../../docs/targets.md', import.meta.url), 'utf8');
const blocks = [...text.matchAll(/```(\w+)(?: (\w+))?\n([\s\S]*?)```/g)].map(([, language, name, body]) => ({
  language,
  name: name ?? '',
  body: body ?? '',
}));

describe('docs/targets.md', () => {
  test('shows an answer of every command, as it is read', () => {
    const schemas: Record<string, { parse(value: unknown): unknown }> = {
      ...changeAnswerSchemas,
      inspect: inspectAnswerSchema,
    };
    const shown = blocks.filter(({ language }) => language === 'json');
    expect(shown.map(({ name }) => name).sort()).toEqual(Object.keys(schemas).sort());
    for (const { name, body } of shown) expect(() => schemas[name]?.parse(JSON.parse(body))).not.toThrow();
  });

  test('has presets that are valid targets', () => {
    const presets = blocks.filter(({ language }) => language === 'yaml');
    expect(presets).toHaveLength(6);
    for (const { body } of presets) expect(() => commandTargetSchema.parse(parse(body))).not.toThrow();
  });

  test('says of every preset whether it was tried', () => {
    const presets = text.slice(text.indexOf('## Presets')).split('\n### ').slice(1);
    for (const preset of presets) expect(preset).toMatch(/\n\n(Not run against|Tried with a real)/);
  });

  test('names every command of the config', () => {
    for (const name of Object.keys(commandTargetSchema.shape.commands.shape)) expect(text).toContain(`| \`${name}\` |`);
  });
});
