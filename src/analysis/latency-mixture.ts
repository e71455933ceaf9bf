/** Tails (0–1) of both arms that are bet on together, and the share of the stake. */
export type TailBet = { baseline: number; canary: number; weight: number };

/** Mixture of likelihood ratios for pairs of tails against "in each arm the share `nullTail` is slower than x". */
export type LatencyMixture = {
  /** Four numbers a bet: ln of the factor for a slow request over that for another, ln of that for another; per arm. */
  lnFactors: Float64Array;
  lnWeight: Float64Array;
};

/** Requests of both arms, and how many of them were slower than x (baseline) and ratio·x (canary). */
export type SlowCounts = { slowBaseline: number; baseline: number; slowCanary: number; canary: number };

/**
 * Mixture of products of Bernoulli likelihood ratios against the tail `nullTail` (0–1). Weights should sum to 1. A bet on
 * `nullTail` itself leaves that arm out. Pure.
 *
 * A likelihood ratio for a tail above the null's is an e-process for "the tail is at most `nullTail`", one for a tail below it
 * for "at least"; so are products over independent arms and mixtures, as long as all bets on an arm are on one side.
 * Reference: Robbins (1970); for quantiles: Howard & Ramdas, "Sequential estimation of quantiles" (2022).
 *
 * Example: null 0.01, one bet {baseline: 0.01, canary: 0.02}: each slow canary request about doubles the evidence.
 */
export function createLatencyMixture(nullTail: number, bets: readonly TailBet[]): LatencyMixture {
  const stay = (tail: number): number => Math.log1p(-tail) - Math.log1p(-nullTail);
  const factors = (tail: number): number[] => [Math.log(tail / nullTail) - stay(tail), stay(tail)];
  return {
    lnFactors: Float64Array.from(bets.flatMap(({ baseline, canary }) => [...factors(baseline), ...factors(canary)])),
    lnWeight: Float64Array.from(bets, ({ weight }) => Math.log(weight)),
  };
}

/**
 * ln of the evidence of the mixture. Pure; 0 without requests.
 *
 * Example: null 0.01, the eight canary tails of `lnG1` in oracle-vectors.json, 6 of 100 → 4.3075.
 */
export function lnLatencyMixture(mixture: LatencyMixture, counts: SlowCounts): number {
  const { lnFactors, lnWeight } = mixture;
  let largest = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let bet = 0; bet < lnWeight.length; bet++) {
    const term =
      lnWeight[bet]! +
      counts.slowBaseline * lnFactors[4 * bet]! +
      counts.baseline * lnFactors[4 * bet + 1]! +
      counts.slowCanary * lnFactors[4 * bet + 2]! +
      counts.canary * lnFactors[4 * bet + 3]!;
    if (term > largest) {
      sum = sum * Math.exp(largest - term) + 1;
      largest = term;
    } else if (term > largest - 40) sum += Math.exp(term - largest);
  }
  return largest + Math.log(sum);
}
