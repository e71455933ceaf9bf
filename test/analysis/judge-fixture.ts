import type { Judge } from '../../src/analysis/judge.ts';
import type { JudgedWindow, WindowCounts } from '../../src/model/judged-window.ts';
import type { ArmCounts, JudgeSettings } from '../../src/model/verdict.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { seededRandom } from './seeded-random.ts';

export const settings: JudgeSettings = { ...usualJudge, requestTimeoutMs: 2000 };

export type Traffic = {
  /** Arrivals per second of both arms together. */
  perSecond: number;
  canaryShare: number;
  baselineRatio: number;
  canaryRatio: number;
  /** Failures of the canary that are open at first and end as time-outs. */
  canaryLateRatio?: number;
};

export type Drawn = {
  baseline: { requests: number; failures: number };
  canary: { requests: number; failures: number };
  late: number;
};

/** Draws one-second windows, the same for the same seed. */
export function createTraffic(seed: number): (traffic: Traffic) => Drawn {
  const random = seededRandom(seed);
  return (traffic) => {
    const drawn: Drawn = { baseline: { requests: 0, failures: 0 }, canary: { requests: 0, failures: 0 }, late: 0 };
    for (let request = 0; request < traffic.perSecond; request++) {
      const isCanary = random() < traffic.canaryShare;
      const arm = isCanary ? drawn.canary : drawn.baseline;
      arm.requests += 1;
      if (random() < (isCanary ? traffic.canaryRatio : traffic.baselineRatio)) arm.failures += 1;
      else if (isCanary && random() < (traffic.canaryLateRatio ?? 0)) drawn.late += 1;
    }
    return drawn;
  };
}

/** A window of one second in which nothing is open any more. */
export function settledSecond(
  second: number,
  drawn: Pick<Drawn, 'baseline' | 'canary'>,
  concurrent = true,
): JudgedWindow {
  const counts = (arm: ArmCounts): WindowCounts => ({ ...arm, open: 0, failedUnits: arm.failures, newUnits: null });
  return {
    fromMs: second * 1000,
    toMs: second * 1000 + 1000,
    settled: true,
    concurrent,
    canary: counts(drawn.canary),
    baseline: counts(drawn.baseline),
    latency: null,
  };
}

/** Feeds a second as a source tells it: the canary's late failures are open at first. */
export function feedSecond(judge: Judge, second: number, { baseline, canary, late }: Drawn, concurrent = true): void {
  const seen = settledSecond(second, { baseline, canary }, concurrent);
  if (late > 0) judge.observe({ ...seen, settled: false, canary: { ...seen.canary, open: late } });
  const failures = canary.failures + late;
  judge.observe({ ...seen, canary: { ...seen.canary, failures, failedUnits: failures } });
}

/** Seconds from `from` until the error rate is decided as `outcome`, or null within `limit` seconds. */
export function secondsUntil(
  judge: Judge,
  about: { draw(traffic: Traffic): Drawn; traffic: Traffic; from: number; limit: number; outcome: 'pass' | 'fail' },
): number | null {
  for (let second = about.from; second < about.from + about.limit; second++) {
    feedSecond(judge, second, about.draw(about.traffic), about.traffic.canaryShare < 1);
    if (judge.assess(second * 1000 + 1000)[0]?.outcome === about.outcome) return second + 1 - about.from;
  }
  return null;
}
