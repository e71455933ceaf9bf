import type { Judge } from '../../src/analysis/judge.ts';
import type { JudgeSettings } from '../../src/model/verdict.ts';
import { usualJudge } from '../fixtures/judge-settings.ts';
import { seededRandom } from './seeded-random.ts';

export const settings: JudgeSettings = { ...usualJudge, requestTimeoutMs: 2000 };

export type Traffic = {
  /** Arrivals per second of both arms together. */
  perSecond: number;
  canaryShare: number;
  baselineRatio: number;
  canaryRatio: number;
  /** Failures of the canary that show only at the full age. */
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

/** Feeds a second to both ages at once. */
export function feedSecond(judge: Judge, second: number, { baseline, canary, late }: Drawn): void {
  const window = { fromMs: second * 1000, toMs: second * 1000 + 1000 };
  judge.addBatch({ ...window, age: 'fast', baseline, canary });
  judge.addBatch({ ...window, age: 'full', baseline, canary: { ...canary, failures: canary.failures + late } });
}

/** Seconds from `from` until the error rate is decided as `outcome`, or null within `limit` seconds. */
export function secondsUntil(
  judge: Judge,
  about: { draw(traffic: Traffic): Drawn; traffic: Traffic; from: number; limit: number; outcome: 'pass' | 'fail' },
): number | null {
  for (let second = about.from; second < about.from + about.limit; second++) {
    feedSecond(judge, second, about.draw(about.traffic));
    if (judge.assess(second * 1000 + 1000)[0]?.outcome === about.outcome) return second + 1 - about.from;
  }
  return null;
}
