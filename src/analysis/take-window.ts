import type { ArmCounts, JudgeSettings } from '../model/verdict.ts';
import { advanceBadRatioHarm, advanceBadRatioSafety } from './bad-ratio-evidence.ts';
import { estimateBaseline } from './baseline-estimate.ts';
import { advanceDifference } from './difference-interval.ts';
import { advanceErrorRateHarm, advanceErrorRateSafety } from './error-rate-evidence.ts';
import { evidenceShares } from './evidence-shares.ts';
import type { AgeState, JudgeSnapshot, ObjectiveState } from './judge-state.ts';
import { noPair } from './judge-state.ts';
import type { ArmPair } from './null-projection.ts';
import { isAlone, referenceLimit } from './reference-limit.ts';

/** Requests that arrived at both arms in [fromMs, toMs) (Unix ms), and how many of them failed or were bad. */
export type CountedWindow = ArmPair & { fromMs: number; toMs: number };

const differenceEveryMs = 1000;
const paceFadesMs = 30_000;

/** ln of the evidence for safety that certifies: the chance of a wrong one is shared among the bakes. Pure. */
export function lnSafeLimitOf(state: JudgeSnapshot, settings: JudgeSettings): number {
  return Math.log(state.bakes / settings.alphaPromote);
}

/** The judge's state after one more window of requests judged at one age. Pure. */
export function takeWindow(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  batch: CountedWindow & { age: 'fast' | 'full' },
): JudgeSnapshot {
  const taken = takeAge(state, settings, batch);
  const ages = batch.age === 'fast' ? { ...state.ages, fast: taken } : { ...state.ages, full: taken };
  if (batch.age === 'fast') return { ...state, ages, pace: fadingPace(state.pace, batch) };
  return { ...state, ages, difference: takeDifference(state, settings, batch) };
}

function takeAge(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  batch: CountedWindow & { age: 'fast' | 'full' },
): AgeState {
  const age = state.ages[batch.age];
  const delta = settings.errorMargin;
  const theta0 = estimateBaseline(age.run.baseline, state.prior, delta);
  const weightChanged = age.restartFromMs !== null && batch.fromMs >= age.restartFromMs;
  const inBake = isInBake(state, batch);
  const lnLimit = lnSafeLimitOf(state, settings) - lnOf(evidenceShares(state.hasConcurrentBaseline).concurrentSafe);
  return {
    takenUntilMs: batch.toMs,
    run: addPairs(age.run, batch),
    bake: inBake ? addPairs(age.bake, batch) : age.bake,
    alone: batch.baseline.requests > 0 ? 0 : age.alone + batch.canary.requests,
    restartFromMs: weightChanged ? null : age.restartFromMs,
    harm: advanceErrorRateHarm(age.harm, { ...batch, atMs: batch.fromMs, weightChanged, theta0 }, delta),
    safe: inBake ? advanceErrorRateSafety(age.safe, { ...batch, theta0 }, { delta, lnLimit }) : age.safe,
    ...takeReference(state, settings, { batch, age, inBake, weightChanged }),
  };
}

/** Windows without baseline requests say nothing in the comparison of the arms; here they are held against the past. */
function takeReference(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { batch: CountedWindow; age: AgeState; inBake: boolean; weightChanged: boolean },
): Pick<AgeState, 'referenceHarm' | 'referenceSafe'> {
  const { batch, age, inBake, weightChanged } = about;
  const { referenceHarm, referenceSafe } = age;
  if (batch.baseline.requests > 0 || batch.canary.requests === 0 || !isAlone(state, age))
    return { referenceHarm, referenceSafe };
  const reference = referenceLimit(state, settings);
  const shares = evidenceShares(state.hasConcurrentBaseline);
  const lnHarmLimit = -Math.log(settings.alphaRollback) - lnOf(shares.referenceHarm);
  const lnSafeLimit = lnSafeLimitOf(state, settings) - lnOf(shares.referenceSafe);
  return {
    referenceHarm: advanceBadRatioHarm(
      referenceHarm,
      { counts: batch.canary, atMs: batch.fromMs, weightChanged },
      { allowedRatio: reference.harmRatio, lnLimit: lnHarmLimit },
    ),
    referenceSafe: inBake
      ? advanceBadRatioSafety(referenceSafe, batch.canary, { allowedRatio: reference.safeRatio, lnLimit: lnSafeLimit })
      : referenceSafe,
  };
}

function takeDifference(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  batch: CountedWindow,
): JudgeSnapshot['difference'] {
  const { difference } = state;
  const pending = addPairs(difference.pending, batch);
  const pendingMs = difference.pendingMs + batch.toMs - batch.fromMs;
  if (pendingMs < differenceEveryMs) return { ...difference, pending, pendingMs };
  const theta0 = estimateBaseline(difference.seen.baseline, state.prior, settings.errorMargin);
  const canarySeen = difference.seen.canary;
  const comparable = pending.baseline.requests > 0 && pending.canary.requests > 0;
  return {
    evidence: comparable
      ? advanceDifference(difference.evidence, { ...pending, theta0, canarySeen })
      : difference.evidence,
    pending: noPair,
    pendingMs: 0,
    seen: addPairs(difference.seen, pending),
  };
}

/** The state of one objective after one more window. Pure. */
export function takeObjectiveWindow(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { window: CountedWindow; objective: ObjectiveState; allowedRatio: number },
): ObjectiveState {
  const { window, objective, allowedRatio } = about;
  const weightChanged = objective.restartFromMs !== null && window.fromMs >= objective.restartFromMs;
  const inBake = isInBake(state, window);
  const harmTest = { allowedRatio, lnLimit: -Math.log(settings.alphaRollback) };
  const harm = { atMs: window.fromMs, weightChanged };
  const safeTest = { allowedRatio, lnLimit: lnSafeLimitOf(state, settings) };
  return {
    takenUntilMs: window.toMs,
    bake: inBake ? addPairs(objective.bake, window) : objective.bake,
    restartFromMs: weightChanged ? null : objective.restartFromMs,
    canaryHarm: advanceBadRatioHarm(objective.canaryHarm, { counts: window.canary, ...harm }, harmTest),
    baselineHarm: advanceBadRatioHarm(objective.baselineHarm, { counts: window.baseline, ...harm }, harmTest),
    safe: inBake ? advanceBadRatioSafety(objective.safe, window.canary, safeTest) : objective.safe,
  };
}

function isInBake(state: JudgeSnapshot, window: { fromMs: number }): boolean {
  return state.bake !== null && window.fromMs >= state.bake.fromMs;
}

function fadingPace(pace: JudgeSnapshot['pace'], window: CountedWindow): JudgeSnapshot['pace'] {
  const lengthMs = window.toMs - window.fromMs;
  const kept = Math.exp(-lengthMs / paceFadesMs);
  return { ms: pace.ms * kept + lengthMs, requests: pace.requests * kept + window.canary.requests };
}

function addPairs(a: ArmPair, b: ArmPair): ArmPair {
  return { baseline: addCounts(a.baseline, b.baseline), canary: addCounts(a.canary, b.canary) };
}

function addCounts(a: ArmCounts, b: ArmCounts): ArmCounts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

/** ln that is 0 for the share of a test that takes no part. */
function lnOf(share: number): number {
  return share > 0 ? Math.log(share) : 0;
}
