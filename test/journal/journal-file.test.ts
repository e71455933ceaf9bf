import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../src/journal/replay.ts';
import { type AppendFile, openAppendFile } from '../../src/system/durable-append.ts';
import {
  counts,
  openTestJournal,
  refusal,
  rollbackStarted,
  runStarted,
  temporaryDirectory,
} from './journal-fixtures.ts';

describe('a disk that does not take it', () => {
  /** The real file with one failure: at the n-th call of `what`, after `partial` bytes. */
  function failing(what: 'append' | 'sync', { at, code, partial = 0 }: { at: number; code: string; partial?: number }) {
    let calls = 0;
    const opened: AppendFile[] = [];
    const openFile = async (path: string): Promise<AppendFile> => {
      const real = await openAppendFile(path);
      const maybeFail = async (kind: string): Promise<void> => {
        if (kind !== what) return;
        calls += 1;
        if (calls === at) throw Object.assign(new Error(`${code}: simulated`), { code });
      };
      const file: AppendFile = {
        ...real,
        append: async (bytes) => {
          await maybeFail('append').catch(async (thrown) => {
            await real.append(bytes.subarray(0, partial));
            throw thrown;
          });
          await real.append(bytes);
        },
        sync: async () => {
          await maybeFail('sync');
          await real.sync();
        },
      };
      opened.push(file);
      return file;
    };
    return { openFile, opened, calls: () => calls };
  }

  it('on a full disk refuses forward events, and writes the way back into the room of the reserve', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const { openFile, opened } = failing('append', { at: 2, code: 'ENOSPC', partial: 40 });
    const journal = await openTestJournal(file, { openFile });
    await journal.append(runStarted());
    expect(await refusal(journal.append({ type: 'resumed', data: { reason: 'forward' } }))).toBe('JOURNAL_UNWRITABLE');
    expect(await refusal(stat(`${file}.reserve`))).toBe('ENOENT');
    expect(await refusal(journal.append({ type: 'resumed', data: { reason: 'forward' } }))).toBe('JOURNAL_UNWRITABLE');
    expect(await refusal(journal.append(counts))).toBe('JOURNAL_UNWRITABLE');
    expect(await journal.append(rollbackStarted)).toMatchObject({ seq: 1 });
    await journal.append({ type: 'run_ended', data: { outcome: 'rolled_back', reason: 'full', error: null } });
    await journal.close();
    expect(opened).toHaveLength(2);
    expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }, { seq: 1 }, { seq: 2 }] });
  });

  it('writes an event of the way back at once when that is the one the full disk refused', async () => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const { openFile } = failing('append', { at: 2, code: 'ENOSPC', partial: 7 });
    const journal = await openTestJournal(file, { openFile });
    await journal.append(runStarted());
    expect(await journal.append(rollbackStarted)).toMatchObject({ seq: 1 });
    expect(await readJournal(file)).toMatchObject({ damage: null, lines: [{ seq: 0 }, { seq: 1 }] });
  });

  it.each([
    ['append', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
  ] as const)('never uses a descriptor again after %s failed with %s', async (what, code) => {
    const file = join(await temporaryDirectory(), 'journal.jsonl');
    const fault = failing(what, { at: 2, code });
    const journal = await openTestJournal(file, { openFile: fault.openFile });
    await journal.append(runStarted());
    expect(await refusal(journal.append(rollbackStarted))).toBe('JOURNAL_UNWRITABLE');
    expect(await refusal(journal.append(rollbackStarted))).toBe('JOURNAL_UNWRITABLE');
    expect(fault.calls()).toBe(2);
    expect(fault.opened).toHaveLength(1);
  });

  it('says so when there is no place for it', async () => {
    const directory = await temporaryDirectory();
    const file = join(directory, 'missing', 'x'.repeat(250));
    expect(await refusal(openTestJournal(file))).toBe('JOURNAL_UNWRITABLE');
  });
});
