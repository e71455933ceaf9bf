import { describe, expect, it } from 'vitest';
import { argumentMistake } from '../../src/model/config/argv-template.ts';
import { commandTargetSchema } from '../../src/model/config/target.ts';
import { fillArgv } from '../../src/system/fill-argv.ts';

const values = { version: '1.0.0; rm -rf /', revisionId: '$(id)', commit: '', weight: '25' };

describe('arguments of a command target', () => {
  it('stay one argument each, whatever the value holds', () => {
    expect(
      fillArgv(['deploy', '{version}', '--id={revisionId}', '-w={weight}', '{commit}', 'a{b', '{{json .}}'], values),
    ).toEqual(['deploy', '1.0.0; rm -rf /', '--id=$(id)', '-w=25', '', 'a{b', '{{json .}}']);
  });

  it.each([
    ['-rf', /begins with a hyphen/],
    ['--force', /begins with a hyphen/],
    ['a\nb', /control characters/],
    ['a\u0000b', /control characters/],
  ])('refuse the value %j', (version, reason) => {
    for (const argument of ['{version}', '--version={version}'])
      expect(() => fillArgv(['x', argument], { version })).toThrow(reason);
  });

  it('are refused by the config where a value would become a part of other text', () => {
    const mistake = (argument: string): string | null => argumentMistake(argument, ['version', 'commit']);
    expect(mistake('{version}')).toBeNull();
    expect(mistake('--tag={version}')).toBeNull();
    expect(mistake('v{version}')).toMatch(/must be a whole argument/);
    expect(mistake('{commit}:refs/heads/main')).toMatch(/must be a whole argument/);
    expect(mistake('--tag=v{version}')).toMatch(/must be a whole argument/);
    expect(mistake('{weight}')).toMatch(/\{weight\} is not there; there is: \{version\}, \{commit\}/);
    expect(mistake('{"json": true}')).toBeNull();
  });

  it('take a number, and nothing else, into other text', () => {
    const mistake = (argument: string): string | null => argumentMistake(argument, ['version', 'port'], ['port']);
    expect(mistake('127.0.0.1:{port}:8080')).toBeNull();
    expect(mistake('{version}:{port}')).toMatch(/\{version\} must be a whole argument/);
    const given = { version: '{port}', port: '4000' };
    expect(fillArgv(['x', '127.0.0.1:{port}:8080', '-p={port}', '{port}', '{version}'], given, ['port'])).toEqual([
      'x',
      '127.0.0.1:4000:8080',
      '-p=4000',
      '4000',
      '{port}',
    ]);
    for (const argument of ['a{port}', '{port}'])
      expect(() => fillArgv(['x', argument], { port: '1 2' }, ['port'])).toThrow(/is not a number/);
    expect(fillArgv(['x', 'a{port}'], given)).toEqual(['x', 'a{port}']);
  });

  it('cannot name the program itself, and inspect has no revision', () => {
    const parse = (commands: unknown) =>
      commandTargetSchema.safeParse({ kind: 'command', commands, revisionHeader: { name: 'x-version' } }).success;
    expect(parse({ inspect: { argv: ['x', '{environment}'] } })).toBe(true);
    expect(parse({ inspect: { argv: ['x', '{version}'] } })).toBe(false);
    expect(parse({ promote: { argv: ['{version}'] } })).toBe(false);
    expect(parse({ retire: { argv: ['x', '{weight}'] } })).toBe(false);
    expect(parse({ destroy: { argv: ['x'] } })).toBe(false);
  });
});
