import { emitText } from '../../model/redaction/emit.ts';
import { cleanExcerpt } from '../../system/excerpt.ts';

const limit = 200;

/**
 * The last lines of a log as one harmless line of at most 200 characters, begun at the start of a line where there is
 * room for one; a line that repeats itself is told once. Null when nothing is left.
 */
export function excerptOf(text: string): string | null {
  const lines = emitText(text)
    .split(/\r?\n/)
    .map((line) => cleanExcerpt(line, line.length + 1).trim())
    .filter((line) => line !== '');
  let excerpt = lines.at(-1) ?? '';
  const told = new Set([excerpt]);
  for (const line of lines.slice(0, -1).reverse()) {
    if (told.has(line)) continue;
    if (line.length + 1 + excerpt.length > limit) break;
    told.add(line);
    excerpt = `${line} ${excerpt}`;
  }
  // A cut in the middle of a pair leaves half a character.
  return (
    excerpt
      .slice(-limit)
      .replace(/^[\uDC00-\uDFFF]/, '')
      .trim() || null
  );
}
