import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import type { Comparison, JudgeSettings } from '../model/verdict.ts';
import { armCountsSchema } from '../model/verdict.ts';
import { noBadRatioSafety } from './bad-ratio-evidence.ts';
import { noCountsSafety } from './counts-evidence.ts';
import { differenceEvidenceSchema, noDifferenceEvidence } from './difference-interval.ts';
import { noSafetyEvidence } from './error-rate-evidence.ts';
import { emptyLatencyEvidence, latencyEvidenceSchema } from './latency-evidence.ts';
import { dispersionHistorySchema, noDispersionHistory } from './overdispersion.ts';
import { pendingBatchSchema } from './pending-batch.ts';
import { emptyRestartMixture, restartMixtureSchema } from './restart-mixture.ts';
import { noSplitEvidence, splitEvidenceSchema } from './split-evidence.ts';
import { noSuccessSafety } from './success-ratio-evidence.ts';

const badRatioSafetySchema = z.array(z.number()).length(noBadRatioSafety.length);
const armPairSchema = z.strictObject({ baseline: armCountsSchema, canary: armCountsSchema });
/** Deflated for clusters, so not whole numbers. */
const weighedCountsSchema = z.strictObject({ requests: z.number().nonnegative(), failures: z.number().nonnegative() });
const weighedPairSchema = z.strictObject({ baseline: weighedCountsSchema, canary: weighedCountsSchema });
const eventCountsSchema = z.strictObject({ events: z.number().nonnegative(), opportunities: z.number().nonnegative() });

const errorRateStateSchema = z.strictObject({
  harm: restartMixtureSchema,
  safe: z.array(z.number()).length(noSafetyEvidence.length),
  /** Tests against what the baseline was when there was one. */
  referenceHarm: restartMixtureSchema,
  referenceSafe: badRatioSafetySchema,
  /** What the evidence was made from. */
  weighed: weighedPairSchema,
});
export type ErrorRateState = z.infer<typeof errorRateStateSchema>;

const countsStateSchema = z.strictObject({
  kind: z.literal('counts'),
  takenUntilMs: z.number().nullable(),
  restartFromMs: z.number().nullable(),
  harm: restartMixtureSchema,
  /** Counted events of windows in which not yet enough opportunities fell to both arms; null while there are none. */
  pool: z.strictObject({ fromMs: z.number(), canary: eventCountsSchema, baseline: eventCountsSchema }).nullable(),
  /** How the baseline's events scatter. */
  dispersion: dispersionHistorySchema,
  /** One per alternative of its kind of comparison. */
  safe: z.array(z.number()).min(1),
  /** Of the present bake. */
  canary: eventCountsSchema,
  baseline: eventCountsSchema,
});
export type CountsState = z.infer<typeof countsStateSchema>;
const latencyStateSchema = z.strictObject({ kind: z.literal('latency'), evidence: latencyEvidenceSchema });
export type LatencyState = z.infer<typeof latencyStateSchema>;
const comparisonStateSchema = z.discriminatedUnion('kind', [countsStateSchema, latencyStateSchema]);
export type ComparisonState = z.infer<typeof comparisonStateSchema>;

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
  v: z.literal(2),
  /** Bakes of the plan: the chance of a wrong "safe" is shared among them. */
  bakes: z.number().int().positive(),
  /** The plan has steps at which both arms get users. */
  hasConcurrentBaseline: z.boolean(),
  /** The plan watches at steps at which all users are on the canary. */
  hasUnaccompaniedBake: z.boolean(),
  /** Counts of the stable revision from before the run. */
  prior: armCountsSchema,
  /** Failures of the baseline per window, for sources that cannot tell clients apart. */
  dispersion: dispersionHistorySchema,
  bake: z.strictObject({ stepId: z.string(), fromMs: z.number(), weightPercent: z.number() }).nullable(),
  /** A restart of the tests is due at the first window that arrives from here on; null when none is. */
  restartFromMs: z.number().nullable(),
  /** End of the newest window seen, and of the last one whose counts are final (Unix ms, arrival); null before the first. */
  seenUntilMs: z.number().nullable(),
  settledUntilMs: z.number().nullable(),
  /** Batches whose outcomes are not all known yet, in order of arrival. */
  pending: z.array(pendingBatchSchema),
  /** Settled requests of the run and of the present bake. */
  run: armPairSchema,
  inBake: armPairSchema,
  errorRate: errorRateStateSchema,
  comparisons: z.record(z.string(), comparisonStateSchema),
  split: splitEvidenceSchema,
  /** Interval for the difference, fed once a second; `pending` is the second that is not over. */
  difference: z.strictObject({
    evidence: differenceEvidenceSchema,
    pending: weighedPairSchema,
    pendingMs: z.number().nonnegative(),
    /** What the evidence was made from. */
    seen: weighedPairSchema,
  }),
  /** Canary requests over the last half minute or so, fading. */
  pace: z.strictObject({ ms: z.number().nonnegative(), requests: z.number().nonnegative() }),
  objectives: z.record(z.string(), objectiveStateSchema),
});
export type JudgeSnapshot = z.infer<typeof judgeSnapshotSchema>;

export const noCounts = { requests: 0, failures: 0 } as const;
export const noPair = { baseline: noCounts, canary: noCounts } as const;
const noEvents = { events: 0, opportunities: 0 } as const;

export const emptyObjective: ObjectiveState = {
  takenUntilMs: null,
  bake: noPair,
  restartFromMs: null,
  canaryHarm: emptyRestartMixture,
  baselineHarm: emptyRestartMixture,
  safe: [...noBadRatioSafety],
};

/** What a comparison of counts needs anew at every bake. Pure. */
export function begunCounts(kind: Comparison['kind']): Pick<CountsState, 'safe' | 'canary' | 'baseline'> {
  const safe = kind === 'throughput' ? [...noSuccessSafety] : [...noCountsSafety];
  return { safe, canary: noEvents, baseline: noEvents };
}

/** A judge that has seen nothing. Pure. */
export function emptyJudge(
  about: Pick<JudgeSnapshot, 'bakes' | 'hasConcurrentBaseline' | 'hasUnaccompaniedBake' | 'prior' | 'dispersion'>,
  settings: JudgeSettings,
): JudgeSnapshot {
  return {
    v: 2,
    ...about,
    bake: null,
    restartFromMs: null,
    seenUntilMs: null,
    settledUntilMs: null,
    pending: [],
    run: noPair,
    inBake: noPair,
    errorRate: {
      harm: emptyRestartMixture,
      safe: [...noSafetyEvidence],
      referenceHarm: emptyRestartMixture,
      referenceSafe: [...noBadRatioSafety],
      weighed: noPair,
    },
    comparisons: Object.fromEntries(settings.comparisons.map((one) => [one.metric, emptyComparison(one)])),
    split: noSplitEvidence,
    difference: { evidence: noDifferenceEvidence, pending: noPair, pendingMs: 0, seen: noPair },
    pace: { ms: 0, requests: 0 },
    objectives: Object.fromEntries(settings.slos.map(({ name }) => [name, emptyObjective])),
  };
}

function emptyComparison({ kind }: Comparison): ComparisonState {
  if (kind === 'latency') return { kind: 'latency', evidence: emptyLatencyEvidence };
  const nothing = { takenUntilMs: null, restartFromMs: null, pool: null, dispersion: noDispersionHistory };
  return { kind: 'counts', ...nothing, harm: emptyRestartMixture, ...begunCounts(kind) };
}

/** The state of a comparison. Throws INTERNAL when the judge was not begun with it. Pure. */
export function comparisonOf(state: JudgeSnapshot, metric: string): ComparisonState {
  const known = state.comparisons[metric];
  if (known === undefined) throw new DeployError('INTERNAL', { reason: `the judge has no comparison "${metric}"` });
  return known;
}
