export type HunkLine = { kind: 'keep' | 'remove' | 'add'; text: string };

export type Hunk = {
  /** Line of the old document, counted from 1, where it begins. */
  oldStart: number;
  lines: HunkLine[];
  /** The old (new) document ends with the hunk and without a line break. */
  oldEndsOpen: boolean;
  newEndsOpen: boolean;
};

/** What is to be done to one document. `creates`: there must be none yet. */
export type FilePatch = { path: string; creates: boolean; hunks: Hunk[] };

export type PatchReading = { ok: true; patches: FilePatch[] } | { ok: false; complaint: string };

/**
 * A unified diff (of `git diff` or `diff -u`) over text documents. Deleting, renaming and binary files are refused, and so
 * is a hunk whose lines are not as many as its header says. Pure.
 */
export function parsePatch(text: string): PatchReading {
  const lines = text.replace(/\r\n/g, '\n').replace(/\n$/, '').split('\n');
  const patches: FilePatch[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.startsWith('--- ')) {
      const read = readFilePatch(lines, at);
      if (!read.ok) return read;
      patches.push(read.patch);
      at = read.next;
    } else if (line === '' || /^(diff --git |index [0-9a-f]+\.\.|new file mode )/.test(line)) {
      at += 1;
    } else {
      return { ok: false, complaint: `line ${at + 1} of the patch is neither a header nor part of a hunk: "${line}"` };
    }
  }
  if (patches.length === 0) return { ok: false, complaint: 'the patch has no "--- " and "+++ " lines' };
  return { ok: true, patches };
}

type FileReading = { ok: true; patch: FilePatch; next: number } | { ok: false; complaint: string };

function readFilePatch(lines: readonly string[], at: number): FileReading {
  const from = pathOf(lines[at] ?? '', '--- ');
  const to = pathOf(lines[at + 1] ?? '', '+++ ');
  if (from === null || to === null) {
    return { ok: false, complaint: `"${lines[at] ?? ''}" is not followed by a "+++ " line with a plain path` };
  }
  if (to === '/dev/null') return { ok: false, complaint: `it deletes ${from}; documents are not deleted` };
  const path = withoutPrefix(to, 'b/', from === '/dev/null' || from.startsWith('a/'));
  const old = from === '/dev/null' ? path : withoutPrefix(from, 'a/', to.startsWith('b/'));
  if (old !== path) return { ok: false, complaint: `it renames ${old} to ${path}; documents keep their names` };
  const hunks: Hunk[] = [];
  let next = at + 2;
  while ((lines[next] ?? '').startsWith('@@')) {
    const read = readHunk(lines, next, path);
    if (!read.ok) return read;
    hunks.push(read.hunk);
    next = read.next;
  }
  if (hunks.length === 0) return { ok: false, complaint: `the patch of ${path} has no hunk ("@@ -1,3 +1,4 @@")` };
  const creates = from === '/dev/null';
  if (creates && hunks.some((hunk) => hunk.lines.some((line) => line.kind !== 'add')))
    return { ok: false, complaint: `the patch creates ${path} and speaks of lines that are there already` };
  return { ok: true, patch: { path, creates, hunks }, next };
}

/** The path of a header without its time stamp; null for another line and for a quoted path. */
function pathOf(line: string, prefix: string): string | null {
  if (!line.startsWith(prefix)) return null;
  const path = (line.slice(prefix.length).split('\t')[0] ?? '').trim();
  return path === '' || path.startsWith('"') ? null : path;
}

function withoutPrefix(path: string, prefix: string, isPair: boolean): string {
  return isPair && path.startsWith(prefix) ? path.slice(prefix.length) : path;
}

type HunkReading = { ok: true; hunk: Hunk; next: number } | { ok: false; complaint: string };

function readHunk(lines: readonly string[], at: number, path: string): HunkReading {
  const header = lines[at] ?? '';
  const match = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(header);
  if (match === null) return { ok: false, complaint: `"${header}" (${path}) is not of the form "@@ -12,3 +12,4 @@"` };
  const wanted = { old: Number(match[2] ?? 1), new: Number(match[4] ?? 1) };
  const hunk: Hunk = { oldStart: Number(match[1]), lines: [], oldEndsOpen: false, newEndsOpen: false };
  const had = { old: 0, new: 0 };
  let next = at + 1;
  for (; next < lines.length; next++) {
    const line = lines[next] ?? '';
    if (line.startsWith('\\')) {
      const last = hunk.lines.at(-1)?.kind;
      if (last !== 'add') hunk.oldEndsOpen = true;
      if (last !== 'remove') hunk.newEndsOpen = true;
      continue;
    }
    if (had.old >= wanted.old && had.new >= wanted.new) break;
    const read = readLine(line);
    if (read === null) break;
    hunk.lines.push(read);
    if (read.kind !== 'add') had.old += 1;
    if (read.kind !== 'remove') had.new += 1;
  }
  if (had.old !== wanted.old || had.new !== wanted.new || isMore(lines[next]))
    return { ok: false, complaint: miscounted(path, header, countAll(lines, at + 1)) };
  return { ok: true, hunk, next };
}

/** A blank line stands for a kept blank line: editors take away the space before it. */
function readLine(line: string): HunkLine | null {
  if (line === '') return { kind: 'keep', text: '' };
  if (line.startsWith(' ')) return { kind: 'keep', text: line.slice(1) };
  if (line.startsWith('-')) return { kind: 'remove', text: line.slice(1) };
  return line.startsWith('+') ? { kind: 'add', text: line.slice(1) } : null;
}

/** Whether a hunk goes on where its header says that it ends. */
function isMore(line: string | undefined): boolean {
  return line !== undefined && /^[-+ ]/.test(line) && !line.startsWith('--- ');
}

function countAll(lines: readonly string[], from: number): { old: number; new: number } {
  const counts = { old: 0, new: 0 };
  for (const line of lines.slice(from)) {
    if (/^(@@|--- |diff )/.test(line)) break;
    const read = line === '' ? null : readLine(line);
    if (read === null) continue;
    if (read.kind !== 'add') counts.old += 1;
    if (read.kind !== 'remove') counts.new += 1;
  }
  return counts;
}

function miscounted(path: string, header: string, counts: { old: number; new: number }): string {
  return `the hunk "${header}" of ${path} has ${counts.old} old and ${counts.new} new lines, which is not what its header says`;
}
