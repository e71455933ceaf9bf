import { type DocumentLine, endingAt, joinDocument, splitDocument } from './document-lines.ts';

/**
 * The document with a line of wording at the end of the section of this title; the section is made at the end when there is
 * none, and the document when it is null. Unchanged when the wording stands there already. Pure.
 */
export function addToSection(
  document: string | null,
  { title, section, wording }: { title: string; section: string; wording: string },
): string {
  if (document === null) return `# ${title}\n\n## ${section}\n\n${wording}\n`;
  const { mark, lines } = splitDocument(document);
  if (lines.some((line) => line.text.trim() === wording.trim())) return document;
  const place = endOfSection(lines, section);
  const at = place ?? endOfText(lines, lines.length);
  const before = lines[at - 1]?.text ?? '';
  const isList = /^\s*[-*+]\s/.test(before);
  const texts =
    place === null
      ? [...(at === 0 ? [] : ['']), `## ${section}`, '', wording]
      : [...(isList ? [] : ['']), wording, ...((lines[at]?.text.trim() ?? '') === '' ? [] : [''])];
  const ending = endingAt(lines, at);
  const wasOpen = lines.at(-1)?.ending === '' && at === lines.length;
  const added = texts.map((text): DocumentLine => ({ text, ending }));
  const joined = [...lines.slice(0, at), ...added, ...lines.slice(at)].map((line, index, all) =>
    line.ending === '' && index < all.length - 1 ? { ...line, ending } : line,
  );
  const last = joined.at(-1);
  if (wasOpen && last !== undefined) joined[joined.length - 1] = { ...last, ending: '' };
  return joinDocument({ mark, lines: joined });
}

/** Line after the last text of a section; null when no heading has this title. */
function endOfSection(lines: readonly DocumentLine[], section: string): number | null {
  let fence: string | null = null;
  let level = 0;
  for (const [index, { text }] of lines.entries()) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(text)?.[1];
    if (mark !== undefined) {
      if (fence === null) fence = mark;
      else if (mark.startsWith(fence)) fence = null;
      continue;
    }
    const heading = fence === null ? /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(text) : null;
    if (heading === null) continue;
    const depth = (heading[1] ?? '').length;
    if (level > 0 && depth <= level) return endOfText(lines, index);
    if (level === 0 && heading[2] === section) level = depth;
  }
  return level === 0 ? null : endOfText(lines, lines.length);
}

/** `end` without the blank lines before it. */
function endOfText(lines: readonly DocumentLine[], end: number): number {
  let at = end;
  while (at > 0 && (lines[at - 1]?.text.trim() ?? '') === '') at -= 1;
  return at;
}
