import { type DocumentLine, endingAt, joinDocument, splitDocument } from './document-lines.ts';
import type { FilePatch, Hunk } from './parse-patch.ts';

export type Applied =
  /** `changed` is false when the document says already what the patch wants. */
  { ok: true; text: string; changed: boolean } | { ok: false; reason: string };

/**
 * The document after a patch; null stands for a document that does not exist. Every line that a hunk keeps or removes must
 * be there, word for word, at the line it names or else at one place only; line endings, byte order mark and a missing last
 * line break stay as the document has them. Doing it twice is the same as once. Pure.
 */
export function applyPatch(document: string | null, patch: FilePatch): Applied {
  if (patch.creates) return create(document, patch);
  if (document === null)
    return { ok: false, reason: `${patch.path} does not exist; a patch that creates it begins with "--- /dev/null"` };
  const { mark, lines } = splitDocument(document);
  let from = 0;
  let drift = 0;
  for (const [index, hunk] of patch.hunks.entries()) {
    const placed = place(lines, hunk, { from, drift });
    if (!placed.ok) return { ok: false, reason: `hunk ${index + 1} of ${patch.path} ${placed.reason}` };
    const wanted = hunk.lines.filter((line) => line.kind !== 'remove');
    if (placed.done) {
      from = placed.at + wanted.length;
    } else {
      const had = lines.length;
      put(lines, placed.at, hunk);
      drift = placed.at - (hunk.oldStart - 1) + (lines.length - had);
      from = placed.at + wanted.length;
    }
  }
  const text = joinDocument({ mark, lines });
  return { ok: true, text, changed: text !== document };
}

function create(document: string | null, patch: FilePatch): Applied {
  const open = patch.hunks.at(-1)?.newEndsOpen === true;
  const wanted = patch.hunks.flatMap((hunk) => hunk.lines.map((line) => line.text)).join('\n') + (open ? '' : '\n');
  if (document === null || document === '') return { ok: true, text: wanted, changed: true };
  const plain = document.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n');
  if (plain.replace(/\n$/, '') === wanted.replace(/\n$/, '')) return { ok: true, text: document, changed: false };
  return { ok: false, reason: `${patch.path} exists already, and the patch would create it` };
}

type Placed = { ok: true; at: number; done: boolean } | { ok: false; reason: string };

/** Where a hunk belongs, or that its work is done already. */
function place(lines: readonly DocumentLine[], hunk: Hunk, { from, drift }: { from: number; drift: number }): Placed {
  const old = hunk.lines.filter((line) => line.kind !== 'add').map((line) => line.text);
  const wanted = hunk.lines.filter((line) => line.kind !== 'remove').map((line) => line.text);
  if (old.length === 0 && lines.length > 0) {
    if (wanted.every((text, index) => lines[index]?.text === text)) return { ok: true, at: 0, done: true };
    return { ok: false, reason: 'names no line that stays, so that its place cannot be known; give it context' };
  }
  const stated = hunk.oldStart - 1 + drift;
  const forward = find(lines, old, { from, stated });
  // What only adds may stand there already while its context does too; what removes is done only when that is gone.
  if (isWithin(old, wanted) || forward.length === 0) {
    const done = find(lines, wanted, { from, stated }).filter((at) => endsAsWanted(lines, at + wanted.length, hunk));
    const [first] = done;
    if (first !== undefined && wanted.length > 0 && (done.length === 1 || !forward.includes(stated)))
      return { ok: true, at: first, done: true };
  }
  if (forward.includes(stated)) return { ok: true, at: stated, done: false };
  const [only] = forward;
  if (only === undefined)
    return { ok: false, reason: `does not fit: near line ${hunk.oldStart} the document no longer says ${quote(old)}` };
  if (forward.length > 1)
    return {
      ok: false,
      reason: `fits at ${forward.length} places and not at line ${hunk.oldStart}; give it more context`,
    };
  return { ok: true, at: only, done: false };
}

/** Whether the last line break is as the hunk wants it, where the hunk is about it. */
function endsAsWanted(lines: readonly DocumentLine[], end: number, hunk: Hunk): boolean {
  if (hunk.oldEndsOpen === hunk.newEndsOpen || end !== lines.length) return true;
  return (lines.at(-1)?.ending === '') === hunk.newEndsOpen;
}

/** Whether all texts stand in `wanted`, in their order. */
function isWithin(texts: readonly string[], wanted: readonly string[]): boolean {
  let at = 0;
  for (const text of wanted) if (texts[at] === text) at += 1;
  return at === texts.length;
}

function find(
  lines: readonly DocumentLine[],
  wanted: readonly string[],
  { from, stated }: { from: number; stated: number },
): number[] {
  if (wanted.length === 0) return lines.length === 0 ? [0] : [];
  const places: number[] = [];
  for (let at = from; at + wanted.length <= lines.length; at++)
    if (wanted.every((text, index) => lines[at + index]?.text === text)) places.push(at);
  return places.sort((one, other) => Math.abs(one - stated) - Math.abs(other - stated));
}

function quote(old: readonly string[]): string {
  const telling = old.find((text) => text.trim() !== '') ?? '';
  return `"${telling.length > 80 ? `${telling.slice(0, 79)}…` : telling}"${old.length > 1 ? ` with the ${old.length - 1} lines around it` : ''}`;
}

function put(lines: DocumentLine[], at: number, hunk: Hunk): void {
  const ending = endingAt(lines, at);
  const result: DocumentLine[] = [];
  let read = at;
  for (const line of hunk.lines) {
    if (line.kind === 'add') result.push({ text: line.text, ending });
    else {
      const kept = lines[read];
      read += 1;
      if (line.kind === 'keep' && kept !== undefined) result.push(kept);
    }
  }
  const reachesEnd = read >= lines.length;
  lines.splice(at, read - at, ...result);
  closeLines(lines, reachesEnd && hunk.lines.at(-1)?.kind === 'add' && hunk.newEndsOpen);
}

/** Only the last line may go without an ending. */
function closeLines(lines: DocumentLine[], endsOpen: boolean): void {
  const ending = endingAt(lines, 0);
  for (const [index, line] of lines.entries()) {
    if (line.ending === '' && index < lines.length - 1) lines[index] = { ...line, ending };
  }
  const last = lines.at(-1);
  if (endsOpen && last !== undefined) lines[lines.length - 1] = { ...last, ending: '' };
}
