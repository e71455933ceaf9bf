import { restartEveryMs } from './restart-mixture.ts';

/** Restarts that run side by side, at most. */
export const mostRestarts = 6;

const firstStepShare = 0.8;
const stepBeginningShare = 0.8;

/**
 * Stake (of 1, for the whole run) of restart `restart` (1 = the beginning) of step `step` (1 = the first). All of them
 * together never exceed 1. Pure.
 *
 * Step 1 gets 0.8, step s ≥ 2 gets 0.2/(s(s−1)). Of that, the beginning of the step gets 0.8 (most regressions are there
 * when a step begins), restart i ≥ 2 gets 0.2·ln 2·(1/ln i − 1/ln(i+1)), which falls hardly faster than 1/i.
 *
 * Example: 0.64 for the beginning of the run; 0.00011 for the restart after 10 minutes of the first step, which must
 * therefore earn ln 9,200 = 9.1 more than the whole stake would.
 */
export function restartShare(step: number, restart: number): number {
  const ofRun = step === 1 ? firstStepShare : (1 - firstStepShare) / (step * (step - 1));
  if (restart === 1) return ofRun * stepBeginningShare;
  const ofLater = Math.LN2 * (1 / Math.log(restart) - 1 / Math.log(restart + 1));
  return ofRun * (1 - stepBeginningShare) * ofLater;
}

/**
 * Which restart is given up when another one begins at `nowMs`: index into `startsMs` (ascending), or null while there is
 * room. Of all but the oldest, the one whose neighbours are nearest in age, as a ratio: so ages stay about doubling, and
 * whenever a regression set in there is a restart of at most about twice its age. Pure; depends on times only.
 */
export function droppedRestart(startsMs: readonly number[], nowMs: number): number | null {
  if (startsMs.length < mostRestarts) return null;
  const age = (index: number): number => nowMs - (startsMs[index] ?? nowMs) + restartEveryMs;
  let [dropped, least] = [1, Number.POSITIVE_INFINITY];
  for (let index = 1; index < startsMs.length; index++) {
    const gap = age(index - 1) / age(index + 1);
    if (gap < least) [dropped, least] = [index, gap];
  }
  return dropped;
}
