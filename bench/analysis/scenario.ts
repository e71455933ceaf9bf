/** From `fromMs` on the canary has `percent` (0–100) of the users. The first entry is at 0. */
export type WeightChange = { fromMs: number; percent: number };

/** What happens to the requests of one kind of run. Ratios 0–1, times ms from the start of the run. */
export type Scenario = {
  windowMs: number;
  limitMs: number;
  /** Mean arrivals at both arms together. */
  requestsPerSecond: number;
  weights: readonly WeightChange[];
  baselineRatio: number;
  /** What the baseline failed before the run. */
  historyRatio: number;
  /** From `onsetMs` on the canary fails this much more often than the baseline at the same moment. */
  canaryExcess: number;
  /** From `onsetMs` on the canary succeeds this many times as often as the baseline. */
  canarySuccess: number;
  onsetMs: number;
  /** The ratio of both arms swings between 1/factor and factor times `baselineRatio`. */
  drift: { factor: number; periodMs: number } | null;
  /** A dependency of both arms is out for `lengthMs` of every `everyMs`, and `ratio` of all requests fail meanwhile. */
  shock: { everyMs: number; lengthMs: number; ratio: number } | null;
  /** Failures come as clusters: one client, in one arm, that fails `size` times within a second. */
  burst: {
    size: number;
    /** Whether the source tells clients apart. */
    clientsKnown: boolean;
    /** The canary's excess comes as failures of a client each, beside the clusters that both arms have. */
    excessAlone: boolean;
  } | null;
  /**
   * Requests last long: successes about `successMs`, failures about `failureMs` (lognormal, σ 0.2), and their windows are
   * handed in again and again until all have ended. Null: a window is complete when it is over.
   */
  slow: { successMs: number; failureMs: number } | null;
  /** One client, in the arm that a draw by weight gives it for the run, that sends so much and always fails. */
  stuckClient: { perSecond: number } | null;
  latency: LatencyScenario | null;
  /** A counted event per request: the baseline's ratio, and how many times that the canary has. */
  events: { ratio: number; canaryFactor: number } | null;
};

/** Time until the end of a request, lognormal. */
export type LatencyScenario = {
  medianMs: number;
  sigma: number;
  /** The canary's latencies are this many times the baseline's from `onsetMs` on. */
  canaryFactor: number;
  /** Both arms are this many times as slow at every odd change of weight as at the even ones. */
  shiftAtWeightChange: number;
  /** Latencies of both arms swing between 1/factor and factor times what they are. */
  drift: { factor: number; periodMs: number } | null;
  /** This share of the requests of both arms takes `factor` times as long. */
  tail: { share: number; factor: number } | null;
  /**
   * The canary is `factor` times as slow for its first `lengthMs`. The proxy leaves the first 50 requests or 15 s of an
   * instance, whichever is over first, out of its readings; so does the trace.
   */
  coldStart: { factor: number; lengthMs: number } | null;
};

export const lognormalLatency: LatencyScenario = {
  medianMs: 50,
  sigma: 0.6,
  canaryFactor: 1,
  shiftAtWeightChange: 1,
  drift: null,
  tail: null,
  coldStart: null,
};

export const quietScenario: Scenario = {
  windowMs: 1000,
  limitMs: 600_000,
  requestsPerSecond: 100,
  weights: [{ fromMs: 0, percent: 5 }],
  baselineRatio: 0.001,
  historyRatio: 0.001,
  canaryExcess: 0,
  canarySuccess: 1,
  onsetMs: 0,
  drift: null,
  shock: null,
  burst: null,
  slow: null,
  stuckClient: null,
  latency: null,
  events: null,
};

/** Weight plan 5 → 25 → 50 → 99 with equal shares of the time. */
export function steppedWeights(limitMs: number): WeightChange[] {
  return [5, 25, 50, 99].map((percent, index) => ({ fromMs: (index * limitMs) / 4, percent }));
}

export type Moment = { weightPercent: number; weightIndex: number; baselineRatio: number; canaryRatio: number };

/** What holds at one moment of the run. */
export function momentOf(scenario: Scenario, atMs: number): Moment {
  const weightIndex = scenario.weights.findLastIndex((change) => change.fromMs <= atMs);
  const baselineRatio = sharedRatio(scenario, atMs);
  const sound = atMs < scenario.onsetMs;
  const withExcess = Math.min(1, baselineRatio + scenario.canaryExcess);
  return {
    weightIndex,
    weightPercent: scenario.weights[weightIndex]?.percent ?? 0,
    baselineRatio,
    canaryRatio: sound ? baselineRatio : 1 - scenario.canarySuccess * (1 - withExcess),
  };
}

/** How many times as long as the scenario's median a request of an arm lasts, cold starts aside. */
export function latencyFactorOf(
  { onsetMs }: Scenario,
  latency: LatencyScenario,
  about: { arm: 'canary' | 'baseline'; weightIndex: number; atMs: number },
): number {
  const { arm, weightIndex, atMs } = about;
  const { drift } = latency;
  const shift = weightIndex % 2 === 1 ? latency.shiftAtWeightChange : 1;
  const own = arm === 'canary' && atMs >= onsetMs ? latency.canaryFactor : 1;
  // In steps, so that there are few distributions.
  const swing =
    drift === null ? 1 : drift.factor ** (Math.round(10 * Math.sin((2 * Math.PI * atMs) / drift.periodMs)) / 10);
  return shift * own * swing;
}

function sharedRatio({ baselineRatio, drift, shock }: Scenario, atMs: number): number {
  if (shock !== null && atMs % shock.everyMs >= shock.everyMs - shock.lengthMs) return shock.ratio;
  if (drift === null) return baselineRatio;
  return Math.min(0.5, baselineRatio * drift.factor ** Math.sin((2 * Math.PI * atMs) / drift.periodMs));
}
