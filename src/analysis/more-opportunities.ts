import type { CountsWindow } from './counts-evidence.ts';
import { countsInformation } from './counts-information.ts';
import type { EvidenceGap } from './more-data.ts';

/** Mean number of events over the bound, restarts included. */
const overhead = 1.5;
/** A few events say little; they weigh against so many expected ones at the baseline's rate. */
const shrinkEvents = 2;
/** Above this the number would be read as a promise that nobody can keep. */
const opportunitiesAtMost = 10_000_000;

/**
 * Canary opportunities (requests, visits) that the comparison of counts will still need, about, if the rates are as they
 * look now; null when there is nothing to reckon with or the ratio sits on the limit itself. Pure.
 *
 * (ln limit − ln evidence) / (information per event · events per canary opportunity), towards harm when the ratio looks smaller
 * than `least`, towards safety otherwise; `overdispersion` times as many. Reference: Wald (1945).
 * Limits: a forecast by point estimates: expect a factor of two either way.
 *
 * Example: 950 events of 950 and 50 of 50, least 0.7, ln 20 to earn → 83.
 */
export function moreOpportunities(
  gap: EvidenceGap,
  seen: CountsWindow,
  test: { least: number; overdispersion?: number },
): number | null {
  const { canary, baseline } = seen;
  if (!(canary.opportunities > 0) || !(baseline.opportunities > 0) || !(baseline.events > 0)) return null;
  const baselineRate = baseline.events / baseline.opportunities;
  const expected = baselineRate * canary.opportunities;
  const ratio = (canary.events + shrinkEvents) / (expected + shrinkEvents);
  const canaryShare = canary.opportunities / (canary.opportunities + baseline.opportunities);
  const missing = ratio < test.least ? gap.lnHarmLimit - gap.lnHarm : gap.lnSafeLimit - gap.lnSafe;
  const eventsEach = baselineRate * (ratio + (1 - canaryShare) / canaryShare);
  const informationEach =
    (countsInformation({ ratio, least: test.least, canaryShare }) * eventsEach) / dispersion(test);
  const opportunities = Math.ceil((overhead * Math.max(0, missing)) / informationEach);
  return opportunities <= opportunitiesAtMost ? opportunities : null;
}

function dispersion({ overdispersion }: { overdispersion?: number }): number {
  return Math.max(1, overdispersion ?? 1);
}
