/** One word of a line, and whether quotes stood around it or its value: `--guidance="a b"`. */
export type Word = { text: string; quoted: boolean };

const pairs: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["'", "'"],
  // What text processors make of quotes that people paste.
  ['“', '”'],
  ['„', '“'],
  ['‘', '’'],
]);

/**
 * A line as a person types it after a command → its words. Quotes count at the beginning of a word or right after `=`, so
 * that an apostrophe within a word is one; a backslash before a quote or a backslash takes its meaning away. Nothing is
 * replaced or run, whatever stands there. Pure.
 */
export function splitWords(line: string): { ok: true; words: Word[] } | { ok: false; reason: string } {
  const characters = [...line];
  const words: Word[] = [];
  let index = 0;
  while (index < characters.length) {
    if (isSpace(characters[index] ?? '')) {
      index += 1;
      continue;
    }
    const read = readWord(characters, index);
    if (!read.ok) return read;
    words.push(read.word);
    index = read.next;
  }
  return { ok: true, words };
}

type Read = { ok: true; word: Word; next: number } | { ok: false; reason: string };

function readWord(characters: readonly string[], start: number): Read {
  let text = '';
  let quoted = false;
  let index = start;
  while (index < characters.length && !isSpace(characters[index] ?? '')) {
    const character = characters[index] ?? '';
    const close = index === start || characters[index - 1] === '=' ? pairs.get(character) : undefined;
    if (close === undefined) {
      const escaped = character === '\\' && isEscapable(characters[index + 1]);
      text += escaped ? characters[index + 1] : character;
      index += escaped ? 2 : 1;
      continue;
    }
    const inside = readQuoted(characters, index + 1, close);
    if (inside === null) return { ok: false, reason: `the quote ${character} is not closed` };
    text += inside.text;
    quoted = true;
    index = inside.next;
  }
  return { ok: true, word: { text, quoted }, next: index };
}

function readQuoted(
  characters: readonly string[],
  start: number,
  close: string,
): { text: string; next: number } | null {
  let text = '';
  for (let index = start; index < characters.length; index += 1) {
    const character = characters[index] ?? '';
    if (character === close) return { text, next: index + 1 };
    const escaped = character === '\\' && isEscapable(characters[index + 1]);
    text += escaped ? characters[index + 1] : character;
    if (escaped) index += 1;
  }
  return null;
}

function isEscapable(character: string | undefined): boolean {
  return (
    character === '\\' || (character !== undefined && (pairs.has(character) || [...pairs.values()].includes(character)))
  );
}

function isSpace(character: string): boolean {
  return /\s/u.test(character);
}

/** A word as mistakes quote it; of a long one the beginning. Pure. */
export function quoteWord(text: string): string {
  return JSON.stringify(text.length > longestQuoted ? `${text.slice(0, longestQuoted - 1)}…` : text);
}

const longestQuoted = 60;
