import { describe, expect, it } from 'vitest';
import { blockEnd, blockStart, readLearningsFile, renderBlock } from '../../../src/report/learnings/generated-block.ts';
import { createOwnLines } from '../../../src/report/learnings/own-lines.ts';
import { updateLearningsFile } from '../../../src/report/learnings/update-file.ts';

const old = '# Old\n\n**Frequency**: ★★☆☆☆ (1/7 - rare)\n- none';
const fresh = '# New\n\n**Frequency**: ★★☆☆☆ (2/8 - rare)\n- none';
const own = createOwnLines({ fresh: `${fresh}\n${old}`, history: [], notes: [], decisions: [] });
const update = (previous: string | null) => updateLearningsFile(previous, fresh, own);

describe('what stands outside of the marks', () => {
  it.each([
    ['line feeds', 'mine above\n\n', '\n\nmine below  \n<b>x</b>\n'],
    ['carriage returns', 'mine above\r\n', '\r\nmine below\r\n'],
    ['mixed breaks', 'a\nb\r\nc\n', '\r\nd\ne'],
    ['a byte-order mark', '\uFEFFmine\n', '\n'],
    ['a byte-order mark before the block', '\uFEFF', ''],
    ['nothing', '', ''],
    ['no break at the end', '', '\nlast words'],
    ['odd characters', '\u0000\u2028 ünï \u{1F680}\n', '\n\t\u00a0\n'],
  ])('is kept to the byte: %s', (_name, before, after) => {
    const lineBreak = before.includes('\r\n') ? '\r\n' : '\n';
    const result = update(`${before}${renderBlock(old, lineBreak)}${after}`);
    expect(result).toMatchObject({ state: 'written', kept: [], changedByHand: false });
    expect(result.text).toBe(`${before}${renderBlock(fresh, lineBreak)}${after}`);
  });

  it('is kept where git has changed the breaks of the whole file, which is no change by hand', () => {
    const file = `mine\n${renderBlock(old)}\nmine\n`.replaceAll('\n', '\r\n');
    expect(update(file)).toMatchObject({ state: 'written', changedByHand: false });
    expect(update(file).text).toBe(`mine\n${renderBlock(fresh)}\nmine\n`.replaceAll('\n', '\r\n'));
  });

  it('is not written anew when nothing is new', () => {
    const file = `mine\r\n${renderBlock(fresh)}\n`;
    expect(update(file).text).toBe(file);
  });
});

describe('the block', () => {
  it('is made where there is no file, and where two empty marks ask for it', () => {
    expect(update(null)).toMatchObject({ state: 'written', changedByHand: false });
    const asked = `mine\n<!-- seatrial:generated -->\n${blockEnd}\nmine\n`;
    expect(update(asked)).toMatchObject({ state: 'written', changedByHand: false });
    expect(update(asked).text).toBe(`mine\n${renderBlock(fresh)}\nmine\n`);
  });

  it('gives back the words that somebody wrote in it, and no figures', () => {
    const edited = renderBlock(old).replace('- none', 'Ask Ada first.\n- none\n- and her team').replace('(1/7', '(9/9');
    expect(update(edited)).toMatchObject({
      state: 'written',
      changedByHand: true,
      kept: ['Ask Ada first.', '- and her team'],
    });
    expect(update(edited).text).toBe(renderBlock(fresh));
  });

  it('tells a changed block by its hash, whatever was changed', () => {
    const edited = renderBlock(old).replace('(1/7', '(9/9');
    expect(update(edited)).toMatchObject({ changedByHand: true, kept: [] });
  });
});

describe('a file that is left alone', () => {
  const block = renderBlock(old);
  it.each([
    ['the two marks are missing', 'only mine\n'],
    ['the two marks are missing', ''],
    ['a mark is missing', `${blockStart(old)}\n${old}\n`],
    ['a mark is missing', `${old}\n${blockEnd}\n`],
    ['the end comes before the start', `${blockEnd}\n${blockStart(old)}\n`],
    ['a mark is damaged', `${block.replace('sha256=', 'sha256=0')}\n`],
    ['a mark is damaged', `${block.replace(' end -->', ' fin -->')}\n`],
    ['there are 2 starts and 2 ends', `${block}\nmy words\n${block}\n`],
    ['there are 2 starts and 2 ends', `${block.replace('- none', 'my words')}\n${block}\n`],
    ['there are 2 starts and 1 ends', `${blockStart(old)}\n<!-- seatrial:generated -->\n${old}\n${blockEnd}\n`],
    ['there are 1 starts and 2 ends', `${block}\n${blockEnd}\n`],
    ['conflict markers', `<<<<<<< HEAD\n${block}\n=======\n${block}\n>>>>>>> b\n`],
    ['conflict markers', `${block}\n<<<<<<< HEAD\nmine\n=======\nyours\n>>>>>>> b\n`],
  ])('%s (case %#)', (reason, previous) => {
    const result = update(previous);
    expect(result).toMatchObject({ state: 'left', reason: expect.stringContaining(reason) });
    expect(readLearningsFile(result.text, own)).toMatchObject({ state: 'readable', intact: true, block: fresh });
  });
});

describe('blocks that git has united', () => {
  it('become one', () => {
    const [start, ...rest] = renderBlock(old).split('\n');
    const united = ['mine', start, blockStart(fresh), ...rest, 'mine too'].join('\n');
    expect(update(united)).toMatchObject({ state: 'written', united: true, kept: [] });
    expect(update(united).text).toBe(`mine\n${renderBlock(fresh)}\nmine too`);
    expect(update(`${renderBlock(old)}\n${renderBlock(fresh)}\n`).text).toBe(`${renderBlock(fresh)}\n`);
  });

  it('give back the words that came between them', () => {
    const [start, ...rest] = renderBlock(old).split('\n');
    const united = ['a', start, 'b', blockStart(fresh), 'in it', ...rest, 'c', blockEnd, 'd'].join('\r\n');
    expect(update(united)).toMatchObject({ state: 'written', united: true, kept: ['in it'] });
    expect(update(united).text).toBe(`a\r\nb\r\n${renderBlock(fresh, '\r\n')}\r\nc\r\nd`);
  });
});
