import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestLine } from '../../../src/operations/guided/parse-request-line.ts';
import { splitWords } from '../../../src/operations/guided/split-words.ts';

const environments = ['production', 'staging'];

function parse(line: string): ReturnType<typeof parseRequestLine> | { ok: false; mistakes: string[] } {
  const split = splitWords(line);
  return split.ok ? parseRequestLine(split.words, environments) : { ok: false, mistakes: [split.reason] };
}
const mistakesOf = (line: string): string => {
  const parsed = parse(line);
  return parsed.ok ? `understood as ${JSON.stringify(parsed.value)}` : parsed.mistakes.join('\n');
};

describe('a line as it was typed', () => {
  it.each([
    ['canary 1.4.0', { strategy: 'canary', version: '1.4.0' }],
    ['1.4.0 production canary', { strategy: 'canary', version: '1.4.0', environment: 'production' }],
    ['Blue-Green v1 .', { strategy: 'blue-green', version: 'v1', project: '.' }],
    ['1.4.0 ./shop/', { version: '1.4.0', project: './shop/' }],
    [
      'canary 1.4.0 --guidance "watch the orders"',
      { strategy: 'canary', version: '1.4.0', guidance: 'watch the orders' },
    ],
    ['1.4.0 --guidance=\'a "b" c\'', { version: '1.4.0', guidance: 'a "b" c' }],
    ['1.4.0 --guidance=“watch it”', { version: '1.4.0', guidance: 'watch it' }],
    ['1.4.0 --guidance "say \\"no\\" \\\\ twice"', { version: '1.4.0', guidance: 'say "no" \\ twice' }],
    ['1.4.0 --guidance "--skip-all"', { version: '1.4.0', guidance: '--skip-all' }],
    ["1.4.0 --guidance don't", { version: '1.4.0', guidance: "don't" }],
    [
      '--env staging --strategy direct --version latest',
      { environment: 'staging', strategy: 'direct', version: 'latest' },
    ],
    ['canary canary', { strategy: 'canary' }],
    ['--version canary', { version: 'canary' }],
    ['', {}],
    ['   \t\n ', {}],
  ])('is understood: %s', (line, wanted) => {
    expect(parse(line)).toEqual({ ok: true, value: { interactive: false, ...wanted } });
  });

  it.each([
    ['canary rolling 1.4.0', /two strategies: "canary" and "rolling"; say which one/],
    ['1.4.0 production staging', /two environments: "production" and "staging"/],
    ['1.4.0 1.5.0', /"1\.4\.0" and "1\.5\.0": only one of them can be the version/],
    ['canry 1.4.0', /"canry" is no strategy and no environment; did you mean canary\?/],
    ['1.4.0 prodution', /did you mean production\?/],
    ['1.4.0 --strategy fast', /"fast" is no strategy; there are: direct, .*rolling/],
    ['1.4.0 canary --strategy rolling', /two strategies/],
    ['1.4.0 --guidence "x"', /the option "--guidence" is unknown; did you mean --guidance\?/],
    ['1.4.0 -g x', /the option "-g" is unknown/],
    ['1.4.0 --force', /the option "--force" is unknown/],
    ['1.4.0 --guidance', /--guidance has no value; write --guidance "what to watch for"/],
    ['1.4.0 --guidance ""', /--guidance has no value/],
    ['1.4.0 --guidance --interactive', /--guidance has no value/],
    ['1.4.0 --interactive=yes', /--interactive takes no value/],
    ['1.4.0 --guidance a --guidance b', /guidance was given twice/],
    ['1.4.0 --guidance watch the orders', /"1\.4\.0" and "the" and "orders".*guidance of several words needs quotes/],
    ['1.4.0 --guidance "watch', /the quote " is not closed/],
    ['1.4.0 ./a ../b', /two folders/],
    ['1.4.0 ""', /a word is empty/],
    ['1.4.0 $(rm -rf /)', /two folders|only one of them|unknown/],
  ])('is refused with what is right: %s', (line, wanted) => {
    expect(mistakesOf(line)).toMatch(wanted);
  });

  it('knows an environment that is called like a strategy as the second of two', () => {
    const split = splitWords('canary 1.4.0 canary');
    if (!split.ok) throw new Error(split.reason);
    expect(parseRequestLine(split.words, ['canary'])).toEqual({
      ok: true,
      value: { interactive: false, strategy: 'canary', environment: 'canary', version: '1.4.0' },
    });
  });

  it('means the same in every order, and loses no part', () => {
    const parts = {
      strategy: fc.constantFrom('direct', 'canary', 'blue-green', 'rolling'),
      version: fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((numbers) => numbers.join('.')),
      environment: fc.constantFrom(...environments),
      project: fc.constantFrom('.', '..', './shop', '/srv/shop', 'a/b'),
      guidance: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== ''),
      interactive: fc.constant(true),
    };
    const quote = (text: string): string => `"${text.replace(/[\\"'“”„‘’]/g, (one) => `\\${one}`)}"`;
    fc.assert(
      fc.property(
        fc.record(parts, { requiredKeys: [] }),
        fc.array(fc.nat(1000), { minLength: 6, maxLength: 6 }),
        (given, order) => {
          const words = Object.entries(given).map(([key, value]) => {
            if (key === 'guidance') return `--guidance ${quote(String(value))}`;
            return key === 'interactive' ? '--interactive' : String(value);
          });
          const shuffled = words
            .map((word, index) => ({ word, at: order[index] ?? 0 }))
            .sort((a, b) => a.at - b.at)
            .map(({ word }) => word);
          expect(parse(shuffled.join('  '))).toEqual({ ok: true, value: { interactive: false, ...given } });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('answers to any text at all, and takes nothing from it but words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (line) => {
        const parsed = parse(line);
        const said = parsed.ok ? Object.values(parsed.value).map(String) : parsed.mistakes;
        expect(said.length).toBeGreaterThan(0);
        if (parsed.ok) for (const value of said) expect(value.length).toBeLessThanOrEqual(Math.max(5, line.length));
      }),
      { numRuns: 500 },
    );
    for (const line of [
      '"'.repeat(1000),
      '\\'.repeat(1000),
      '--'.repeat(500),
      '= '.repeat(500),
      '--__proto__ x',
      '--constructor',
    ])
      expect(mistakesOf(line).length).toBeGreaterThan(0);
  });
});
