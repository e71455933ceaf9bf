import type { LatencyReading } from '../../model/judged-window.ts';

/** Requests of one arm that arrived in the window which begins at `tMs` (ms, of any clock that both arms share). */
export type ArmPoint = {
  tMs: number;
  arm: 'baseline' | 'canary';
  requests: number;
  failures: number;
  /** Null where latencies are not known. */
  latency: LatencyReading | null;
};

export type PeerVerdict = {
  verdict: 'fail' | 'pass' | 'inconclusive';
  /** When the rule would have acted, on the clock of the points; null when it had not decided by the end. */
  atMs: number | null;
  reason: string;
};

/**
 * Another tool's way to judge the same data: an implementation of our own from its documented behaviour, for comparison.
 * None of its code is used, and where its documents leave something open the rule says what was assumed.
 */
export type PeerRule = {
  id: string;
  title: string;
  /** The named settings, and where they are documented. */
  settings: string;
  /**
   * What the rule would have decided on these points (ascending in time) until `untilMs`, the end of what is known; it
   * looks at its own times, counted from the first point. `pass` is a rule that saw its whole analysis through.
   */
  judge(points: readonly ArmPoint[], untilMs: number): PeerVerdict;
};
