/**
 * How the chance of a wrong rollback that the error rate has is shared between the comparison with a concurrent baseline and
 * the one with what the baseline was when there was one. Fixed before the run; the row sums to 1. A test with share v
 * decides at v·E ≥ 1/α, so by the union bound the chance that any of them errs is at most α.
 */
export type EvidenceShares = {
  concurrent: number;
  reference: number;
  /** Chance that the baseline's true ratio lies outside the interval that the reference test uses. */
  referenceInterval: number;
};

/** Bakes of a plan: some with users on both arms, some with all users on the canary. Pure. */
export type BakeKinds = { hasConcurrentBaseline: boolean; hasUnaccompaniedBake: boolean };

export function harmShares({ hasConcurrentBaseline, hasUnaccompaniedBake }: BakeKinds): EvidenceShares {
  if (!hasConcurrentBaseline) return { concurrent: 0, reference: 0.5, referenceInterval: 0.5 };
  if (!hasUnaccompaniedBake) return { concurrent: 1, reference: 0, referenceInterval: 0 };
  return { concurrent: 0.9, reference: 0.05, referenceInterval: 0.05 };
}

/** Safety is proven anew at each bake, by one of the two tests; the one without a concurrent baseline pays for its interval. */
export const safeReferenceShare = 0.5;
