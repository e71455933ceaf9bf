/**
 * A text so that no two texts look alike: in quotes, and everything that is not a visible ASCII character or a plain space
 * stands as its code point (`\u{202e}`, `\n`). Letters of other scripts too: `а` and `a` are drawn the same. Pure.
 */
export function quoteArgument(text: string): string {
  const inside = [...text].map((character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character >= ' ' && character <= '~') return character;
    const short = shortEscapes.get(character);
    return short ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return `"${inside.join('')}"`;
}

const shortEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
