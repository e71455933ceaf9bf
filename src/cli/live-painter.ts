import type { RunRecord } from '../model/run-record.ts';
import type { CliIo } from './io.ts';
import { type RunCommands, renderFrame } from './live-view.ts';
import type { RunViewer } from './run-viewer.ts';
import { truncate, visibleLength } from './terminal-text.ts';

/** Four pictures a second are enough for a person and cheap for a slow terminal. */
const leastGapMs = 250;
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const clearLine = '\r\u001b[2K';
const clearRest = '\u001b[J';

/** Draws a run in place. The same record is drawn again when time has passed, so call `show` as often as you like. */
export function createLivePainter(
  io: CliIo,
  options: { color: boolean; commandsOf: (record: RunRecord) => RunCommands },
): RunViewer {
  let drawn: string[] = [];
  let glimpsed = false;
  let current: RunRecord | null = null;
  let paintedAtMs = Number.NEGATIVE_INFINITY;

  const erase = (): string =>
    drawn.length === 0 ? '' : `\u001b[${rowsOf(drawn, io.terminal.columns())}A\r${clearRest}`;
  const paint = (): void => {
    if (current === null) return;
    const lines = fitFrame(current, io, options);
    io.writeOut(`${hideCursor}${erase()}${lines.join('\n')}\n`);
    drawn = lines;
    paintedAtMs = io.clock.monotonic();
  };
  const leaveStanding = (): void => {
    if (drawn.length > 0) io.writeOut(showCursor);
    drawn = [];
    current = null;
  };
  const stopListening = io.terminal.onResize(paint);

  return {
    show: (record) => {
      if (current !== null && current.runId !== record.runId) leaveStanding();
      const ends = record.status === 'ended' && current?.status !== 'ended';
      const first = current === null;
      current = record;
      if (first || ends || io.clock.monotonic() - paintedAtMs >= leastGapMs) paint();
    },
    note: (text) => {
      const cleared = erase();
      drawn = [];
      io.writeOut(`${cleared}${text}\n`);
      paint();
    },
    glimpse: (text) => {
      if (drawn.length > 0) return;
      glimpsed = true;
      io.writeOut(`${clearLine}${truncate(text, io.terminal.columns() - 1)}`);
    },
    close: () => {
      stopListening();
      if (glimpsed) io.writeOut(erase());
      if (current !== null) paint();
      leaveStanding();
    },
  };
}

/** The frame for the terminal as it is now; the list of steps gives way when rows are few. */
function fitFrame(
  record: RunRecord,
  io: CliIo,
  options: { color: boolean; commandsOf: (record: RunRecord) => RunCommands },
): string[] {
  const rows = Math.max(6, io.terminal.rows() - 1);
  const frame = {
    nowMs: io.clock.now(),
    width: io.terminal.columns() - 1,
    color: options.color,
    commands: options.commandsOf(record),
  };
  const full = renderFrame(record, frame);
  if (full.length <= rows) return full;
  const over = full.length - rows;
  const fewer = renderFrame(record, { ...frame, maxSteps: Math.max(1, record.steps.length - over - 2) });
  return (fewer.length <= rows ? fewer : fewer.filter((line) => line !== '')).slice(0, rows);
}

/** Rows that the lines take: a terminal that became narrower has broken them. */
function rowsOf(lines: string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(visibleLength(line) / Math.max(1, columns))), 0);
}
