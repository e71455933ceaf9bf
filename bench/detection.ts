import { binomialInterval } from '../src/analysis/binomial-interval.ts';
import { informationBound } from '../src/analysis/information-bound.ts';
import { createJudge, type Judge } from '../src/analysis/judge.ts';
import type { ArmCounts, JudgeSettings } from '../src/model/verdict.ts';

export type BenchTable = { title: string; columns: string[]; rows: string[][]; notes: string[] };

const windowMs = 250;
const fastAgeMs = 1000;
const requestsPerSecond = 100;
const canaryShare = 0.05;
const baselineRatio = 0.001;
const errorMargin = 0.02;
const alpha = 0.01;
const requestTimeoutMs = 5000;

const settings: JudgeSettings = {
  errorMargin,
  alphaRollback: alpha,
  alphaPromote: 0.05,
  mustPass: ['errorRate'],
  sourceGraceMs: 120_000,
  onInconclusive: 'hold',
  requestTimeoutMs,
  slos: [],
  hardRules: {
    restarts: 3,
    restartsWindowMs: 300_000,
    canaryExits: 2,
    exitsWindowMs: 60_000,
    oom: true,
    unhealthyRatio: 0.5,
    wrongRevision: true,
  },
  stratum: 'user',
};

/**
 * Simulates the judge as it is used: 250 ms windows fed at one second and at the time-out, seeded, in virtual time.
 * Table: how long a fault is served before the verdict, next to the least that any test needs; then how often two identical
 * versions are told apart. `quick`: fewer runs, under a minute.
 */
export async function benchDetection({ quick }: { quick: boolean }): Promise<BenchTable> {
  const rows: string[][] = [];
  for (const errorRatio of [0.5, 0.1, 0.05]) rows.push(detectionRow(errorRatio, quick ? 200 : 1000));
  rows.push(falseRollbackRow('identical versions', baselineRatio, quick ? 250 : 2000));
  // The worst case that α speaks of.
  rows.push(falseRollbackRow('exactly on the margin', baselineRatio + errorMargin, quick ? 100 : 1000));
  return {
    title: 'Detection by the error rate (simulated)',
    columns: ['canary', 'runs', 'detected', 'mean s', 'p95 s', 'canary requests', 'failed served', 'bound s', 'ratio'],
    rows,
    notes: [
      `${requestsPerSecond} requests/s, ${canaryShare * 100} % to the canary, baseline fails ${baselineRatio * 100} %, margin ${errorMargin * 100} points, α ${alpha}`,
      'seconds include the 1 s after which a request is judged; failed served = failed canary requests that arrived until the verdict',
      'bound = fewest requests that any test of this α needs on average, as time; ratio = (mean − 1 s) / bound',
      `false rollbacks: runs of 10 min; "detected" is the share rolled back with its 95 % interval`,
    ],
  };
}

type Outcome = { detectedMs: number | null; canaryRequests: number; failedServed: number };

function detectionRow(errorRatio: number, runs: number): string[] {
  const outcomes = Array.from({ length: runs }, (_, run) =>
    simulate({ seed: 1 + run, canaryRatio: errorRatio, limitMs: 1_200_000 }),
  );
  const times = outcomes.map((outcome) => outcome.detectedMs ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const mean = average(times) / 1000;
  const situation = { p0: baselineRatio, p1: errorRatio, delta: errorMargin, canaryShare };
  const boundSeconds = informationBound(situation, alpha) / requestsPerSecond;
  const p95 = times[Math.ceil(0.95 * runs) - 1] ?? Number.NaN;
  return [
    `${errorRatio * 100} % errors`,
    String(runs),
    `${outcomes.filter((outcome) => outcome.detectedMs !== null).length}/${runs}`,
    mean.toFixed(2),
    (p95 / 1000).toFixed(2),
    average(outcomes.map((outcome) => outcome.canaryRequests)).toFixed(1),
    average(outcomes.map((outcome) => outcome.failedServed)).toFixed(1),
    boundSeconds.toFixed(2),
    ((mean - fastAgeMs / 1000) / boundSeconds).toFixed(2),
  ];
}

function falseRollbackRow(name: string, canaryRatio: number, runs: number): string[] {
  let rolledBack = 0;
  for (let run = 0; run < runs; run++) {
    if (simulate({ seed: 1_000_000 + run, canaryRatio, limitMs: 600_000 }).detectedMs !== null) rolledBack += 1;
  }
  const [low, high] = binomialInterval({ requests: runs, failures: rolledBack }, 0.05);
  const share = `${((100 * rolledBack) / runs).toFixed(2)} % [${(100 * low).toFixed(2)}, ${(100 * high).toFixed(2)}]`;
  return [name, String(runs), share, '–', '–', '–', '–', '–', '–'];
}

/** One run from the first canary request to the verdict, or to `limitMs` without one. */
function simulate({ seed, canaryRatio, limitMs }: { seed: number; canaryRatio: number; limitMs: number }): Outcome {
  const random = seededRandom(seed);
  const judge = createJudge(settings, { bakes: 4, prior: { requests: 2000, failures: 2 } });
  judge.beginBake('bake', 0);
  const windows: Array<{ canary: ArmCounts; baseline: ArmCounts }> = [];
  const arrived = { requests: 0, failures: 0 };
  for (let nowMs = windowMs; nowMs <= limitMs; nowMs += windowMs) {
    const window = drawWindow(random, canaryRatio);
    windows.push(window);
    arrived.requests += window.canary.requests;
    arrived.failures += window.canary.failures;
    feed(judge, { windows, nowMs, age: 'full', ageMs: requestTimeoutMs });
    if (!feed(judge, { windows, nowMs, age: 'fast', ageMs: fastAgeMs })) continue;
    if (judge.assess(nowMs)[0]?.outcome === 'fail')
      return { detectedMs: nowMs, canaryRequests: arrived.requests, failedServed: arrived.failures };
  }
  return { detectedMs: null, canaryRequests: arrived.requests, failedServed: arrived.failures };
}

function feed(
  judge: Judge,
  about: {
    windows: ReadonlyArray<{ canary: ArmCounts; baseline: ArmCounts }>;
    nowMs: number;
    age: 'fast' | 'full';
    ageMs: number;
  },
): boolean {
  const toMs = about.nowMs - about.ageMs;
  const window = about.windows[toMs / windowMs - 1];
  if (window === undefined) return false;
  judge.addBatch({ fromMs: toMs - windowMs, toMs, age: about.age, ...window });
  return true;
}

function drawWindow(random: () => number, canaryRatio: number): { canary: ArmCounts; baseline: ArmCounts } {
  const canary = { requests: 0, failures: 0 };
  const baseline = { requests: 0, failures: 0 };
  for (let request = 0; request < (requestsPerSecond * windowMs) / 1000; request++) {
    const isCanary = random() < canaryShare;
    const arm = isCanary ? canary : baseline;
    arm.requests += 1;
    if (random() < (isCanary ? canaryRatio : baselineRatio)) arm.failures += 1;
  }
  return { canary, baseline };
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mulberry32: small, fast, the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
