import { join } from 'node:path';
import { z } from 'zod';
import { loadConfig } from '../config/load-config.ts';
import { readLock } from '../journal/lock.ts';
import { loadRun } from '../journal/replay.ts';
import { listRuns, runFolder } from '../journal/state-folder.ts';
import type { Clock } from '../model/clock.ts';
import { DeployError } from '../model/deploy-error.ts';
import { type History, historySchema } from '../model/history.ts';
import { quickAccept } from '../model/quick-accept.ts';
import type { RunRecord } from '../model/run-record.ts';
import {
  ensurePrivateDirectory,
  fileExists,
  listDirectory,
  readJsonFile,
  readSmallFiles,
  removeFile,
  writeFileAtomic,
} from '../system/files.ts';
import type { Place } from './place.ts';
import type { Project } from './project.ts';

/** A file of `.seatrial` that is not counted, because it cannot be read. `path` is relative to that folder. */
export type SetAside = {
  path: string;
  reason: string;
  /** As far as it has any. */
  text: string;
};

/** Everything that is kept of finished runs in the project, oldest first; what cannot be read is set aside. */
export async function loadHistory(project: Pick<Project, 'directory'>): Promise<History[]> {
  return (await readHistory(project)).entries;
}

/**
 * The same, with the files that are not counted. They stay where they are: a newer seatrial, or whoever ends the merge in
 * the middle of which they are, will be able to read them.
 */
export async function readHistory({
  directory,
}: Pick<Project, 'directory'>): Promise<{ entries: History[]; setAside: SetAside[] }> {
  const root = join(directory, '.seatrial', 'history');
  const entries: History[] = [];
  const setAside: SetAside[] = [];
  for (const month of await listDirectory(root)) {
    if (!/^\d{4}-\d{2}$/.test(month)) continue;
    const names = (await listDirectory(join(root, month))).filter((name) => name.endsWith('.json'));
    for (const [index, read] of (await readSmallFiles(names.map((name) => join(root, month, name)))).entries()) {
      const name = names[index] ?? '';
      const parsed = read.ok ? parseEntry(read.text, name) : read.reason;
      if (typeof parsed === 'object') entries.push(parsed);
      else setAside.push({ path: `history/${month}/${name}`, reason: parsed, text: read.ok ? read.text : '' });
    }
  }
  return { entries: entries.sort(byStart), setAside };
}

const acceptsAsIs = quickAccept(historySchema);

/** The entry, or why there is none; the same words on every machine. */
function parseEntry(text: string, name: string): History | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  const entry = acceptsAsIs?.(value) === true ? value : historySchema.safeParse(value).data;
  if (entry === undefined) return 'it is no history entry that this seatrial knows';
  return `${entry.runId}.json` === name ? entry : 'it bears the name of another run';
}

function byStart(one: History, other: History): number {
  if (one.startedAt !== other.startedAt) return one.startedAt < other.startedAt ? -1 : 1;
  return one.runId < other.runId ? -1 : 1;
}

/** The run with this id, or the newest one (of an environment). Throws RUN_UNKNOWN, RUN_NONE. */
export async function findRun(
  project: Pick<Project, 'state' | 'directory'>,
  runId: string | undefined,
  environment?: string,
): Promise<RunRecord> {
  if (runId !== undefined) {
    const record = await loadRun(runFolder(project.state, runId.toLowerCase()).directory);
    if (record === null) throw new DeployError('RUN_UNKNOWN', { runId });
    return record;
  }
  for (const [index, id] of (await listRuns(project.state)).entries()) {
    // An old run that cannot be read is passed over; the newest one must not be taken for another.
    const record = await loadRun(runFolder(project.state, id).directory).catch((thrown: unknown) => {
      if (index === 0) throw thrown;
      return null;
    });
    if (record !== null && (environment === undefined || record.plan.content.environment === environment))
      return record;
  }
  // Whoever asks in a folder that is no project should hear that first.
  await loadConfig(project.directory);
  throw new DeployError('RUN_NONE');
}

/** What somebody is told who wants a target that a run has. */
export function runActive(active: ActiveRun): DeployError {
  const { runId, pid, sinceMs } = active;
  return new DeployError('RUN_ACTIVE', { runId, pid, since: new Date(sinceMs).toISOString() });
}

export type ActiveRun = { runId: string; pid: number; sinceMs: number; orphaned: boolean };

/** The run that has the lock of a place; an orphaned one is unfinished and nobody attends to it. */
export async function activeRunOf(place: Place): Promise<ActiveRun | null> {
  const reading = await readLock(place.lockDirectory);
  if (reading.state === 'free') return null;
  const { runId, identity, sinceMs } = reading.holder;
  // The owner of a run that is over only writes its memory down; a plan made now would meet a target that no longer changes.
  if (await runIsOver(place, runId)) return null;
  return { runId, pid: identity.pid, sinceMs, orphaned: reading.state === 'orphaned' };
}

/** Waits until the owner of a finished run has written its memory down and let go of the target; at most `withinMs`. */
export async function awaitMemory(
  place: Place,
  runId: string,
  { clock, withinMs }: { clock: Clock; withinMs: number },
): Promise<void> {
  const end = clock.monotonic() + withinMs;
  while (clock.monotonic() < end) {
    const reading = await readLock(place.lockDirectory);
    if (reading.state !== 'held' || reading.holder.runId !== runId) return;
    await clock.sleep(50);
  }
}

/** A run that this project does not know belongs to another one and is never taken for over. */
export async function runIsOver(place: Place, runId: string): Promise<boolean> {
  const folder = runFolder(place.project.state, runId);
  const record = await loadRun(folder.directory).catch(() => 'unreadable' as const);
  // A run that cannot be read has not been seen to end.
  if (record === 'unreadable') return false;
  // Without a journal nothing was begun: the owner died before its first line.
  if (record === null) return fileExists(folder.directory);
  return record.status === 'ended';
}

const acknowledgementSchema = z.strictObject({
  runId: z.string(),
  by: z.string(),
  atMs: z.number(),
  /** SHA-256 (hex) of the review as it was then; absent in those from before it was kept. */
  sha256: z.string().optional(),
});

/** Who acknowledged the review of a run; null while nobody has. */
export async function reviewAcknowledgement(
  project: Pick<Project, 'state'>,
  runId: string,
): Promise<z.infer<typeof acknowledgementSchema> | null> {
  return readJsonFile(join(project.state.directory, 'reviews', `${runId}.json`), acknowledgementSchema);
}

export async function saveReviewAcknowledgement(
  project: Pick<Project, 'state'>,
  entry: z.infer<typeof acknowledgementSchema>,
): Promise<void> {
  const directory = join(project.state.directory, 'reviews');
  await ensurePrivateDirectory(directory);
  await writeFileAtomic(join(directory, `${entry.runId}.json`), JSON.stringify(entry));
}

/** The review of a run is as if nobody had acknowledged it. */
export async function withdrawReviewAcknowledgement(project: Pick<Project, 'state'>, runId: string): Promise<void> {
  await removeFile(join(project.state.directory, 'reviews', `${runId}.json`));
}

/** The newest finished rollout of this machine (in an environment) when nobody has acknowledged its review; else null. */
export async function pendingReview(
  project: Pick<Project, 'state'>,
  environment: string | undefined,
): Promise<{ runId: string } | null> {
  for (const id of await listRuns(project.state)) {
    const record = await loadRun(runFolder(project.state, id).directory).catch(() => null);
    if (record === null || record.status !== 'ended' || record.plan.content.kind !== 'rollout') continue;
    if (environment !== undefined && record.plan.content.environment !== environment) continue;
    return (await reviewAcknowledgement(project, id)) === null ? { runId: id } : null;
  }
  return null;
}
