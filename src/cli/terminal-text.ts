import { printable } from '../model/printable.ts';

/** Colours a text; leaves it as it is when colour is off. */
export type Palette = (text: string, color: Color) => string;
export type Color = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Readonly<Record<Color, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export function createPalette(enabled: boolean): Palette {
  if (!enabled) return (text) => text;
  return (text, color) => `\u001b[${codes[color][0]}m${text}\u001b[${codes[color][1]}m`;
}

/** Characters that take a column: without colour codes. Pure. */
export function visibleLength(text: string): number {
  return [...text.replace(/\p{Cc}\[[0-9;]*m/gu, '')].length;
}

/** Cut to `width` columns, with an ellipsis when something is missing; colour and control codes are taken out. Pure. */
export function truncate(text: string, width: number): string {
  const characters = [...printable(text)];
  return characters.length <= width ? characters.join('') : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** `left` and `right` at the ends of a line of `width` columns; the left one gives way. Pure. */
export function spread(left: string, right: string, width: number): string {
  const room = width - [...right].length - (right === '' ? 0 : 2);
  return right === '' ? truncate(left, room) : `${truncate(left, room).padEnd(room)}  ${right}`;
}

/** Lines of at most `width` columns, broken at spaces; at most `maxLines`, the last one cut. Pure. */
export function wrap(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let rest = printable(text).replace(/\s+/gu, ' ').trim();
  while (rest.length > width && lines.length < maxLines - 1) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > 0 ? space : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return rest === '' ? lines : [...lines, truncate(rest, width)];
}

/** A bar of `width` columns, filled to `ratio` (0–1). Anything above nothing shows. Pure. */
export function renderBar(ratio: number, width: number): string {
  const clamped = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : 0;
  const filled = clamped > 0 ? Math.max(1, Math.floor(clamped * width)) : 0;
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
}
