import { glanceAtRun, type RunGlance } from '../../journal/glance-at-run.ts';
import { runFolder } from '../../journal/state-folder.ts';
import { type HookPlace, newestRuns } from './hook-place.ts';

/** Runs that are looked at: what is unfinished is among the newest. */
const mostRuns = 8;

/** What the newest runs of a project look like from outside, newest first. Never throws: what cannot be read is left out. */
export async function glanceAtRuns(place: HookPlace): Promise<RunGlance[]> {
  const { state } = place;
  if (state === null) return [];
  const glances: RunGlance[] = [];
  for (const runId of await newestRuns(place, mostRuns)) {
    const glance = await glanceAtRun(runFolder(state, runId)).catch(() => null);
    if (glance !== null) glances.push(glance);
  }
  return glances;
}
