import { binomialInterval } from '../../analysis/binomial-interval.ts';
import { describedAlpha } from '../../analysis/verdict-words.ts';
import type { AnalysisData } from '../../report/analysis-data.ts';
import { totalsOf } from '../../report/analysis-text.ts';

export type ArmAnswer = {
  requests: number;
  failures: number;
  /** 0–1; null without requests. */
  errorRatio: number | null;
  /** 95 %, holds at all times. */
  errorRatioInterval: [number, number];
  latencyP99Ms: number | null;
};

export type AnalysisAnswer = {
  verdict: 'pass' | 'fail' | 'inconclusive';
  /** On the clock of the data; null when nothing was decided. */
  atMs: number | null;
  reason: string;
  /** Odds of the side that decided, or that is nearer to its limit; at most 1e12. */
  evidence: number;
  canary: ArmAnswer;
  baseline: ArmAnswer;
  /** Canary requests, about; null when it was decided or cannot be told. */
  moreRequestsNeeded: number | null;
  /** Only where the rules of others were asked for. */
  rules?: Array<{
    id: string;
    title: string;
    settings: string;
    verdict: 'pass' | 'fail' | 'inconclusive';
    atMs: number | null;
    reason: string;
  }>;
};

const highestOdds = 1e12;

/** The analysis for programs. Pure. */
export function analysisAnswer(data: AnalysisData): AnalysisAnswer {
  const { replay, peers } = data;
  const rules = peers.map(({ rule: { id, title, settings }, verdict }) => ({ id, title, settings, ...verdict }));
  return {
    verdict: replay.outcome,
    atMs: replay.atMs,
    reason: replay.verdict.sentence,
    evidence: oddsOf(data),
    canary: armOf(data, 'canary'),
    baseline: armOf(data, 'baseline'),
    moreRequestsNeeded: replay.outcome === 'inconclusive' ? replay.verdict.moreRequests : null,
    ...(rules.length === 0 ? {} : { rules }),
  };
}

function oddsOf({ replay: { outcome, verdict } }: AnalysisData): number {
  const { lnHarm, lnHarmLimit, lnSafe, lnSafeLimit } = verdict;
  const towardsHarm = outcome === 'fail' || (outcome === 'inconclusive' && lnHarm - lnHarmLimit > lnSafe - lnSafeLimit);
  const odds = Math.min(highestOdds, Math.exp(towardsHarm ? lnHarm : lnSafe));
  return Number(odds.toPrecision(6));
}

function armOf({ replay, p99Ms }: AnalysisData, arm: 'canary' | 'baseline'): ArmAnswer {
  const { requests, failures } = totalsOf(replay, arm);
  const [low, high] = binomialInterval({ requests, failures }, describedAlpha);
  return {
    requests,
    failures,
    errorRatio: requests === 0 ? null : failures / requests,
    errorRatioInterval: [Number(low.toPrecision(4)), Number(high.toPrecision(4))],
    latencyP99Ms: p99Ms[arm],
  };
}
