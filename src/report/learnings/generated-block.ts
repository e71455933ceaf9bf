import { createHash } from 'node:crypto';

/** The part of `.seatrial/learnings.md` that is rendered stands between two lines; everything else is the user's. */
export const blockEnd = '<!-- seatrial:generated end -->';

/** The line before a rendered block, with the hash by which a later rendering sees whether somebody changed it. Pure. */
export function blockStart(block: string): string {
  return `<!-- seatrial:generated sha256=${hashOf(block)} -->`;
}

export type LearningsFile =
  /** `block` with line feeds only. `intact`: as it was rendered, or empty and waiting to be filled. */
  | { state: 'readable'; before: string; block: string; after: string; lineBreak: '\n' | '\r\n'; intact: boolean }
  /**
   * What git makes of several branches' blocks with `merge=union`: starts of different hashes. What people wrote beside the
   * block may have come between them, and is in `before` and `after` again; `kept` is what stood among lines of seatrial.
   */
  | { state: 'united'; before: string; after: string; lineBreak: '\n' | '\r\n'; kept: string[] }
  /** Where the block is cannot be told. */
  | { state: 'unclear'; reason: string };

/** Takes a file apart; `isOwn` tells whether seatrial writes such a line. Joined together again it is the same to the byte. Pure. */
export function readLearningsFile(text: string, isOwn: (line: string) => boolean): LearningsFile {
  const lines = splitLines(text);
  if (lines.some(({ text: line }) => /^(<{7}|>{7}|\|{7})( |$)/.test(line)))
    return { state: 'unclear', reason: 'it has conflict markers of git' };
  const marks = lines.flatMap((line) => readMark(line));
  const [first] = marks;
  const last = marks.at(-1);
  if (first === undefined || last === undefined) return { state: 'unclear', reason: 'the two marks are missing' };
  if (marks.some((mark) => mark.kind === 'damaged')) return { state: 'unclear', reason: 'a mark is damaged' };
  const starts = marks.filter((mark) => mark.kind === 'start').length;
  const ends = marks.length - starts;
  if (first.kind !== 'start' || last.kind !== 'end')
    return {
      state: 'unclear',
      reason: starts === 0 || ends === 0 ? 'a mark is missing' : 'the end comes before the start',
    };
  const around = {
    before: text.slice(0, first.from),
    after: text.slice(last.to),
    lineBreak: first.lineBreak,
  };
  const inside = lines.filter(({ from }) => from > first.from && from < last.from);
  if (starts === 1 && ends === 1) {
    const block = inside.map((line) => line.text).join('\n');
    const intact = first.hash === null ? block.trim() === '' : first.hash === hashOf(block);
    return { state: 'readable', ...around, block, intact };
  }
  const hashes = marks.flatMap((mark) => mark.hash ?? []);
  if (new Set(hashes).size < hashes.length || hashes.length < starts || starts === 1)
    return { state: 'unclear', reason: `there are ${starts} starts and ${ends} ends` };
  const foreign = inside.filter((line) => readMark(line).length === 0 && !isOwn(line.text));
  return { state: 'united', ...putBeside(foreign, { marks, ...around }) };
}

/** Words that git moved between the marks are put back above or below the block, on the side from which they came. */
function putBeside(
  foreign: readonly Line[],
  {
    marks,
    before,
    after,
    lineBreak,
  }: { marks: readonly Mark[]; before: string; after: string; lineBreak: '\n' | '\r\n' },
): Pick<Extract<LearningsFile, { state: 'united' }>, 'before' | 'after' | 'lineBreak' | 'kept'> {
  const lastStart = marks.findLast((mark) => mark.kind === 'start')?.from ?? 0;
  const firstEnd = marks.find((mark) => mark.kind === 'end')?.from ?? 0;
  const below = foreign.filter((line) => line.from > firstEnd);
  const above = foreign.filter((line) => line.from < lastStart && !below.includes(line));
  return {
    before: before + above.map((line) => line.text + lineBreak).join(''),
    after: below.map((line) => lineBreak + line.text).join('') + after,
    lineBreak,
    kept: foreign.filter((line) => !above.includes(line) && !below.includes(line)).map((line) => line.text),
  };
}

/** The file with another block; what stands around it stays as it is. Pure. */
export function placeBlock(
  { before, after, lineBreak }: { before: string; after: string; lineBreak: string },
  block: string,
): string {
  return `${before}${renderBlock(block, lineBreak)}${after}`;
}

export function renderBlock(block: string, lineBreak = '\n'): string {
  return [blockStart(block), ...block.split('\n'), blockEnd].join(lineBreak);
}

function hashOf(block: string): string {
  return createHash('sha256').update(block).digest('hex');
}

type Line = { text: string; from: number; to: number; lineBreak: '\n' | '\r\n' };
type Mark = Line & { kind: 'start' | 'end' | 'damaged'; hash: string | null };

function readMark(line: Line): Mark[] {
  if (!/<!--\s*seatrial:generated/.test(line.text)) return [];
  const text = line.text.trimEnd();
  if (text === blockEnd) return [{ ...line, kind: 'end', hash: null }];
  const start = /^<!-- seatrial:generated(?: sha256=([0-9a-f]{64}))? -->$/.exec(text);
  return [{ ...line, kind: start === null ? 'damaged' : 'start', hash: start?.[1] ?? null }];
}

/** Lines without their breaks; a byte-order mark belongs to no line. `to` is where the text of the line ends. */
function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  for (let from = text.startsWith('\uFEFF') ? 1 : 0; from <= text.length; ) {
    const feed = text.indexOf('\n', from);
    const end = feed === -1 ? text.length : feed;
    const to = feed > from && text[feed - 1] === '\r' ? feed - 1 : end;
    lines.push({ text: text.slice(from, to), from, to, lineBreak: to === end ? '\n' : '\r\n' });
    from = end + 1;
  }
  return lines;
}
