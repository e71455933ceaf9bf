import { z } from 'zod';

/** Counts of one arm as far as they entered a verdict. */
export const armCountsSchema = z.strictObject({
  requests: z.number().int().nonnegative(),
  failures: z.number().int().nonnegative(),
});
export type ArmCounts = z.infer<typeof armCountsSchema>;

/** What is known about one metric, with the numbers that decided. */
export const verdictSchema = z.strictObject({
  metric: z.string(),
  outcome: z.enum(['pass', 'fail', 'inconclusive']),
  /** Why an inconclusive one is: not enough data yet, nothing measured, or a source that cannot be asked. */
  cause: z.enum(['decided', 'more_data_needed', 'no_data', 'source_error']),
  /** Natural log of the evidence for harm and its limit; fail is evidence ≥ limit. */
  lnHarm: z.number(),
  lnHarmLimit: z.number(),
  /** The same for safety. */
  lnSafe: z.number(),
  lnSafeLimit: z.number(),
  canary: armCountsSchema,
  baseline: armCountsSchema,
  /** Confidence interval for the difference canary − baseline of the failure ratio, or null while unknown. */
  difference: z.tuple([z.number(), z.number()]).nullable(),
  /** Canary requests still needed, at the present estimate; null when decided or unknowable. */
  moreRequests: z.number().nonnegative().nullable(),
  /** Ms until then at the present traffic; null when decided or unknowable. */
  moreMs: z.number().nonnegative().nullable(),
  /** One plain sentence. */
  sentence: z.string(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** What to do next, with the reason that people read. */
export const decisionSchema = z.strictObject({
  action: z.enum(['advance', 'wait', 'hold', 'abort']),
  reason: z.string(),
  /** What tripped it, for counting: `error-rate`, `crash-loop`, `oom`, `unhealthy`, `wrong-revision`, `slo:<name>`, `smoke`, `person`, … */
  trigger: z.string().nullable(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** Trigger of a hold in which nothing is seen, because the metrics source is silent. */
export const blindTrigger = 'metrics-source';
/** Trigger of holds and ways back because somebody else has changed the place. */
export const foreignTrigger = 'foreign-change';

/** Trigger of holds because deployments were stopped, or a freeze window has begun. */
export const freezeTrigger = 'freeze';

/** Name of the verdict about the synthetic requests that stand beside those of users. */
export const syntheticMetric = 'errorRate:synthetic';

export const comparisonSchema = z.discriminatedUnion('kind', [
  /** The quantile (0–1) of latency may be at most `ratio` times the baseline's. */
  z.strictObject({
    kind: z.literal('latency'),
    metric: z.string(),
    share: z.number().positive().max(1),
    quantile: z.number().gt(0).lt(1),
    ratio: z.number().gt(1),
  }),
  /** Successful completions per routed request must be at least `least` (0–1) times the baseline's. */
  z.strictObject({
    kind: z.literal('throughput'),
    metric: z.string(),
    share: z.number().positive().max(1),
    least: z.number().gt(0).lt(1),
  }),
  /** The same for a counted event per opportunity, such as orders per visit. */
  z.strictObject({
    kind: z.literal('events'),
    metric: z.string(),
    share: z.number().positive().max(1),
    least: z.number().gt(0).lt(1),
    /** Longest usual time between an opportunity and its event. */
    lagMs: z.number().nonnegative(),
  }),
]);
export type Comparison = z.infer<typeof comparisonSchema>;

/** Numbers that the judge uses; part of the plan and of its hash. Ratios 0–1. */
export const judgeSettingsSchema = z.strictObject({
  /** The candidate may fail this much more often than the baseline (0.02 = two percentage points). */
  errorMargin: z.number().positive().max(0.5),
  /** Chance of rolling back a candidate that is within the margin, over the whole run. */
  alphaRollback: z.number().positive().max(0.5),
  /** Chance of calling a candidate safe that is not, over the whole run; shared among the bakes. */
  alphaPromote: z.number().positive().max(0.5),
  /** Metrics that must pass before the weight is raised. */
  mustPass: z.array(z.string()),
  /**
   * Share of `alphaRollback` of each comparison, fixed before the run; they sum to at most 1. A comparison with share v
   * decides at v·E ≥ 1/α, so the chance that any of them errs is at most α however they depend on each other.
   */
  errorRateShare: z.number().positive().max(1),
  /** Comparisons of the arms beside the error rate. */
  comparisons: z.array(comparisonSchema),
  /**
   * Variance of failure counts over what independent failures would have, at least 1, as the team knows it; null: measured.
   * Used where the source cannot tell clients apart.
   */
  overdispersion: z.number().min(1).nullable(),
  /** A metrics source that is silent this long holds the run. */
  sourceGraceMs: z.number().int().positive(),
  /**
   * What happens when `maxMs` of a bake is over and nothing was proven. `ask` holds at a gate; `promote` goes on without
   * proof where hard rules, smoke tests and objectives are green, and the record says so.
   */
  onInconclusive: z.enum(['hold', 'ask', 'abort', 'promote']),
  /**
   * Raises the weight of a bake whose evidence would not come in time, once a bake: to at most `upToPercent` and the weight
   * of the next step, at the cost of at most `blastBudget` failing requests; null: off.
   */
  raiseWeight: z
    .strictObject({ upToPercent: z.number().min(0).max(100), blastBudget: z.number().int().positive() })
    .nullable(),
  /**
   * Synthetic requests beside those of users, judged apart as `errorRate:synthetic` with `share` of `alphaRollback`; null: none.
   * With `counts` their proof is enough where that of users is lacking.
   */
  synthetic: z
    .strictObject({
      path: z.string(),
      perSecond: z.number().positive(),
      timeoutMs: z.number().int().positive(),
      share: z.number().positive().max(1),
      counts: z.boolean(),
    })
    .nullable(),
  requestTimeoutMs: z.number().int().positive(),
  slos: z.array(
    z.strictObject({
      name: z.enum(['errorRate', 'latencyP99', 'availability']),
      /** Allowed share of bad requests, 0–1. */
      badRatio: z.number().positive().max(1),
      /** For latency: a request above this is bad. */
      aboveMs: z.number().positive().nullable(),
    }),
  ),
  hardRules: z.strictObject({
    /** More restarts than this within `restartsWindowMs` abort. */
    restarts: z.number().int().nonnegative(),
    restartsWindowMs: z.number().int().positive(),
    /** A canary that exits this often within `exitsWindowMs` while the baseline has no exit aborts; null: off. */
    canaryExits: z.number().int().positive().nullable(),
    exitsWindowMs: z.number().int().positive(),
    oom: z.boolean(),
    /** Abort when more than this share of the candidate's instances is not ready. */
    unhealthyRatio: z.number().min(0).max(1),
    wrongRevision: z.boolean(),
  }),
  /** Whose requests decide: those of users, or of the built-in prober. */
  stratum: z.enum(['user', 'probe']),
});
export type JudgeSettings = z.infer<typeof judgeSettingsSchema>;

/** What a failing metric is called as the trigger of a rollback: `latencyP99` → `latency-p99`; `slo:<name>` as it is. Pure. */
export function triggerOfMetric(metric: string): string {
  return metric.startsWith('slo:') ? metric : metric.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}
