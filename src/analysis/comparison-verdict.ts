import { DeployError } from '../model/deploy-error.ts';
import type { Comparison, JudgeSettings, Verdict } from '../model/verdict.ts';
import { durationOf, isStale } from './error-rate-verdict.ts';
import { lnHarmLimitOf, lnSafeLimitOf } from './judge-limits.ts';
import { type CountsState, comparisonOf, type JudgeSnapshot, type LatencyState } from './judge-state.ts';
import { certainDispersion, knownDispersion } from './known-dispersion.ts';
import { moreOpportunities } from './more-opportunities.ts';
import { countsEvidence, latencyEvidenceNow } from './peek-evidence.ts';
import { renderEvidence, renderLatency, renderMoreData, renderPercent } from './verdict-words.ts';

type Gap = Pick<Verdict, 'lnHarm' | 'lnHarmLimit' | 'lnSafe' | 'lnSafeLimit'>;
/** What a kind of comparison has to say of itself. */
type Finding = Pick<Verdict, 'canary' | 'baseline' | 'moreRequests'> & {
  /** Nothing of one arm was seen in this bake. */
  missing: boolean;
  facts: string;
  /** Why no amount of data will decide it; null when it can be decided. */
  limitation: string | null;
};

/** The verdict on one comparison beside the error rate, against its own share of α. Pure. */
export function assessComparison(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  { comparison, nowMs }: { comparison: Comparison; nowMs: number },
): Verdict {
  const known = comparisonOf(state, comparison.metric);
  const limits = {
    lnHarmLimit: lnHarmLimitOf(settings, comparison.share),
    lnSafeLimit: lnSafeLimitOf(state, settings),
  };
  if (known.kind === 'latency' && comparison.kind === 'latency')
    return conclude(state, settings, { ...latencyFinding(state, { known, comparison, limits }), comparison, nowMs });
  if (known.kind === 'counts' && comparison.kind !== 'latency')
    return conclude(state, settings, {
      ...countsFinding(state, settings, { known, comparison, limits }),
      comparison,
      nowMs,
    });
  throw new DeployError('INTERNAL', { reason: `"${comparison.metric}" is another comparison than it was` });
}

function conclude(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { gap: Gap; finding: Finding; comparison: Comparison; nowMs: number },
): Verdict {
  const { gap, finding, comparison, nowMs } = about;
  const stale = isStale(state, settings, nowMs);
  const failed = gap.lnHarm >= gap.lnHarmLimit;
  const known = !finding.missing && !stale;
  const passed = known && state.bake !== null && gap.lnSafe >= gap.lnSafeLimit;
  const decided = failed || passed;
  const moreRequests = decided || !known || finding.limitation !== null ? null : finding.moreRequests;
  const moreMs = durationOf(state, moreRequests);
  const evidence = `${finding.facts}, evidence ${renderEvidence(gap.lnHarm)}`;
  const undecided = known
    ? `${evidence} → ${finding.limitation ?? `no verdict yet: ${renderMoreData(moreRequests, moreMs)}`}`
    : `${finding.facts} → nothing measured of both arms at this step, no verdict`;
  const safe = `${finding.facts} → safe (${renderEvidence(gap.lnSafe)}, ${renderEvidence(gap.lnSafeLimit)} needed)`;
  return {
    metric: comparison.metric,
    outcome: failed ? 'fail' : passed ? 'pass' : 'inconclusive',
    cause: decided ? 'decided' : known ? 'more_data_needed' : 'no_data',
    ...gap,
    canary: finding.canary,
    baseline: finding.baseline,
    difference: null,
    moreRequests,
    moreMs,
    sentence: failed ? `${evidence} → roll back` : passed ? safe : undecided,
  };
}

type Limits = Pick<Gap, 'lnHarmLimit' | 'lnSafeLimit'>;

function countsFinding(
  state: JudgeSnapshot,
  settings: JudgeSettings,
  about: { known: CountsState; comparison: Exclude<Comparison, { kind: 'latency' }>; limits: Limits },
): { gap: Gap; finding: Finding } {
  const { known, comparison, limits } = about;
  const { canary, baseline } = known;
  const { least } = comparison;
  const gap = { ...countsEvidence(state, known, comparison), ...limits };
  const overdispersion =
    comparison.kind === 'events' ? certainDispersion(known.dispersion) : knownDispersion(state, settings);
  const what =
    comparison.kind === 'throughput' ? 'successful answers per request' : `${comparison.metric} per opportunity`;
  return {
    gap,
    finding: {
      canary: eventCounts(canary),
      baseline: eventCounts(baseline),
      missing: !(canary.opportunities > 0 && baseline.opportunities > 0),
      facts: `${what}: canary ${renderRate(canary)}, baseline ${renderRate(baseline)}, at least ${renderPercent(least)} % of it`,
      limitation: null,
      moreRequests: moreOpportunities(gap, { canary, baseline }, { least, overdispersion }),
    },
  };
}

function latencyFinding(
  state: JudgeSnapshot,
  about: { known: LatencyState; comparison: Extract<Comparison, { kind: 'latency' }>; limits: Limits },
): { gap: Gap; finding: Finding } {
  const { known, comparison, limits } = about;
  const now = latencyEvidenceNow(state, known, comparison);
  const gap = { lnHarm: now.lnHarm, lnSafe: now.lnSafe, ...limits };
  const name = `p${Number((comparison.quantile * 100).toPrecision(6))}`;
  const allowed = `at most +${renderPercent(comparison.ratio - 1)} %`;
  return {
    gap,
    finding: {
      canary: { requests: now.canaryRequests, failures: 0 },
      baseline: { requests: now.baselineRequests, failures: 0 },
      missing: now.canaryRequests === 0 || now.baselineRequests === 0,
      facts: `${name}: canary ${renderLatency(now.canaryMs)}, baseline ${renderLatency(now.baselineMs)}, ${allowed}`,
      limitation: now.tooCoarse,
      moreRequests: moreAtThisPace(gap, now.canaryRequests),
    },
  };
}

/** Canary requests that the stronger of both directions still needs if it goes on as it did; null while neither has grown. */
function moreAtThisPace(gap: Gap, requests: number): number | null {
  const [evidence, limit] =
    gap.lnHarm / gap.lnHarmLimit > gap.lnSafe / gap.lnSafeLimit
      ? [gap.lnHarm, gap.lnHarmLimit]
      : [gap.lnSafe, gap.lnSafeLimit];
  if (!(evidence > 0.1) || requests === 0) return null;
  return Math.max(1, Math.ceil(((limit - evidence) * requests) / evidence));
}

function eventCounts({ events, opportunities }: CountsState['canary']): Verdict['canary'] {
  const requests = Math.round(opportunities);
  return { requests, failures: Math.max(0, requests - Math.round(events)) };
}

function renderRate({ events, opportunities }: CountsState['canary']): string {
  return opportunities > 0 ? `${renderPercent(events / opportunities)} %` : 'nothing';
}
