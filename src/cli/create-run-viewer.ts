import type { RunRecord } from '../model/run-record.ts';
import { renderChanges } from './change-lines.ts';
import { type CliIo, usesColor } from './io.ts';
import { createLivePainter } from './live-painter.ts';
import type { RunCommands } from './live-view.ts';
import type { RunViewer } from './run-viewer.ts';

/** A picture that is redrawn on a terminal; elsewhere, and beside JSON, one line for each change. */
export function createRunViewer(
  io: CliIo,
  options: { json: boolean; commandsOf: (record: RunRecord) => RunCommands },
): RunViewer {
  if (io.terminal.isTty && !options.json)
    return createLivePainter(io, { color: usesColor(io), commandsOf: options.commandsOf });
  return createLinePrinter(options.json ? io.writeError : io.writeOut, io.writeError);
}

function createLinePrinter(write: (text: string) => void, writeNote: (text: string) => void): RunViewer {
  const seen = new Map<string, number>();
  return {
    show: (record) => {
      for (const line of renderChanges(record, seen.get(record.runId) ?? -1)) write(`${line}\n`);
      seen.set(record.runId, record.events.at(-1)?.seq ?? -1);
    },
    note: (text) => writeNote(`${text}\n`),
    glimpse: () => {},
    close: () => {},
  };
}
