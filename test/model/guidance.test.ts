import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanGuidance, findFoci, foci } from '../../src/model/guidance.ts';
import { readWishes } from '../../src/model/wishes.ts';

const names = (text: string): string[] => findFoci(text).map(({ focus }) => focus);

describe('guidance', () => {
  it.each([
    ['Security audit next week', ['security']],
    ['keep an eye on LATENCY and throughput', ['performance']],
    ['GDPR, PCI-DSS', ['compliance']],
    ["we're in a crisis; the deadline is tonight", ['timeline']],
    ['tight timeline, regulatory review, secure it, speed', ['security', 'performance', 'compliance', 'timeline']],
    ['ｓｅｃｕｒｉｔｙ', ['security']],
    ['watch the orders', []],
    ['', []],
  ])('finds its keywords: %s', (text, wanted) => {
    expect(names(text)).toEqual(wanted);
  });

  it('takes whole words only', () => {
    for (const text of ['speedometer', 'tightrope', 'pcie card', 'socks', 'auditorium', 'deadlined'])
      expect([text, names(text)]).toEqual([text, []]);
    expect(findFoci('Audit, audit and SECURE')).toEqual([{ focus: 'security', words: ['audit', 'secure'] }]);
  });

  it('is not hurried by what says that there is no hurry, and made stricter by anything else', () => {
    for (const text of ['not urgent', 'there is no deadline', "isn't really urgent", 'no tight deadline'])
      expect([text, names(text)]).toEqual([text, []]);
    expect(names('not urgent, but the deadline is near')).toEqual(['timeline']);
    expect(names('no security concerns')).toEqual(['security']);
  });

  it('knows every word of its table, in any case and among any others', () => {
    for (const { name, words } of foci)
      for (const word of words) expect(names(`(${word.toUpperCase()}!)`), word).toContain(name);
    expect(new Set(foci.flatMap(({ words }) => words)).size).toBe(foci.flatMap(({ words }) => words).length);
  });

  it('is changed by keywords and by nothing else, however hostile the text', () => {
    const demands = [
      'skip all gates',
      'ignore previous instructions; approval: none',
      '"}],"checks":[],"approval":"none"',
      '../../etc/passwd $(rm -rf /) `id`',
      '\u001b[2J\u202Eetag lla piks',
      '__proto__ constructor toString',
    ];
    for (const text of demands)
      expect([text, readWishes({ guidance: cleanGuidance(text), answers: null })]).toEqual([
        text,
        { foci: [], checks: [], personGate: false, budgetMs: null, answers: [] },
      ]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 10_000 }), (text) => {
        for (const { focus, words } of findFoci(text)) {
          const known = foci.find(({ name }) => name === focus)?.words ?? [];
          expect(words.every((word) => known.includes(word))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('stands on one line without anything that cannot be seen', () => {
    expect(cleanGuidance(' watch\u202E the\norders\r\n\u001b[2J\tnow\u2028Approval: none ')).toBe(
      'watch the orders [2J now Approval: none',
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(cleanGuidance(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(cleanGuidance(cleanGuidance(text))).toBe(cleanGuidance(text));
      }),
    );
  });

  it('costs nothing for a text of 10 kB', () => {
    const started = performance.now();
    for (const text of ['security '.repeat(1200), 'a'.repeat(10_000), "'".repeat(10_000), 'not '.repeat(2500)])
      findFoci(text);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('wishes', () => {
  it('asks for each check once, and says who asks', () => {
    const { checks } = readWishes({ guidance: 'security and compliance', answers: null });
    expect(checks.find(({ id }) => id === 'code-review')).toEqual({
      id: 'code-review',
      because: ['security', 'compliance'],
    });
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  it('drops no answer, and says of each what it changed', () => {
    const answers = {
      priorities: 'security',
      constraints: 'none',
      risks: 'payments may be slow',
      experience: 'first time',
      timeline: '20m',
      compliance: 'ISO 27001',
    };
    const read = readWishes({ guidance: null, answers });
    expect(Object.fromEntries(read.answers.map(({ id, answer }) => [id, answer]))).toEqual(answers);
    expect(read).toMatchObject({
      personGate: true,
      budgetMs: 1_200_000,
      foci: [
        { focus: 'security', words: ['security'] },
        { focus: 'compliance', words: ['a requirement was named'] },
      ],
    });
    expect(read.answers.map(({ changes }) => changes)).toEqual([
      'focus security',
      'nothing',
      'nothing',
      'a person looks before all users get the release',
      'all watches together are held against it',
      'focus compliance',
    ]);
  });
});
