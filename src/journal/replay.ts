import { basename, join } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
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
 * Throws JOURNAL_CORRUPT when even the beginning cannot be read, and JOURNAL_NEWER when this version does not understand it.
 */
export async function loadRun(runDirectory: string): Promise<RunRecord | null> {
  const reading = await readJournal(join(runDirectory, 'journal.jsonl'));
  if (reading === null || (reading.lines.length === 0 && reading.damage === null && reading.newer === null))
    return null;
  const { newer, damage } = reading;
  const runId = reading.runId ?? basename(runDirectory);
  if (newer !== null && !reading.lines.some(({ type }) => type === 'run_started'))
    throw new DeployError('JOURNAL_NEWER', { runId, version: newer });
  return { ...replayRun(reading.lines, damage, runId), newer };
}

/** Throws JOURNAL_NEWER for a run that only a newer seatrial may carry on, take back or write down. Asked before anything is written. */
export function assertContinuable({ runId, newer }: Pick<RunRecord, 'runId' | 'newer'>): void {
  if (newer !== null) throw new DeployError('JOURNAL_NEWER', { runId, version: newer });
}
