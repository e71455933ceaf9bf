import { type DocumentLine, splitDocument } from './document-lines.ts';

/** Lines that are kept around a change. */
const context = 3;

type Line = { sign: ' ' | '-' | '+'; text: string; open: boolean };

/**
 * The unified diff from a document (null: there is none) to the same document with lines added; empty when they are equal.
 * Lines are written without `\r`. Throws when `after` does not contain every line of `before` in order. Pure.
 */
export function renderPatch(path: string, before: string | null, after: string): string {
  if (before === after) return '';
  const lines = compare(splitDocument(before ?? '').lines, splitDocument(after).lines);
  const head = before === null ? '--- /dev/null' : `--- a/${path}`;
  return [head, `+++ b/${path}`, ...hunksOf(lines)].join('\n');
}

function compare(before: readonly DocumentLine[], after: readonly DocumentLine[]): Line[] {
  const lines: Line[] = [];
  let at = 0;
  for (const line of after) {
    const old = before[at];
    const open = line.ending === '';
    if (old === undefined || old.text !== line.text) {
      lines.push({ sign: '+', text: line.text, open });
    } else if ((old.ending === '') === open) {
      lines.push({ sign: ' ', text: line.text, open });
      at += 1;
    } else {
      // A last line without a line break is another line than the same one with it.
      lines.push({ sign: '-', text: old.text, open: old.ending === '' }, { sign: '+', text: line.text, open });
      at += 1;
    }
  }
  if (at < before.length) throw new Error('a line of the document would be lost');
  return lines;
}

function hunksOf(lines: readonly Line[]): string[] {
  const near = lines.map((_, index) =>
    lines.slice(Math.max(0, index - context), index + context + 1).some((line) => line.sign !== ' '),
  );
  const output: string[] = [];
  let [old, fresh] = [0, 0];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (end < lines.length && near[end] === near[at]) end += 1;
    const part = lines.slice(at, end);
    const olds = part.filter((line) => line.sign !== '+').length;
    const news = part.filter((line) => line.sign !== '-').length;
    if (near[at] === true)
      output.push(`@@ -${range(old, olds)} +${range(fresh, news)} @@`, ...part.flatMap(renderLine));
    old += olds;
    fresh += news;
    at = end;
  }
  return output;
}

/** A range of no lines is named by the line before it. */
function range(before: number, count: number): string {
  return `${count === 0 ? before : before + 1},${count}`;
}

function renderLine({ sign, text, open }: Line): string[] {
  return open ? [`${sign}${text}`, '\\ No newline at end of file'] : [`${sign}${text}`];
}
