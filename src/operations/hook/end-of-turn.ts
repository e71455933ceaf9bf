import { join } from 'node:path';
import { reviewPlaceholder } from '../../report/review-headings.ts';
import { ensurePrivateDirectory, fileExists, linkOnce, readTextFile } from '../../system/files.ts';
import { glanceAtRuns } from './glance-at-runs.ts';
import type { HookAnswer } from './hook-input.ts';
import type { HookPlace } from './hook-place.ts';
import { unreviewedRun } from './unreviewed-run.ts';

/**
 * When an agent wants to stop: a finished run whose review nobody has completed is worth going on for, once for each run and machine. That
 * it was asked is kept in the state folder; where that cannot be written nothing is asked, or it would be asked for ever.
 */
export async function endOfTurn(place: HookPlace): Promise<HookAnswer> {
  const { state } = place;
  const run = await unreviewedRun(place, await glanceAtRuns(place));
  if (state === null || run === null) return null;
  const { runId, service, version, environment, outcome } = run;
  // A run in its last second has no draft yet, and is asked for at the next end of a turn.
  const draft = await readTextFile(join(place.directory, '.seatrial', 'reviews', `${runId}.md`));
  if (draft === null || !draft.includes(reviewPlaceholder)) return null;
  const asked = join(state.directory, 'asked-for-review');
  if (await fileExists(join(asked, runId))) return null;
  await ensurePrivateDirectory(asked);
  if (!(await linkOnce('', join(asked, runId)))) return null;
  return {
    decision: 'block',
    reason: `Run ${runId} (${service} ${version} to ${environment}) has ended: ${outcome ?? 'unknown'}, and its review is not written. Call deploy_review {"action": "draft", "run_id": "${runId}"}, complete what is open from the evidence, then deploy_review {"action": "submit"}; a person acknowledges it afterwards. This is asked once: if the user does not want it now, say that it is open and stop.`,
  };
}
