import type { ArmPoint, PeerRule, PeerVerdict } from '../../analysis/peers/peer-rule.ts';
import { replayWindows } from '../../analysis/replay.ts';
import { judgeSettings } from '../../config/judge-settings.ts';
import { environmentSchema } from '../../model/config/environment.ts';
import { DeployError } from '../../model/deploy-error.ts';
import type { JudgeSettings } from '../../model/verdict.ts';
import type { AnalysisData } from '../../report/analysis-data.ts';
import { formatCount } from '../../report/format.ts';
import type { Observations } from './observations.ts';
import { type ObservedWindows, observedQuantile, observedWindows } from './observed-windows.ts';

export type AnalysisRequest = {
  source: string;
  /** Ratios 0–1. */
  errorMargin: number;
  alphaRollback: number;
  rules: readonly PeerRule[];
};

/** Recorded traffic through the judge of a rollout with default settings, and through the rules of others. Pure. */
export function judgeObservations(observations: Observations, request: AnalysisRequest): AnalysisData {
  const { source, errorMargin, alphaRollback, rules } = request;
  const observed = observedWindows(observations);
  const settings = settingsFor(observations, request);
  const replay = replayWindows(observed.windows, settings, {
    bakes: 1,
    prior: observed.prior,
    dispersion: observed.dispersion,
    hasConcurrentBaseline: observed.hasConcurrentBaseline,
    hasUnaccompaniedBake: observed.hasUnaccompaniedCanary,
    weightPercent: observed.weightPercent,
  });
  if (replay === null) throw new DeployError('INTERNAL', { reason: `${source} has rows but no window` });
  const p99 = { untilMs: replay.endMs, quantile: 0.99 };
  return {
    source,
    replay,
    errorMargin,
    alphaRollback,
    alphaPromote: settings.alphaPromote,
    windowMs: observed.windowMs,
    pooled: observed.pooled,
    p99Ms: {
      canary: observedQuantile(observations, 'canary', p99),
      baseline: observedQuantile(observations, 'baseline', p99),
    },
    notes: notesOn(observed, observations),
    peers: judgeByPeers(observations, observed, rules),
  };
}

/** The defaults of a config that says nothing about triggers and chances; only its place has to be named. */
function settingsFor(observations: Observations, { errorMargin, alphaRollback }: AnalysisRequest): JudgeSettings {
  const place = { url: 'http://127.0.0.1', target: { kind: 'process', command: ['service'], directory: '{version}' } };
  const defaults = judgeSettings(environmentSchema.parse(place));
  const latency = defaults.comparisons.filter(({ kind }) => kind === 'latency');
  const compared = observations.latency === null ? [] : latency;
  const part = (1 - defaults.errorRateShare) / Math.max(1, compared.length);
  return {
    ...defaults,
    errorMargin,
    alphaRollback,
    errorRateShare: compared.length === 0 ? 1 : defaults.errorRateShare,
    comparisons: compared.map((one) => ({ ...one, share: part })),
  };
}

function notesOn(observed: ObservedWindows, { latency }: Observations): string[] {
  const { prior } = observed;
  return [
    ...(prior.requests === 0
      ? []
      : [`${formatCount(prior.requests)} baseline requests from before the canary's first row count as its history.`]),
    ...(observed.hasConcurrentBaseline
      ? []
      : ['The baseline has no rows beside the canary: it is compared with what was seen before, which proves less.']),
    ...(observed.hasConcurrentBaseline && observed.hasUnaccompaniedCanary
      ? ['For a part of the data the canary has no baseline beside it.']
      : []),
    ...(latency === 'buckets'
      ? ['Latencies come in buckets: only a slowdown of more than the width of a bucket can be proven.']
      : []),
  ];
}

/** Every rule looks at multiples of this, so that nothing is lost when windows are pooled up to it. */
const peerWindowMs = 30_000;

function judgeByPeers(
  observations: Observations,
  { windowMs }: ObservedWindows,
  rules: readonly PeerRule[],
): Array<{ rule: PeerRule; verdict: PeerVerdict }> {
  if (rules.length === 0) return [];
  const pooledMs = windowMs * Math.max(1, Math.floor(peerWindowMs / windowMs));
  const points: ArmPoint[] = [];
  for (const window of observedWindows(observations, pooledMs).windows) {
    for (const arm of ['baseline', 'canary'] as const) {
      const { requests, failures } = window[arm];
      points.push({ tMs: window.fromMs, arm, requests, failures, latency: window.latency?.[arm] ?? null });
    }
  }
  const untilMs = lastTimeOf(observations) + windowMs;
  return rules.map((rule) => ({ rule, verdict: rule.judge(points, untilMs) }));
}

function lastTimeOf({ baseline, canary }: Observations): number {
  return Math.max(...[baseline, canary].map(({ tMs }) => tMs.at(tMs.length - 1)));
}
