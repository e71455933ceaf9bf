/**
 * How the chance of a wrong verdict is shared among the tests that run side by side. Fixed before the run; each row sums to 1.
 * A test with share v decides at v·E ≥ 1/α, so by the union bound the chance that any of them errs is at most α, however
 * they depend on each other and in whatever order their data become known.
 *
 * The two ages cannot be averaged instead: what is known of a window at one second is part of the past when the same window
 * is judged at the time-out, so the two e-processes share no filtration and their mean need not be one. The larger
 * half is never above the mean and hardly below it: the older age lags by the time-out.
 */
export type EvidenceShares = {
  /** Comparison with the concurrent baseline, at each age. Most faults answer at once, so the fast age has more. */
  concurrentHarm: { fast: number; full: number };
  concurrentSafe: number;
  /** Comparison with what the baseline was when there was one, per age. */
  referenceHarm: number;
  referenceSafe: number;
  /** Chance that the baseline's true ratio lies outside the interval that the reference tests use. */
  referenceIntervalHarm: number;
  referenceIntervalSafe: number;
};

/** Harm is rejected at either age (shares add up over two ages), safety must hold at both (they do not). Pure. */
export function evidenceShares(hasConcurrentBaseline: boolean): EvidenceShares {
  if (!hasConcurrentBaseline) {
    return {
      concurrentHarm: { fast: 0, full: 0 },
      concurrentSafe: 0,
      referenceHarm: 0.25,
      referenceSafe: 0.5,
      referenceIntervalHarm: 0.5,
      referenceIntervalSafe: 0.5,
    };
  }
  return {
    concurrentHarm: { fast: 0.6, full: 0.3 },
    concurrentSafe: 0.9,
    referenceHarm: 0.025,
    referenceSafe: 0.05,
    referenceIntervalHarm: 0.05,
    referenceIntervalSafe: 0.05,
  };
}
