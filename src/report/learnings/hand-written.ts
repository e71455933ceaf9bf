export const notesStart = '<!-- notes:start -->';
export const notesEnd = '<!-- notes:end -->';

export type HandWritten = { ok: true; text: string } | { ok: false; reason: string };

/** What stands between the two marks, byte for byte; not ok when they are missing, doubled or the wrong way round. Pure. */
export function readHandWritten(previous: string): HandWritten {
  const starts = previous.split(notesStart).length - 1;
  const ends = previous.split(notesEnd).length - 1;
  if (starts !== 1 || ends !== 1)
    return {
      ok: false,
      reason: `the mark ${starts === 1 ? notesEnd : notesStart} is there ${starts === 1 ? ends : starts} times`,
    };
  const from = previous.indexOf(notesStart) + notesStart.length;
  const to = previous.indexOf(notesEnd);
  return to < from
    ? { ok: false, reason: 'the end comes before the start' }
    : { ok: true, text: previous.slice(from, to) };
}
