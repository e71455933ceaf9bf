import { type Journal, openJournal } from '../journal/journal.ts';
import { readJournal } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError, toDeployError } from '../model/deploy-error.ts';
import type { RecordedEvent, RunEvent } from '../model/run-event.ts';
import type { RunRecord } from '../model/run-record.ts';
import { bootId } from '../system/process-identity.ts';
import type { Place } from './place.ts';

/** The journal as a run's owner uses it: what cannot be written is kept in memory, so that the way back is always open. */
export type RunJournal = {
  /** Everything so far, also what could not be written. */
  readonly events: readonly RecordedEvent[];
  readonly damage: RunRecord['damage'];
  /** False after the first event that did not reach the disk. */
  writable(): boolean;
  /** With `later` it reaches the disk together with the next event. */
  append(event: RunEvent, place?: { step?: string; idem?: string; later?: boolean }): Promise<RecordedEvent>;
  close(): Promise<void>;
};

/**
 * Opens or creates the journal of a run. Throws as `openJournal`; with `allowDamaged` a journal that cannot be written is none of
 * its errors: the run then goes back without one.
 */
export async function openRunJournal(request: {
  place: Place;
  runId: string;
  generation: number;
  clock: Clock;
  allowDamaged: boolean;
}): Promise<RunJournal> {
  const { place, runId, generation, clock, allowDamaged } = request;
  const { journal: file } = runFolder(place.project.state, runId);
  const journal = await openJournal({ file, runId, generation, clock, boot: await bootId(), allowDamaged }).catch(
    (thrown: unknown) => {
      // Who takes a run over may only lead it back, and that must not depend on a disk.
      if (!allowDamaged || toDeployError(thrown).code !== 'JOURNAL_UNWRITABLE') throw thrown;
      return readOnlyJournal(file, thrown);
    },
  );
  const events: RecordedEvent[] = [...journal.events];
  let writable = true;
  const write: RunJournal['append'] = async (event, { later = false, ...at } = {}) => {
    try {
      return await journal.append(event, later ? { ...at, durable: false } : at);
    } catch (thrown) {
      if (
        !(thrown instanceof DeployError) ||
        (thrown.code !== 'JOURNAL_UNWRITABLE' && thrown.code !== 'JOURNAL_CORRUPT')
      )
        throw thrown;
      writable = false;
      return { ...event, seq: (events.at(-1)?.seq ?? -1) + 1, atMs: clock.now(), gen: generation };
    }
  };
  return {
    events,
    damage: journal.damage,
    writable: () => writable,
    append: async (event, at = {}) => {
      const recorded = await write(event, at);
      events.push(recorded);
      return recorded;
    },
    close: () => closeQuietly(journal),
  };
}

/** A journal that takes nothing: what is known so far is read, and every event is refused as the opening was. */
async function readOnlyJournal(file: string, refusal: unknown): Promise<Journal> {
  const reading = await readJournal(file);
  const { lines, damage } = reading ?? { lines: [], damage: null };
  return {
    file,
    events: lines,
    damage,
    tornFile: null,
    append: async () => {
      throw refusal;
    },
    close: async () => undefined,
  };
}

async function closeQuietly(journal: Journal): Promise<void> {
  await journal.close().catch(() => undefined);
}
