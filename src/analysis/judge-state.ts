import { z } from 'zod';
import { armCountsSchema } from '../model/verdict.ts';
import { noBadRatioSafety } from './bad-ratio-evidence.ts';
import { differenceEvidenceSchema, noDifferenceEvidence } from './difference-interval.ts';
import { noSafetyEvidence } from './error-rate-evidence.ts';
import { emptyRestartMixture, restartMixtureSchema } from './restart-mixture.ts';

const safetySchema = z.array(z.number()).length(noSafetyEvidence.length);
const badRatioSafetySchema = z.array(z.number()).length(noBadRatioSafety.length);
const armPairSchema = z.strictObject({ baseline: armCountsSchema, canary: armCountsSchema });

/** All that is known of the requests judged at one age. */
const ageStateSchema = z.strictObject({
  /** End of the last window taken in (Unix ms, arrival); null before the first. */
  takenUntilMs: z.number().nullable(),
  run: armPairSchema,
  bake: armPairSchema,
  /** Canary requests since the baseline last had one: above a few, there is no concurrent baseline. */
  alone: z.number().int().nonnegative(),
  /** A restart is due at the first window that arrives from here on; null when none is. */
  restartFromMs: z.number().nullable(),
  harm: restartMixtureSchema,
  safe: safetySchema,
  /** Tests against what the baseline was when there was one. */
  referenceHarm: restartMixtureSchema,
  referenceSafe: badRatioSafetySchema,
});
export type AgeState = z.infer<typeof ageStateSchema>;

const objectiveStateSchema = z.strictObject({
  takenUntilMs: z.number().nullable(),
  bake: armPairSchema,
  restartFromMs: z.number().nullable(),
  canaryHarm: restartMixtureSchema,
  baselineHarm: restartMixtureSchema,
  safe: badRatioSafetySchema,
});
export type ObjectiveState = z.infer<typeof objectiveStateSchema>;

/** Everything that a judge remembers: plain JSON, so that another process can go on with it. */
export const judgeSnapshotSchema = z.strictObject({
  v: z.literal(1),
  /** Bakes of the plan: the chance of a wrong "safe" is shared among them. */
  bakes: z.number().int().positive(),
  /** The plan has steps at which both arms get users. */
  hasConcurrentBaseline: z.boolean(),
  /** Counts of the stable revision from before the run. */
  prior: armCountsSchema,
  bake: z.strictObject({ stepId: z.string(), fromMs: z.number() }).nullable(),
  ages: z.strictObject({ fast: ageStateSchema, full: ageStateSchema }),
  /** Interval for the difference, fed once a second; `pending` is the second that is not over. */
  difference: z.strictObject({
    evidence: differenceEvidenceSchema,
    pending: armPairSchema,
    pendingMs: z.number().nonnegative(),
    /** What the evidence was made from. */
    seen: armPairSchema,
  }),
  /** Canary requests over the last half minute or so, fading. */
  pace: z.strictObject({ ms: z.number().nonnegative(), requests: z.number().nonnegative() }),
  objectives: z.record(z.string(), objectiveStateSchema),
});
export type JudgeSnapshot = z.infer<typeof judgeSnapshotSchema>;

export const noCounts = { requests: 0, failures: 0 } as const;
export const noPair = { baseline: noCounts, canary: noCounts } as const;

const emptyAge: AgeState = {
  takenUntilMs: null,
  run: noPair,
  bake: noPair,
  alone: 0,
  restartFromMs: null,
  harm: emptyRestartMixture,
  safe: [...noSafetyEvidence],
  referenceHarm: emptyRestartMixture,
  referenceSafe: [...noBadRatioSafety],
};

export const emptyObjective: ObjectiveState = {
  takenUntilMs: null,
  bake: noPair,
  restartFromMs: null,
  canaryHarm: emptyRestartMixture,
  baselineHarm: emptyRestartMixture,
  safe: [...noBadRatioSafety],
};

/** A judge that has seen nothing. Pure. */
export function emptyJudge(
  about: Pick<JudgeSnapshot, 'bakes' | 'hasConcurrentBaseline' | 'prior'> & { objectives: readonly string[] },
): JudgeSnapshot {
  const { objectives, ...rest } = about;
  return {
    v: 1,
    ...rest,
    bake: null,
    ages: { fast: emptyAge, full: emptyAge },
    difference: { evidence: noDifferenceEvidence, pending: noPair, pendingMs: 0, seen: noPair },
    pace: { ms: 0, requests: 0 },
    objectives: Object.fromEntries(objectives.map((name) => [name, emptyObjective])),
  };
}
