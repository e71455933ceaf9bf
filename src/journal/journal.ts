import { dirname } from 'node:path';
import { ulid } from 'ulid';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { emitData } from '../model/redaction/emit.ts';
import type { RecordedEvent, RunEvent } from '../model/run-event.ts';
import { type AppendFile, openAppendFile, rewriteSame } from '../system/durable-append.ts';
import { ensurePrivateDirectory, readBytes, writeFileAtomic } from '../system/files.ts';
import { hasReserve, JournalFile, keepReserve, releaseReserve } from './journal-file.ts';
import { encodeLine, noLineBefore } from './journal-line.ts';
import { type Damage, type JournalScan, scanJournal } from './scan-journal.ts';
import { mayFollowDamage, mayUseReserve } from './way-back.ts';

export type JournalOptions = {
  file: string;
  runId: string;
  /** Generation of the lock that the caller owns: the fencing token. */
  generation: number;
  clock: Clock;
  /** Id of this boot of the machine. */
  boot: string;
  /** Open a damaged journal too; only events that may follow damage are then taken. */
  allowDamaged?: boolean;
  /** How the file is opened. */
  openFile?: (path: string) => Promise<AppendFile>;
};

export type AppendOptions = {
  /** Step that the line speaks of; taken from the event when not given. */
  step?: string | null;
  /** Idempotency key of the act that the line speaks of. */
  idem?: string | null;
  /** On the disk before the promise resolves. By default all but `counts`. */
  durable?: boolean;
};

/** The pen of a run: only the owner of the lock holds one. */
export interface Journal {
  readonly file: string;
  /** Events that were there when it was opened. */
  readonly events: readonly RecordedEvent[];
  readonly damage: Damage | null;
  /** Where a last line that had been cut off was put aside; null when there was none. */
  readonly tornFile: string | null;
  /**
   * Adds one event; calls are carried out one after the other. An event that threw is not in the journal. Throws
   * JOURNAL_UNWRITABLE: from then on always, but on a full disk the events of the way back are still taken, in the room
   * of the reserve. JOURNAL_CORRUPT: a forward event on a damaged journal. LOCK_LOST: someone else has written to it.
   */
  append(event: RunEvent, options?: AppendOptions): Promise<RecordedEvent>;
  close(): Promise<void>;
}

/**
 * Opens or creates the journal of a run for its owner. A last line that was cut off is put aside and cut away.
 * Throws JOURNAL_NEWER, JOURNAL_CORRUPT (unless `allowDamaged`), LOCK_LOST, JOURNAL_UNWRITABLE.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { file, runId, openFile = openAppendFile } = options;
  try {
    await ensurePrivateDirectory(dirname(file));
    const bytes = (await readBytes(file)) ?? new Uint8Array();
    const scan = scanJournal(bytes);
    assertUsable(scan, options);
    // A run does not begin without a reserve; it may go back and end without one.
    await keepReserve(file).catch((thrown) => {
      if (scan.last === null) throw thrown;
    });
    const opened = await openFile(file);
    const tornFile = await takeOver({ opened, file, bytes, scan }).catch(async (thrown) => {
      await opened.close().catch(() => undefined);
      throw thrown;
    });
    const journalFile = new JournalFile({ file, runId, opened, openFile, bytes: scan.wholeBytes });
    return createJournal(options, scan, { journalFile, tornFile });
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError('JOURNAL_UNWRITABLE', { runId, path: file, reason }, thrown);
  }
}

function assertUsable(scan: JournalScan, options: JournalOptions): void {
  const { runId, generation } = options;
  if (scan.newer !== null) throw new DeployError('JOURNAL_NEWER', { runId, version: scan.newer });
  if (scan.runId !== null && scan.runId !== runId) {
    throw new DeployError('JOURNAL_CORRUPT', { runId, line: 1, reason: `it belongs to run ${scan.runId}` });
  }
  if (scan.damage !== null && !options.allowDamaged)
    throw new DeployError('JOURNAL_CORRUPT', { runId, ...scan.damage });
  if (scan.last !== null && scan.last.gen > generation)
    throw new DeployError('LOCK_LOST', { generation: scan.last.gen });
}

/** What another owner left is on the disk afterwards, without the last line if that was cut off. */
async function takeOver(found: Found): Promise<string | null> {
  const { file, bytes, scan } = found;
  const tornFile = await putTornAside(found);
  if (scan.wholeBytes > 0) await withReserve(file, () => rewriteSame(file, bytes.subarray(0, scan.wholeBytes)));
  return tornFile;
}

/** Tries again in the room of the reserve. */
async function withReserve(file: string, write: () => Promise<void>): Promise<void> {
  await write().catch(async () => {
    await releaseReserve(file);
    await write();
  });
}

type Found = { opened: AppendFile; file: string; bytes: Uint8Array; scan: JournalScan };

async function putTornAside({ opened, file, bytes, scan }: Found): Promise<string | null> {
  if (scan.wholeBytes === bytes.length) return null;
  const aside = `${file}.torn-${ulid().toLowerCase()}`;
  await withReserve(file, () => writeFileAtomic(aside, bytes.subarray(scan.wholeBytes)));
  const { bytes: bytesNow } = await opened.look();
  if (bytesNow !== bytes.length) throw new DeployError('LOCK_LOST', { generation: 'unknown' });
  await opened.truncate(scan.wholeBytes);
  return aside;
}

function createJournal(
  { file, runId, generation, clock, boot }: JournalOptions,
  scan: JournalScan,
  { journalFile, tornFile }: { journalFile: JournalFile; tornFile: string | null },
): Journal {
  let { needsLineEnd } = scan;
  let last = scan.last ?? { seq: -1, sum: noLineBefore };
  let ended = isOver(scan.lines);
  let turn: Promise<unknown> = Promise.resolve();

  async function appendNow(event: RunEvent, options: AppendOptions): Promise<RecordedEvent> {
    await assertAllowed(event, { runId, file, damage: scan.damage });
    const line = encodeLine({
      seq: last.seq + 1,
      prev: last.sum,
      run: runId,
      gen: generation,
      ts: clock.now(),
      mono: clock.monotonic(),
      boot,
      step: options.step ?? stepOf(event),
      idem: options.idem ?? null,
      event: emitData(event),
    });
    const text = Buffer.from(needsLineEnd ? `\n${line.text}` : line.text);
    await journalFile.write(text, {
      durable: options.durable ?? event.type !== 'counts',
      mayUseReserve: mayUseReserve(event),
    });
    needsLineEnd = false;
    last = { seq: line.event.seq, sum: line.sum };
    ended = isOver([event], ended);
    return line.event;
  }

  return {
    file,
    events: scan.lines,
    damage: scan.damage,
    tornFile,
    append: (event, options = {}) => {
      const next = turn.then(() => appendNow(event, options));
      turn = next.catch(() => undefined);
      return next;
    },
    close: async () => {
      await turn;
      await journalFile.close();
      if (ended) await releaseReserve(file);
    },
  };
}

async function assertAllowed(
  event: RunEvent,
  of: { runId: string; file: string; damage: Damage | null },
): Promise<void> {
  const { runId, file, damage } = of;
  if (damage !== null && !mayFollowDamage(event)) throw new DeployError('JOURNAL_CORRUPT', { runId, ...damage });
  if (mayUseReserve(event) || (await hasReserve(file))) return;
  const reason = 'no room is left for a rollback (the disk is full)';
  throw new DeployError('JOURNAL_UNWRITABLE', { runId, path: file, reason });
}

/** A failed rollback that is tried again opens a run anew. */
function isOver(events: readonly RunEvent[], before = false): boolean {
  const turning = events.findLast((event) => event.type === 'run_ended' || event.type === 'rollback_started');
  return turning === undefined ? before : turning.type === 'run_ended';
}

/** Most events name their step themselves. */
function stepOf(event: RunEvent): string | null {
  if (event.type === 'step_started') return event.data.step.id;
  return 'stepId' in event.data ? event.data.stepId : null;
}
