import { createLatencyMixture, type LatencyMixture, type TailBet } from './latency-mixture.ts';

/** What is bet on for one claim: pairs of tails, one per arm. */
export type LatencyBets = {
  mixture: LatencyMixture;
  /** Of them, the bets that leave the baseline out: evidence at any x is at least theirs. */
  canaryOnly: LatencyMixture;
};

/**
 * [odds of the baseline's tail, odds of the canary's, weight]; odds as multiples of those of the tail under test, so that
 * the same pairs serve every quantile.
 *
 * The x that decides is the one where both arms together speak least against the limit, and which pair of tails they show
 * there follows from how much slower the canary is and from its share of the requests. So the pairs lie along that line,
 * from small regressions (1, 2) to large ones, which end where the baseline alone must show that x is too high (0, 1).
 * A product of two mixtures would spend most of its stake beside the line. Places and weights are from a search over
 * lognormal and Pareto latencies, 5 to 50 % canary; they cost time when they are wrong, never validity.
 */
type PairBet = readonly [number, number, number];

const harmPairs: readonly PairBet[] = [
  [1, 2.15, 0.035],
  [1, 6, 0.03],
  [0.97, 1.5, 0.03],
  [0.93, 2.3, 0.07],
  [0.85, 3.75, 0.09],
  [0.8, 1.95, 0.07],
  [0.75, 1.2, 0.03],
  [0.6, 1.8, 0.075],
  [0.5, 4.5, 0.08],
  [0.45, 1.25, 0.055],
  [0.2, 1.1, 0.09],
  [0.1, 1.7, 0.055],
  [0.03, 1.1, 0.03],
  [0.00025, 1, 0.26],
];
const safetyPairs: readonly PairBet[] = [
  [1, 0.5, 0.1],
  [1, 0.2, 0.26],
  [1.05, 0.3, 0.02],
  [1.15, 0.6, 0.25],
  [1.4, 0.6, 0.085],
  [1.5, 0.75, 0.165],
  [3, 0.9, 0.05],
  [6, 0.3, 0.01],
  [30, 0.99, 0.06],
];

/** Bets for "the canary's quantile is more than ratio times the baseline's": its tail is larger, the baseline's smaller. Pure. */
export function harmBets(quantile: number): LatencyBets {
  return remembered(harmBetsAt, quantile, harmPairs);
}

/** Bets for "it is not": the canary's tail is smaller, the baseline's larger. Pure. */
export function safetyBets(quantile: number): LatencyBets {
  return remembered(safetyBetsAt, quantile, safetyPairs);
}

/** A run asks for one or two quantiles, and that many thousand times. */
const harmBetsAt = new Map<number, LatencyBets>();
const safetyBetsAt = new Map<number, LatencyBets>();

function remembered(at: Map<number, LatencyBets>, quantile: number, pairs: readonly PairBet[]): LatencyBets {
  const known = at.get(quantile) ?? betsOn(pairs, 1 - quantile);
  at.set(quantile, known);
  return known;
}

/** Bets on pairs of odds, for a tail (0–1) under test. Pure. */
export function betsOn(pairs: readonly PairBet[], nullTail: number): LatencyBets {
  const tailOf = (multiple: number): number => {
    const odds = (multiple * nullTail) / (1 - nullTail);
    return multiple === 1 ? nullTail : odds / (1 + odds);
  };
  const mixtureOf = (some: readonly PairBet[]): LatencyMixture =>
    createLatencyMixture(
      nullTail,
      some.map(
        ([baseline, canary, weight]): TailBet => ({ baseline: tailOf(baseline), canary: tailOf(canary), weight }),
      ),
    );
  return { mixture: mixtureOf(pairs), canaryOnly: mixtureOf(pairs.filter(([baseline]) => baseline === 1)) };
}
