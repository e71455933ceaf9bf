import { join } from 'node:path';
import type { RunGlance } from '../../journal/glance-at-run.ts';
import { fileExists } from '../../system/files.ts';
import type { HookPlace } from './hook-place.ts';

/** The newest rollout that is over, when nobody has acknowledged its review; else null. */
export async function unreviewedRun({ state }: HookPlace, glances: readonly RunGlance[]): Promise<RunGlance | null> {
  const last = glances.find(({ kind, outcome }) => kind === 'rollout' && outcome !== null);
  if (state === null || last === undefined) return null;
  const acknowledged = await fileExists(join(state.directory, 'reviews', `${last.runId}.json`)).catch(() => true);
  return acknowledged ? null : last;
}
