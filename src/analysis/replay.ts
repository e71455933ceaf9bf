import type { JudgedWindow } from '../model/judged-window.ts';
import type { ArmCounts, JudgeSettings, Verdict } from '../model/verdict.ts';
import { createJudge, type JudgePlan } from './judge.ts';
import { noCounts } from './judge-state.ts';

/** ln of the evidence of one metric after each window. */
export type EvidenceCurve = {
  metric: string;
  lnHarm: number[];
  lnHarmLimit: number;
  lnSafe: number[];
  lnSafeLimit: number;
};

/** What the judge says about data that are already there, and how it came to it. Times are on the clock of the windows. */
export type Replay = {
  outcome: 'pass' | 'fail' | 'inconclusive';
  /** End of the window with which it was decided; null when nothing was. */
  atMs: number | null;
  /** When everything that must pass had passed, also where harm was proven later; null: never. */
  safeAtMs: number | null;
  /** The one that decided; of the error rate while nothing is decided. */
  verdict: Verdict;
  /** Of all metrics, with the last window that was judged. */
  verdicts: Verdict[];
  startMs: number;
  /** End of the last window that was judged: after harm is proven nothing is. */
  endMs: number;
  /** Ends of the windows. */
  timesMs: number[];
  /** Totals up to the end of each window. */
  canary: ArmCounts[];
  baseline: ArmCounts[];
  curves: EvidenceCurve[];
};

/**
 * Judges settled windows, ascending in time, as the requests of one step of a rollout. Harm counts whenever it is proven;
 * safety when it is proven first, since a rollout would have gone on then. Null without any window. Pure.
 */
export function replayWindows(
  windows: Iterable<JudgedWindow>,
  settings: JudgeSettings,
  plan: JudgePlan & { weightPercent: number },
): Replay | null {
  const judge = createJudge(settings, plan);
  const tape = emptyTape();
  let safe: { atMs: number; verdict: Verdict } | null = null;
  let last: { window: JudgedWindow; verdicts: Verdict[] } | null = null;
  for (const window of windows) {
    if (last === null) judge.beginBake('replay', window.fromMs, plan.weightPercent);
    judge.observe(window);
    const verdicts = judge.assess(window.toMs).filter(({ metric }) => metric !== 'split');
    record(tape, window, verdicts);
    last = { window, verdicts };
    const harm = verdicts.find(({ outcome }) => outcome === 'fail');
    if (harm !== undefined)
      return { ...tape, outcome: 'fail', atMs: window.toMs, safeAtMs: safe?.atMs ?? null, verdict: harm, verdicts };
    safe ??= provenSafe(verdicts, settings, window.toMs);
  }
  const [errorRate] = last?.verdicts ?? [];
  if (last === null || errorRate === undefined) return null;
  const { verdicts } = last;
  return safe === null
    ? { ...tape, outcome: 'inconclusive', atMs: null, safeAtMs: null, verdict: errorRate, verdicts }
    : { ...tape, outcome: 'pass', atMs: safe.atMs, safeAtMs: safe.atMs, verdict: safe.verdict, verdicts };
}

type Tape = Pick<Replay, 'startMs' | 'endMs' | 'timesMs' | 'canary' | 'baseline' | 'curves'>;

function emptyTape(): Tape {
  return { startMs: 0, endMs: 0, timesMs: [], canary: [], baseline: [], curves: [] };
}

function record(tape: Tape, window: JudgedWindow, verdicts: readonly Verdict[]): void {
  if (tape.timesMs.length === 0) {
    tape.startMs = window.fromMs;
    tape.curves = verdicts.map(({ metric, lnHarmLimit, lnSafeLimit }) => {
      return { metric, lnHarm: [], lnHarmLimit, lnSafe: [], lnSafeLimit };
    });
  }
  tape.endMs = window.toMs;
  tape.timesMs.push(window.toMs);
  for (const arm of ['canary', 'baseline'] as const) {
    const before = tape[arm].at(-1) ?? noCounts;
    const { requests, failures } = window[arm];
    tape[arm].push({ requests: before.requests + requests, failures: before.failures + failures });
  }
  tape.curves.forEach((curve, index) => {
    curve.lnHarm.push(verdicts[index]?.lnHarm ?? 0);
    curve.lnSafe.push(verdicts[index]?.lnSafe ?? 0);
  });
}

function provenSafe(
  verdicts: readonly Verdict[],
  settings: JudgeSettings,
  atMs: number,
): { atMs: number; verdict: Verdict } | null {
  const needed = verdicts.filter(({ metric }) => settings.mustPass.includes(metric));
  const [first] = needed;
  return first !== undefined && needed.every(({ outcome }) => outcome === 'pass') ? { atMs, verdict: first } : null;
}
