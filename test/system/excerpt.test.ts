import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanExcerpt } from '../../src/system/excerpt.ts';

const code = String.fromCodePoint;

describe('cleanExcerpt', () => {
  it.each([
    ['plain text', 'plain text'],
    ['two\nlines\r\nand\ttabs', 'two lines and tabs'],
    [`${code(0x1b)}[31mred${code(0x1b)}[0m`, 'red'],
    [`${code(0x9b)}31mred`, 'red'],
    [`${code(0x1b)}]0;title${code(7)}after`, 'after'],
    [`${code(0x1b)}]8;;http://evil${code(0x1b)}\\link${code(0x1b)}]8;;${code(0x1b)}\\`, 'link'],
    [`${code(0x1b)}cclear`, 'clear'],
    [`a${code(0x202e)}b${code(0x2066)}c${code(0x200f)}d`, 'abcd'],
    [`z${code(0x200b)}e${code(0x200d)}r${code(0xfeff)}o${code(0xad)}`, 'zero'],
    [`tag${code(0xe0041)}${code(0xe007f)}`, 'tag'],
    [`fill${code(0x3164)}er${code(0xfe0f)}`, 'filler'],
    [`nul${code(0)}bell${code(7)}`, 'nul bell'],
    [`sep${code(0x2028)}arated`, 'sep arated'],
    [`lone${code(0xd800)}`, 'lone\u{FFFD}'],
  ])('%j', (text, expected) => {
    expect(cleanExcerpt(text)).toBe(expected);
  });

  it('cuts to the length, marks it, and splits no character', () => {
    expect(cleanExcerpt('x'.repeat(300))).toBe(`${'x'.repeat(199)}…`);
    expect(cleanExcerpt('x'.repeat(200))).toBe('x'.repeat(200));
    expect(cleanExcerpt('😀'.repeat(10), 6)).toBe('😀😀…');
  });

  it('holds for any text: one line, no invisible character, never longer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.integer({ min: 1, max: 200 }), (text, max) => {
        const clean = cleanExcerpt(text, max);
        return clean.length <= max && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(clean);
      }),
      { numRuns: 2000 },
    );
  });

  it('is fast on long hostile text', () => {
    const started = performance.now();
    cleanExcerpt(`${code(0x1b)}]`.repeat(500_000));
    cleanExcerpt(`${code(0x1b)}[`.repeat(500_000));
    expect(performance.now() - started).toBeLessThan(200);
  });
});
