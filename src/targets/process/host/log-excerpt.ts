import { cleanExcerpt } from '../../../system/excerpt.ts';

const limit = 200;

/** The end of a log as one harmless line of at most 200 characters; null when nothing is left. Pure. */
export function excerptOf(text: string): string | null {
  const line = cleanExcerpt(text, text.length + 1).slice(-limit);
  // A cut in the middle of a pair leaves half a character.
  return line.replace(/^[\uDC00-\uDFFF]/, '').trim() || null;
}
