import { runFolder } from '../journal/state-folder.ts';
import type { Place } from './place.ts';
import { activeRunOf } from './project-memory.ts';
import { launchWatchdog } from './start-request.ts';

/** Starts the watchdog of a run that has lost its owner, which then takes users back; the run's id, or null when there is none. */
export async function wakeWatchdog(place: Place): Promise<string | null> {
  const active = await activeRunOf(place);
  if (active === null || !active.orphaned) return null;
  await launchWatchdog(place.project.directory, runFolder(place.project.state, active.runId));
  return active.runId;
}
