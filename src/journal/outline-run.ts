import type { RunRecord } from '../model/run-record.ts';
import { readTextFile } from '../system/files.ts';
import { replayRun } from './fold-run.ts';
import { scanJournal } from './scan-journal.ts';
import type { RunFolder } from './state-folder.ts';

/**
 * The record of a run without what was counted each second, which is most of a journal: good for saying where the run stands. What is left
 * out looks like damage, so damage is not told. Null when there is no journal. Throws JOURNAL_CORRUPT without a beginning.
 */
export async function outlineRun({ runId, journal }: RunFolder): Promise<RunRecord | null> {
  const text = await readTextFile(journal);
  if (text === null) return null;
  const lines = text.split('\n').filter((line) => line !== '' && !/"type":"(?:counts|verdict|latency)"/.test(line));
  return replayRun(scanJournal(Buffer.from(`${lines.join('\n')}\n`)).lines, null, runId);
}
