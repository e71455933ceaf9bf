import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { editDistance, nearestName } from '../../src/config/nearest-name.ts';
import { renderKey, renderScalar } from '../../src/config/render-yaml.ts';
import { splitCommandLine } from '../../src/config/split-command-line.ts';
import { visibleText } from '../../src/config/visible-text.ts';

describe('the nearest name', () => {
  test.each([
    ['stratgy', 'strategy'],
    ['startegy', 'strategy'],
    ['Strategy', 'strategy'],
    ['strategyy', 'strategy'],
    ['ulr', 'url'],
    ['smokes', 'smoke'],
    ['xyz', null],
    ['', null],
    ['s', null],
  ])('%s → %s', (given, expected) => {
    expect(nearestName(given, ['url', 'strategy', 'smoke', 'target'])).toBe(expected);
  });

  test('the distance is one for each slip of the pen', () => {
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('abc', 'abc')).toBe(0);
    expect(editDistance('abc', 'acb')).toBe(1);
    expect(editDistance('abcd', 'abxd')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('ca', 'abc')).toBe(3);
  });
});

describe('a command line', () => {
  test.each([
    ['node server.js', ['node', 'server.js']],
    ['  node   --max-old-space-size=512 server.js  ', ['node', '--max-old-space-size=512', 'server.js']],
    [`node "a b" 'c "d"' e\\ f`, ['node', 'a b', 'c "d"', 'e f']],
    ['node ""', ['node', '']],
    [`x'y'"z"`, ['xyz']],
    ['node "a\\"b\\c"', ['node', 'a"b\\c']],
    ['gunicorn app:app -w 4 -b 127.0.0.1:8000', ['gunicorn', 'app:app', '-w', '4', '-b', '127.0.0.1:8000']],
    ['node a#b a~b', ['node', 'a#b', 'a~b']],
  ])('%s', (line, argv) => {
    expect(splitCommandLine(line)).toEqual({ ok: true, argv });
  });

  test.each([
    ['a && b', 'it needs a shell: & is an operator there'],
    ['a | b', 'it needs a shell: | is an operator there'],
    ['a; b', 'it needs a shell: ; is an operator there'],
    ['a > b', 'it needs a shell: > is an operator there'],
    ['a $(b)', 'it needs a shell: $ is replaced there'],
    ['node --port $PORT', 'it needs a shell: $ is replaced there'],
    ['a "$PORT"', 'it needs a shell: $ within quotes is replaced there'],
    ['a `b`', 'it needs a shell: ` runs another command there'],
    ['a *.js', 'it needs a shell: * is a pattern there'],
    ['a {b,c}', 'it needs a shell: { is a pattern there'],
    ['a ~/b', 'it needs a shell: ~ is the home directory there'],
    ['a # b', 'it needs a shell: # begins a comment there'],
    ['a\nb', 'it needs a shell: a second line is an operator there'],
    ['a "b', 'the quote " is not closed'],
    ["a 'b", "the quote ' is not closed"],
    ['a \\', 'it ends in a backslash'],
    ['', 'it names no program'],
    ['   ', 'it names no program'],
    ['NODE_ENV=production node x', 'it sets a variable (NODE_ENV); use revision.env.set'],
  ])('%s is refused', (line, reason) => {
    expect(splitCommandLine(line)).toEqual({ ok: false, reason });
  });

  test('any words, quoted, come back', () => {
    const word = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((text) => !text.includes('\0') && !/^[A-Za-z_]\w*=/.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const line = words.map((text) => `'${text.replaceAll("'", `'\\''`)}'`).join(' ');
        expect(splitCommandLine(line)).toEqual({ ok: true, argv: words });
      }),
    );
  });
});

describe('text', () => {
  test('hidden characters become visible', () => {
    expect(visibleText('a\nb\u202ec\u200bd\u001b[31m')).toBe('a\\u000ab\\u202ec\\u200bd\\u001b[31m');
  });

  test('any value comes back from its YAML', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        'true',
        'null',
        '10m',
        '5%',
        '1e3',
        'http://a/b:',
        '- a',
        '~',
        '0x1',
        'on',
        '.inf',
        '17:00',
        'a: b',
        '#',
      ),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.oneof(value, fc.array(value), fc.array(fc.array(value))), fc.string(), (one, key) => {
        fc.pre(key !== '__proto__');
        expect(parse(`a: ${renderScalar(one)}  # x\n`)).toEqual({ a: one });
        expect(parse(`${renderKey(key)}: 1\n`)).toEqual({ [key]: 1 });
      }),
      { numRuns: 1000 },
    );
  });
});
