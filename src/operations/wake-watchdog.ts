import { readJournal } from '../journal/replay.ts';
import { runFolder } from '../journal/state-folder.ts';
import { fileExists } from '../system/files.ts';
import type { Place } from './place.ts';
import { type ActiveRun, activeRunOf } from './project-memory.ts';
import { launchWatchdog } from './start-request.ts';

/** The run that has the target, or null. When it has lost its owner its watchdog is started, which then takes users back. */
export async function wakeWatchdog(place: Place): Promise<ActiveRun | null> {
  const active = await activeRunOf(place);
  if (!active?.orphaned || (await isOfNewer(place, active.runId))) return active;
  const folder = runFolder(place.project.state, active.runId);
  // A run of another project, or one whose folder is gone, is nothing that a watchdog of this one could take back.
  if (await fileExists(folder.directory)) await launchWatchdog(place.project, folder);
  return active;
}

/** A watchdog of this version could only look on. */
async function isOfNewer(place: Place, runId: string): Promise<boolean> {
  const reading = await readJournal(runFolder(place.project.state, runId).journal);
  return reading !== null && reading.newer !== null;
}
