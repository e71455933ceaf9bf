import { z } from 'zod';
import type { LatencyReading } from '../model/metric-source.ts';
import { harmBets } from './latency-bets.ts';
import {
  addReading,
  commonEdgesMs,
  edgesOf,
  mapEdges,
  nameEdges,
  type OpenRequests,
  sameEdges,
} from './latency-edges.ts';
import { droppedRestart, restartShare } from './latency-restarts.ts';
import { type LatencyArms, lnLeastHarm } from './latency-scan.ts';
import { logSumExp } from './log-sum-exp.ts';
import { restartEveryMs } from './restart-mixture.ts';

/** The quantile (0–1) of the canary's latencies may be at most `ratio` (> 1) times the concurrent baseline's. */
export type LatencyTest = { quantile: number; ratio: number };

const countsSchema = z.array(z.tuple([z.number().int().nonnegative(), z.number().nonnegative()]));

/** State of the comparison of one quantile. Plain JSON, bounded: at most six histograms of each arm. */
export const latencyEvidenceSchema = z.strictObject({
  /** Upper edges in ms of the present step; `log`: those of the built-in source. */
  edges: z.union([z.literal('log'), z.array(z.number())]),
  /** Start of the present step, Unix ms; null: the next window begins one. */
  firstMs: z.number().nullable(),
  /** Steps begun so far, the present one included. */
  steps: z.number().int().nonnegative(),
  /** Restarts within the present step, its beginning included, and whole periods over in it. */
  restarts: z.number().int().nonnegative(),
  periods: z.number().int().nonnegative(),
  /** Stake that was never bet, of 1. */
  reserve: z.number().min(0).max(1),
  /** Restarts that still run, oldest first. Each counts its own requests and those of all younger ones. */
  running: z.array(
    z.strictObject({ fromMs: z.number(), lnStake: z.number(), canary: countsSchema, baseline: countsSchema }),
  ),
});
export type LatencyEvidence = z.infer<typeof latencyEvidenceSchema>;

export const emptyLatencyEvidence: LatencyEvidence = {
  edges: [],
  firstMs: null,
  steps: 0,
  restarts: 0,
  periods: 0,
  reserve: 1,
  running: [],
};

/** One window of both arms by arrival; windows come in order. */
export type LatencyWindow = {
  fromMs: number;
  toMs: number;
  /** The first window since the weight changed: latencies before and after it are not pooled. */
  weightChanged: boolean;
  canary: LatencyReading;
  baseline: LatencyReading;
};

/** ln of the evidence for harm: everything that bets and reserve are provably worth; 0 before the first window. Pure. */
export function lnLatencyHarm(state: LatencyEvidence, test: LatencyTest): number {
  return logSumExp([...lnWorths(state, test), Math.log(state.reserve)]);
}

/** A window with the places that its open requests are counted at. */
export type PlacedWindow = Omit<LatencyWindow, 'toMs'> & { canaryOpen: OpenRequests; baselineOpen: OpenRequests };

/** Takes windows in, in order; counts between two restarts are added up first. Pure. */
export function foldWindows(
  state: LatencyEvidence,
  windows: readonly PlacedWindow[],
  test: LatencyTest,
): LatencyEvidence {
  let next = state;
  let added: LatencyArms | null = null;
  for (const window of windows) {
    const edgesMs = commonEdgesMs(window.canary.edgesMs, window.baseline.edgesMs);
    const stepBegins = beginsStep(next, window, edgesMs);
    if (stepBegins || periodsUntil(next, window.fromMs) > next.periods) {
      next = withCounts(next, added);
      added = null;
      next = stepBegins
        ? beginStep(next, { edgesMs, fromMs: window.fromMs }, test)
        : restart(next, window.fromMs, test);
    }
    added ??= emptyArms(edgesMs);
    addReading(added.canary, window.canary, { edgesMs, open: window.canaryOpen });
    addReading(added.baseline, window.baseline, { edgesMs, open: window.baselineOpen });
  }
  return withCounts(next, added);
}

/** Whether a window cannot be pooled with those before it. */
export function beginsStep(
  state: LatencyEvidence,
  window: Pick<LatencyWindow, 'weightChanged'>,
  edgesMs: readonly number[],
): boolean {
  return state.firstMs === null || window.weightChanged || !sameEdges(edgesOf(state.edges), edgesMs);
}

/** Counts of both arms since the present step began. Pure. */
export function stepArms(state: LatencyEvidence): LatencyArms {
  const arms = emptyArms(edgesOf(state.edges));
  for (const counted of state.running) addCounts(arms, counted);
  return arms;
}

export function emptyArms(edgesMs: readonly number[]): LatencyArms {
  return { canary: new Float64Array(edgesMs.length + 1), baseline: new Float64Array(edgesMs.length + 1) };
}

function periodsUntil(state: LatencyEvidence, atMs: number): number {
  return state.firstMs === null ? 0 : Math.floor((atMs - state.firstMs) / restartEveryMs);
}

function beginStep(
  state: LatencyEvidence,
  begin: { edgesMs: readonly number[]; fromMs: number },
  test: LatencyTest,
): LatencyEvidence {
  const steps = state.steps + 1;
  const share = restartShare(steps, 1);
  const lnStake = logSumExp([...lnWorths(state, test), Math.log(share)]);
  return {
    edges: nameEdges(begin.edgesMs),
    firstMs: begin.fromMs,
    steps,
    restarts: 1,
    periods: 0,
    reserve: Math.max(0, state.reserve - share),
    running: [{ fromMs: begin.fromMs, lnStake, canary: [], baseline: [] }],
  };
}

function restart(state: LatencyEvidence, fromMs: number, test: LatencyTest): LatencyEvidence {
  const restarts = state.restarts + 1;
  const share = restartShare(state.steps, restarts);
  const dropped = droppedRestart(
    state.running.map((one) => one.fromMs),
    fromMs,
  );
  const running = [...state.running];
  const stakes = [Math.log(share)];
  if (dropped !== null) {
    stakes.push(lnWorths(state, test)[dropped] ?? Number.NEGATIVE_INFINITY);
    const [older, given] = [running[dropped - 1], running[dropped]];
    if (older !== undefined && given !== undefined) running.splice(dropped - 1, 2, putTogether(older, given, state));
  }
  running.push({ fromMs, lnStake: logSumExp(stakes), canary: [], baseline: [] });
  const reserve = Math.max(0, state.reserve - share);
  return { ...state, restarts, periods: periodsUntil(state, fromMs), reserve, running };
}

type Running = LatencyEvidence['running'][number];

/** Older restarts go on counting the requests of one that is given up. */
function putTogether(older: Running, given: Running, state: LatencyEvidence): Running {
  const arms = emptyArms(edgesOf(state.edges));
  addCounts(arms, older);
  addCounts(arms, given);
  return { ...older, canary: sparse(arms.canary), baseline: sparse(arms.baseline) };
}

function withCounts(state: LatencyEvidence, added: LatencyArms | null): LatencyEvidence {
  const newest = state.running.at(-1);
  if (added === null || newest === undefined) return state;
  addCounts(added, newest);
  const counted = { ...newest, canary: sparse(added.canary), baseline: sparse(added.baseline) };
  return { ...state, running: [...state.running.slice(0, -1), counted] };
}

/** ln of stake·M of each restart that runs. */
function lnWorths(state: LatencyEvidence, test: LatencyTest): number[] {
  if (state.running.length === 0) return [];
  const edgesMs = edgesOf(state.edges);
  const { above } = mapEdges(edgesMs, test.ratio);
  const bets = harmBets(test.quantile);
  const arms = emptyArms(edgesMs);
  return state.running
    .toReversed()
    .map((one) => {
      addCounts(arms, one);
      return one.lnStake + lnLeastHarm(arms, above, bets);
    })
    .toReversed();
}

function addCounts(arms: LatencyArms, counted: Running): void {
  for (const [bucket, count] of counted.canary) arms.canary[bucket] = arms.canary[bucket]! + count;
  for (const [bucket, count] of counted.baseline) arms.baseline[bucket] = arms.baseline[bucket]! + count;
}

function sparse(counts: Float64Array): [number, number][] {
  const found: [number, number][] = [];
  for (let bucket = 0; bucket < counts.length; bucket++) if (counts[bucket]! > 0) found.push([bucket, counts[bucket]!]);
  return found;
}
