import type { PeerRule, PeerVerdict } from '../analysis/peers/peer-rule.ts';
import type { Replay } from '../analysis/replay.ts';

/** Recorded traffic, judged: everything that the text and the page say. */
export type AnalysisData = {
  /** Where the data came from, for people. */
  source: string;
  replay: Replay;
  /** Settings of the judge that were asked for, ratios 0–1. */
  errorMargin: number;
  alphaRollback: number;
  alphaPromote: number;
  windowMs: number;
  /** Times of the data were pooled into windows, because there were so many. */
  pooled: boolean;
  /** 99th percentile in ms of everything judged; null where latencies are not known. */
  p99Ms: { canary: number | null; baseline: number | null };
  /** Where a comparison could not be made, why; whole sentences. */
  notes: string[];
  /** Other tools' rules on the same data; empty when none was asked for. */
  peers: Array<{ rule: PeerRule; verdict: PeerVerdict }>;
};
