export type ShiftEstimate = {
  /** Hodges–Lehmann estimate of how much larger the first sample is: the median of all differences. */
  estimate: number;
  low: number;
  high: number;
};

/**
 * How far `sample` is shifted against `reference`, with the interval of the Mann–Whitney (Wilcoxon rank-sum) test by the
 * normal approximation, corrected for ties. Pure; memory grows with the product of the sizes.
 *
 * The interval's ends are the k-th smallest and the k-th largest difference, k the integer nearest to nm/2 − z·σ,
 * σ² = nm/12·((N+1) − Σ(t³−t)/(N(N−1))).
 * Reference: Hollander, Wolfe, Chicken, "Nonparametric Statistical Methods" (2014), 4.2 and 4.3.
 * Limits: neither sample empty; below about five points each the ends are the extreme differences.
 *
 * Example: [1.1 … 2.0 in steps of 0.1] against [0.1 … 1.0]: estimate 1, at 95 % [0.7, 1.3].
 */
export function estimateShift(
  sample: readonly number[],
  reference: readonly number[],
  confidence: number,
): ShiftEstimate {
  const differences = new Float64Array(sample.length * reference.length);
  sample.forEach((value, row) => {
    reference.forEach((other, column) => {
      differences[row * reference.length + column] = value - other;
    });
  });
  differences.sort();
  const pairs = differences.length;
  const spread = normalQuantile((1 + confidence) / 2) * deviationOfRanks(sample, reference);
  const rank = Math.max(1, Math.min(Math.floor(pairs / 2), Math.round(pairs / 2 - spread)));
  return {
    estimate: (differences[(pairs - 1) >> 1]! + differences[pairs >> 1]!) / 2,
    low: differences[rank - 1]!,
    high: differences[pairs - rank]!,
  };
}

function deviationOfRanks(sample: readonly number[], reference: readonly number[]): number {
  const total = sample.length + reference.length;
  const tied = new Map<number, number>();
  for (const value of [...sample, ...reference]) tied.set(value, (tied.get(value) ?? 0) + 1);
  let ties = 0;
  for (const size of tied.values()) ties += size ** 3 - size;
  const correction = total > 1 ? ties / (total * (total - 1)) : 0;
  return Math.sqrt(Math.max(0, ((sample.length * reference.length) / 12) * (total + 1 - correction)));
}

/** The standard normal's quantile by bisection on its distribution; absolute error below 1e-6. */
function normalQuantile(probability: number): number {
  let [low, high] = [-10, 10];
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (normalShareBelow(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. */
function normalShareBelow(z: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp((-z * z) / 2)) / 2;
  return z < 0 ? tail : 1 - tail;
}
