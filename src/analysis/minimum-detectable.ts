import { divergence, informationPerRequest } from './information-bound.ts';

/** What is being tested, with how much. Ratios 0–1. */
export type DetectionSetting = {
  baselineRatio: number;
  delta: number;
  /** Canary's share of the requests; 0: the baseline's ratio counts as known. */
  canaryShare: number;
  /** Evidence that has to be earned, in nats: ln(1/α). */
  lnLimit: number;
};

/**
 * Smallest failure ratio (0–1) of the canary that so many canary requests can be expected to prove harmful; null when not even
 * a canary that fails always could be. Pure.
 *
 * Root of n·D(p₁) = ln(1/α), D = information per canary request, KL(p₁‖p₀+δ) for a known baseline; D grows from 0 at p₀ + δ.
 * Reference: Wald (1945). Limits: requests of an ideal test that knows both ratios; multiply `lnLimit` by what the test
 * really needs over that.
 *
 * Example: p₀ 0.1 %, margin 2 points, α 1 %, 300 canary requests (60 s of 5 % of 100/s) → 5.1 %.
 */
export function minimumDetectableRatio(canaryRequests: number, setting: DetectionSetting): number | null {
  const limit = setting.baselineRatio + setting.delta;
  const proves = (ratio: number): boolean =>
    canaryRequests * informationPerCanaryRequest(ratio, setting) >= setting.lnLimit;
  if (limit >= 1 || !proves(1)) return null;
  let [low, high] = [limit, 1];
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (proves(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Nats per request of the canary when it fails with ratio `canaryRatio` (above the limit). Pure. */
export function informationPerCanaryRequest(canaryRatio: number, setting: DetectionSetting): number {
  const { baselineRatio, delta, canaryShare } = setting;
  if (canaryShare <= 0) return divergence(canaryRatio, baselineRatio + delta);
  return informationPerRequest({ p0: baselineRatio, p1: canaryRatio, delta, canaryShare }) / canaryShare;
}
