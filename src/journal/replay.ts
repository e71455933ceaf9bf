import { basename, join } from 'node:path';
import type { RecordedEvent } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { readBytes } from '../system/files.ts';
import { replayRun } from './fold-run.ts';
import { type Damage, scanJournal } from './scan-journal.ts';

export type JournalReading = {
  /** Null when no line tells. */
  runId: string | null;
  lines: RecordedEvent[];
  damage: Damage | null;
  /** Format version when a newer program wrote it: it may be shown, never continued. */
  newer: number | null;
};

/**
 * A journal as it is at this moment; it may be read while its owner writes (a line that is not whole yet is left out).
 * Null when there is no such file. Damage is told, not thrown; only an error of the file system is.
 */
export async function readJournal(file: string): Promise<JournalReading | null> {
  const bytes = await readBytes(file);
  if (bytes === null) return null;
  const { runId, lines, damage, newer } = scanJournal(bytes);
  return { runId, lines, damage, newer };
}

/**
 * The record of the run whose folder this is; null when there is none or nothing of it was ever on disk.
 * Throws JOURNAL_CORRUPT when even the beginning cannot be read.
 */
export async function loadRun(runDirectory: string): Promise<RunRecord | null> {
  const reading = await readJournal(join(runDirectory, 'journal.jsonl'));
  if (reading === null || (reading.lines.length === 0 && reading.damage === null)) return null;
  return replayRun(reading.lines, reading.damage, reading.runId ?? basename(runDirectory));
}
