import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assessLatencies,
  beginLatencyBake,
  emptyLatencyEvidence,
  type LatencyEvidence,
  latencyEvidenceSchema,
  type PendingLatencies,
  takeLatencies,
} from '../../src/analysis/latency-evidence.ts';
import { mostRestarts } from '../../src/analysis/latency-restarts.ts';
import { logLatencyEdgesMs } from '../../src/model/traffic.ts';
import { drawLatencyMs, evenLatenciesMs, readingOf } from './latency-fixture.ts';
import { seededRandom } from './seeded-random.ts';

const test = { quantile: 0.99, ratio: 1.2 };
const lnHarmLimit = Math.log(100);
const lnSafeLimit = Math.log(20);

type Traffic = {
  seconds: number;
  canaryShare: number;
  /** How much slower than 50 ms (median) each arm is at a second. */
  factor: (arm: 'canary' | 'baseline', second: number) => number;
  /** Seconds at which the weight changes, with the new share. */
  changes?: Readonly<Record<number, number>>;
};

/** 100 requests a second; stops at the first second at which `until` holds. */
function deploy(
  random: () => number,
  traffic: Traffic,
  until: (state: LatencyEvidence) => boolean,
): { stoppedAt: number | null; state: LatencyEvidence } {
  let state = emptyLatencyEvidence;
  let share = traffic.canaryShare;
  for (let second = 0; second < traffic.seconds; second++) {
    const change = traffic.changes?.[second];
    share = change ?? share;
    const arms: Record<'canary' | 'baseline', number[]> = { canary: [], baseline: [] };
    for (let request = 0; request < 100; request++) {
      const arm = random() < share ? 'canary' : 'baseline';
      arms[arm].push(drawLatencyMs(random) * traffic.factor(arm, second));
    }
    const fromMs = second * 1000;
    const readings = { canary: readingOf(arms.canary), baseline: readingOf(arms.baseline) };
    state = takeLatencies(
      state,
      { fromMs, toMs: fromMs + 1000, weightChanged: change !== undefined, ...readings },
      test,
    );
    if (until(state)) return { stoppedAt: second + 1, state };
  }
  return { stoppedAt: null, state };
}

const provesHarm = (state: LatencyEvidence): boolean => assessLatencies(state, [], test).lnHarm >= lnHarmLimit;
const provesSafety = (state: LatencyEvidence): boolean => assessLatencies(state, [], test).lnSafe >= lnSafeLimit;

function rateOf(runs: number, seed: number, traffic: Traffic, until: (state: LatencyEvidence) => boolean): number {
  const random = seededRandom(seed);
  let stopped = 0;
  for (let run = 0; run < runs; run++) if (deploy(random, traffic, until).stoppedAt !== null) stopped += 1;
  return stopped / runs;
}

describe('harm', () => {
  it('is hardly ever proven of identical versions', () => {
    expect(rateOf(60, 1, { seconds: 50, canaryShare: 0.25, factor: () => 1 }, provesHarm)).toBe(0);
  });

  it('is hardly ever proven at the limit itself', () => {
    const atLimit = { seconds: 50, canaryShare: 0.25, factor: (arm: string) => (arm === 'canary' ? 1.2 : 1) };
    expect(rateOf(100, 2, atLimit, provesHarm)).toBeLessThanOrEqual(0.01);
  });

  it('is not proven by a shift that both arms share when the weight changes', () => {
    const shifted = {
      seconds: 90,
      canaryShare: 0.05,
      changes: { 45: 0.5 },
      factor: (_: string, second: number) => (second < 45 ? 1 : 3),
    };
    expect(rateOf(60, 3, shifted, provesHarm)).toBe(0);
  });

  it('is proven of twice the latency within about a minute, at any weight', () => {
    const random = seededRandom(4);
    for (const canaryShare of [0.05, 0.25, 0.5]) {
      const doubled = { seconds: 200, canaryShare, factor: (arm: string) => (arm === 'canary' ? 2 : 1) };
      const times = Array.from({ length: 12 }, () => deploy(random, doubled, provesHarm).stoppedAt ?? 1e9);
      expect(times.reduce((sum, time) => sum + time, 0) / 12).toBeLessThan(45);
    }
  });

  it('is found late: after ten healthy minutes, in a state that stays small', () => {
    const late = {
      seconds: 720,
      canaryShare: 0.05,
      factor: (arm: string, second: number) => (arm === 'canary' && second >= 600 ? 3 : 1),
    };
    const { stoppedAt, state } = deploy(seededRandom(5), late, (known) => known.periods >= 60 && provesHarm(known));
    expect(stoppedAt).not.toBeNull();
    expect(stoppedAt).toBeLessThan(660);
    expect(state.running.length).toBeLessThanOrEqual(mostRestarts);
    expect(JSON.stringify(state).length).toBeLessThan(20_000);
  });

  it('is found in a later step although the first one was healthy, and evidence of steps multiplies', () => {
    const slower = { seconds: 300, canaryShare: 0.05, changes: { 60: 0.25 } };
    const later = { ...slower, factor: (arm: string, second: number) => (arm === 'canary' && second >= 60 ? 2 : 1) };
    expect(deploy(seededRandom(6), later, provesHarm).stoppedAt).toBeLessThan(120);
    const both = { ...slower, seconds: 76, changes: { 16: 0.25 }, factor: (arm: string) => (arm === 'canary' ? 2 : 1) };
    const { state } = deploy(seededRandom(7), { ...both, seconds: 16 }, () => false);
    const frozen = assessLatencies(state, [], test).lnHarm;
    expect(frozen).toBeGreaterThan(1);
    // A new step without requests changes nothing: what was earned is the stake of the next bet.
    const window = {
      fromMs: 16_000,
      toMs: 17_000,
      weightChanged: true,
      canary: readingOf([]),
      baseline: readingOf([]),
    };
    expect(assessLatencies(takeLatencies(state, window, test), [], test).lnHarm).toBeCloseTo(frozen, 9);
  });

  it('never needs more than the reserve to begin again', () => {
    const { state } = deploy(seededRandom(8), { seconds: 400, canaryShare: 0.5, factor: () => 1 }, () => false);
    expect(assessLatencies(state, [], test).lnHarm).toBeGreaterThanOrEqual(Math.log(state.reserve));
    expect(state.reserve).toBeGreaterThan(0.2);
  });
});

describe('safety', () => {
  it('is proven of identical versions, and hardly ever at the limit', () => {
    const same = { seconds: 400, canaryShare: 0.25, factor: () => 1 };
    const random = seededRandom(9);
    const times = Array.from({ length: 6 }, () => deploy(random, same, provesSafety).stoppedAt ?? 1e9);
    expect(times.reduce((sum, time) => sum + time, 0) / 6).toBeLessThan(197);
    const atLimit = { seconds: 90, canaryShare: 0.25, factor: (arm: string) => (arm === 'canary' ? 1.2 : 1) };
    expect(rateOf(60, 10, atLimit, provesSafety)).toBeLessThanOrEqual(0.05);
  });

  it('begins anew with every bake', () => {
    const good = { seconds: 200, canaryShare: 0.5, factor: (arm: string) => (arm === 'canary' ? 0.7 : 1) };
    const { state } = deploy(seededRandom(11), good, provesSafety);
    expect(provesSafety(state)).toBe(true);
    const begun = beginLatencyBake(state);
    expect(assessLatencies(begun, [], test)).toMatchObject({ lnSafe: 0, canaryRequests: 0, baselineMs: null });
    const window = {
      fromMs: 300_000,
      toMs: 301_000,
      weightChanged: false,
      canary: readingOf([50]),
      baseline: readingOf([50, 60]),
    };
    const next = assessLatencies(takeLatencies(begun, window, test), [], test);
    expect(next.lnSafe).toBeLessThan(0.1);
    expect(next).toMatchObject({ canaryRequests: 1, baselineRequests: 2 });
  });

  it('is withdrawn by what is already known of pending windows', () => {
    const good = { seconds: 200, canaryShare: 0.5, factor: (arm: string) => (arm === 'canary' ? 0.7 : 1) };
    const { state } = deploy(seededRandom(12), good, provesSafety);
    const hanging = {
      fromMs: 200_000,
      ageMs: 20_000,
      canary: readingOf([], logLatencyEdgesMs, 50),
      baseline: readingOf([50]),
    };
    const { lnSafe, lnHarm } = assessLatencies(state, [hanging], test);
    expect(lnSafe).toBeLessThan(0);
    expect(lnHarm).toBeGreaterThan(assessLatencies(state, [], test).lnHarm);
  });
});

describe('pending windows', () => {
  const latency = fc.double({ min: 1, max: 5000, noNaN: true });
  const requests = fc.array(latency, { maxLength: 25 });
  const windows = fc.array(fc.record({ canary: requests, baseline: requests }), { minLength: 1, maxLength: 12 });

  it('never show more evidence of harm than they do when they have settled', () => {
    fc.assert(
      fc.property(windows, fc.nat(12), fc.constantFrom(700, 4000, 9000), (all, settled, everyMs) => {
        const nowMs = all.length * everyMs;
        const taken = (from: LatencyEvidence, one: (typeof all)[number], index: number): LatencyEvidence =>
          takeLatencies(
            from,
            {
              fromMs: index * everyMs,
              toMs: (index + 1) * everyMs,
              weightChanged: index === 7,
              canary: readingOf(one.canary),
              baseline: readingOf(one.baseline),
            },
            test,
          );
        const known = all.slice(0, settled).reduce(taken, emptyLatencyEvidence);
        const pending = all.slice(settled).map((one, offset): PendingLatencies => {
          const fromMs = (settled + offset) * everyMs;
          const ageMs = nowMs - fromMs - everyMs;
          const ended = (some: number[]): number[] => some.filter((ms) => ms <= ageMs);
          const arm = (some: number[]) => readingOf(ended(some), logLatencyEdgesMs, some.length - ended(some).length);
          const weightChanged = settled + offset === 7;
          return { fromMs, weightChanged, ageMs, canary: arm(one.canary), baseline: arm(one.baseline) };
        });
        const final = all.slice(settled).reduce((state, one, offset) => taken(state, one, settled + offset), known);
        const peeked = assessLatencies(known, pending, test).lnHarm;
        expect(peeked).toBeLessThanOrEqual(assessLatencies(final, [], test).lnHarm + 1e-9);
        expect(assessLatencies(beginLatencyBake(known, { pending, test }), [], test).lnHarm).toBeCloseTo(peeked, 9);
      }),
      { seed: 13, numRuns: 150 },
    );
  });

  it('prove a canary that hangs before any of it has ended', () => {
    const { state } = deploy(seededRandom(14), { seconds: 30, canaryShare: 0.05, factor: () => 1 }, () => false);
    const hanging = (second: number): PendingLatencies => ({
      fromMs: (30 + second) * 1000,
      ageMs: (8 - second) * 1000,
      canary: readingOf([], logLatencyEdgesMs, 5),
      baseline: readingOf(evenLatenciesMs(95, 50)),
    });
    const pending = Array.from({ length: 8 }, (_, second) => hanging(second));
    const { lnHarm, canaryMs } = assessLatencies(state, pending, test);
    expect(lnHarm).toBeGreaterThan(lnHarmLimit);
    expect(canaryMs).toBeGreaterThan(1000);
  });
});

describe('state', () => {
  it('survives JSON, and is not changed by what is asked of it', () => {
    const { state } = deploy(seededRandom(15), { seconds: 130, canaryShare: 0.25, factor: () => 1 }, () => false);
    const text = JSON.stringify(state);
    const read = latencyEvidenceSchema.parse(JSON.parse(text));
    expect(read).toEqual(state);
    assessLatencies(read, [], test);
    expect(JSON.stringify(read)).toBe(text);
    const window = {
      fromMs: 130_000,
      toMs: 131_000,
      weightChanged: false,
      canary: readingOf([70]),
      baseline: readingOf([60, 50]),
    };
    expect(takeLatencies(read, window, test)).toEqual(takeLatencies(state, window, test));
  });

  it('takes time-outs as slower than everything and compares arms at the edges both have', () => {
    const timedOut = { edgesMs: [100, 200, 500], counts: [[0, 3] as const], open: 2 };
    const other = { edgesMs: [100, 500, 1000], counts: [[1, 4] as const, [2, 1] as const], open: 0 };
    const state = takeLatencies(
      emptyLatencyEvidence,
      { fromMs: 0, toMs: 1000, weightChanged: false, canary: timedOut, baseline: other },
      test,
    );
    expect(state.edges).toEqual([100, 500]);
    expect(state.running[0]).toMatchObject({
      canary: [
        [0, 3],
        [2, 2],
      ],
      baseline: [
        [1, 4],
        [2, 1],
      ],
    });
  });

  it('is ln 1 before anything is known', () => {
    expect(assessLatencies(emptyLatencyEvidence, [], test)).toEqual({
      lnHarm: 0,
      lnSafe: 0,
      canaryRequests: 0,
      baselineRequests: 0,
      canaryMs: null,
      baselineMs: null,
      minProvableRatio: null,
      tooCoarse: null,
    });
  });
});
